/** All drafts that are open, at most one for a note: begins them, and keeps them beside their notes as panes change. */
import { Notice, type Editor, type TFile } from "obsidian";
import type { Context } from "../context";
import { asProblem, Problem } from "../core/problem";
import type { Ask, Assignment } from "../core/text_commands/draft";
import { passageAt } from "../core/text_commands/passage";
import { materialText, taskMessages, type Change, type Message } from "../core/text_commands/task_messages";
import type { TextTask } from "../core/text_commands/text_task";
import { writerAmong } from "../core/text_commands/writing_model";
import type { NotesMode } from "../settings/settings";
import { problemLines, type Action } from "./draft_panel";
import { KeptNotes } from "./kept_note";
import { NoWriterModal } from "./no_writer_modal";
import { OpenDraft } from "./open_draft";

/** Where a command was run. */
export interface Where {
  readonly editor: Editor;
  readonly file: TFile | null;
}

/** How the model is asked, where it is not as the settings say. */
export interface Asking {
  readonly notes?: NotesMode;
  readonly temperature?: number;
  readonly model?: string;
}

export class Drafts {
  readonly #open = new Map<TFile, OpenDraft>();
  readonly kept: KeptNotes;

  constructor(private readonly context: Context) {
    this.kept = new KeptNotes(context);
  }

  /** Do the task with what is selected, or with what it takes otherwise. `name` tells the task to the user. */
  begin(where: Where, task: TextTask, name: string): void {
    const { texts } = this.context;
    const note = where.editor.getValue();
    const passage = passageAt(note, selectionOf(where.editor), task.scope);
    if (passage === null) return void new Notice(texts("text.nothing_here"));
    const material = { note, passage, mark: `text-${mark()}`, language: languageName(texts.language) };
    const messages = (changes: readonly Change[]): Message[] => taskMessages(task, material, changes);
    const comparable = task.outcome === "replace" && task.id !== "translate";
    this.write(where, name, { note, passage, original: materialText(material), mark: material.mark, outcome: task.outcome, comparable, messages }, {});
  }

  /** Begin the draft of an assignment. */
  write({ editor, file }: Where, name: string, assignment: Assignment, asking: Asking): void {
    const { texts } = this.context;
    // The text of a card lies in the canvas' own file, which is no text to write into.
    if (file?.extension !== "md") return void new Notice(texts("text.no_note"));
    const other = this.#open.get(file);
    if (other !== undefined) return void (new Notice(texts("text.one_at_a_time")), other.focus());
    if (this.canWrite()) void this.#startWhereMaySend({ editor, file }, { title: `${name} · ${texts(`text.scope.${assignment.passage.scope}`)}`, assignment, asking });
  }

  /** Whether a model that writes is there; says so where none is. */
  canWrite(): boolean {
    const { app, texts } = this.context;
    const { state } = this.context.connection;
    if (state.kind !== "online") {
      const problem = "problem" in state && state.problem !== null ? state.problem : new Problem("offline");
      new Notice(problemLines(texts, problem).join("\n"));
      return false;
    }
    const writer = writerAmong(state.status.models, this.context.settings().ask.model);
    if (writer !== "there") new NoWriterModal(app, texts, writer).open();
    return writer === "there";
  }

  /** The draft of a note, for commands on it; without one given, the only one there is. */
  of(file: TFile | null): OpenDraft | null {
    const own = file === null ? undefined : this.#open.get(file);
    return own ?? (this.#open.size === 1 ? ([...this.#open.values()][0] ?? null) : null);
  }

  can(file: TFile | null, action: Action): boolean {
    return this.of(file)?.can(action) ?? false;
  }

  followed(file: TFile | null, editor: Editor): void {
    if (file !== null) this.#open.get(file)?.follow(editor.getValue());
  }

  settle(): void {
    for (const draft of this.#open.values()) draft.settle();
  }

  close(): void {
    for (const draft of [...this.#open.values()]) draft.close();
  }

  async #startWhereMaySend(where: Where & { file: TFile }, begun: { title: string; assignment: Assignment; asking: Asking }): Promise<void> {
    if (!(await this.kept.maySend(where.file, begun.assignment.note)) || this.#open.has(where.file)) return;
    await this.#start(where, begun);
  }

  #start({ editor, file }: Where & { file: TFile }, { asking, ...begun }: { title: string; assignment: Assignment; asking: Asking }): Promise<void> {
    const ask: Ask = (messages, signal) => {
      const { ask: chosen, text } = this.context.settings();
      const { notes = text.notes, temperature, model = chosen.model } = asking;
      const request = { messages, notes, ...(model === null ? {} : { model }), ...(temperature === undefined ? {} : { temperature }) };
      return this.context.connection.client().ask(request, signal);
    };
    const draft = new OpenDraft(this.context, { ...begun, editor, file, ask, closed: () => this.#open.delete(file) });
    this.#open.set(file, draft);
    return draft.start().catch((thrown: unknown) => void new Notice(asProblem(thrown).message));
  }
}

export function selectionOf(editor: Editor): { from: number; to: number } {
  return { from: editor.posToOffset(editor.getCursor("from")), to: editor.posToOffset(editor.getCursor("to")) };
}

/** A name that no text can know. */
function mark(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A language by its English name, as models know it best. */
export function languageName(tag: string): string {
  return new Intl.DisplayNames(["en"], { type: "language" }).of(tag) ?? tag;
}
