/** A draft with its panel, from the command to the note: shows it, follows the note, and does what the user chooses. */
import { Notice, type Editor, type TFile } from "obsidian";
import type { Context } from "../context";
import { Draft, type Ask, type Assignment } from "../core/text_commands/draft";
import { withInstruction } from "../core/text_commands/instruction_history";
import { copyText } from "../views/clipboard";
import { DraftPanel, type Action, type Shown } from "./draft_panel";
import { DraftPlace } from "./draft_place";
import { InstructionModal } from "./instruction_modal";
import { history, keepHistory } from "./kept_instructions";
import { NewNoteModal } from "./new_note_modal";
import { writeDraft } from "./note_writing";

// Often enough to read along, and seldom enough to leave the editor its time.
const REDRAW_MS = 60;

export interface Beginning {
  readonly file: TFile;
  /** The editor in which the command was run. */
  readonly editor: Editor;
  readonly assignment: Assignment;
  readonly title: string;
  readonly ask: Ask;
  readonly closed: () => void;
}

export class OpenDraft {
  readonly draft: Draft;
  readonly #panel: DraftPanel;
  readonly #place: DraftPlace;
  #cancelDrawing: (() => void) | null = null;
  #changed = false;
  #closed = false;

  constructor(
    private readonly context: Context,
    private readonly begun: Beginning,
  ) {
    this.draft = new Draft(begun.assignment, { ask: begun.ask, changed: () => this.#redraw() });
    this.#panel = new DraftPanel(context.texts, { title: begun.title, below: begun.assignment.passage.scope !== "cursor" }, (action) => void this.do(action));
    this.#place = new DraftPlace(context.app, begun.file, this.#panel.element, begun.editor);
  }

  async start(): Promise<void> {
    this.settle();
    this.#draw();
    this.#panel.focus();
    await this.#run(this.draft.run());
  }

  focus(): void {
    this.#panel.focus();
  }

  /** Whether something can be done with it now. */
  can(action: Action): boolean {
    return this.#actions(this.draft.place() !== null).includes(action);
  }

  /** Show the panel where the note is now: panes were opened, closed, or show other notes. */
  settle(): void {
    if (this.#closed) return;
    const { editor } = this.#place;
    if (editor !== null) this.draft.follow(editor.getValue());
    this.#place.settle(() => this.draft.near());
    this.#redraw();
  }

  /** The note was edited. */
  follow(note: string): void {
    this.draft.follow(note);
    this.#redraw();
  }

  async do(action: Action): Promise<void> {
    if (action === "stop") return this.#stopOrLeave();
    if (action === "replace" || action === "after") return this.#write(action);
    if (action === "again") return this.#run(this.draft.run());
    if (action === "change") return this.#askForChange();
    if (action === "copy") return void (await copyText(this.#panel.element, this.draft.answer, this.context.texts));
    if (action === "note") return this.#makeNote();
    if (action === "open") return this.context.app.workspace.getLeaf(true).openFile(this.begun.file);
    this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.draft.stop();
    this.#cancelDrawing?.();
    this.#place.remove();
    this.begun.closed();
  }

  /** Escape while it is written stops it; afterwards it goes back to the note, and nothing is lost. */
  #stopOrLeave(): void {
    if (this.draft.running) this.draft.stop();
    else this.#place.editor?.focus();
  }

  async #run(run: Promise<void>): Promise<void> {
    this.#changed = false;
    await run;
    const { outcome } = this.begun.assignment;
    const sure = this.draft.phase === "done" && !this.draft.cut && this.draft.answer !== "";
    if (!this.#closed && sure && !this.context.settings().text.confirm && (outcome === "replace" || outcome === "after")) await this.#write(outcome);
  }

  async #write(outcome: "replace" | "after"): Promise<void> {
    if (this.draft.running || this.draft.answer === "" || this.#closed) return;
    const { file } = this.begun;
    const { editor } = this.#place;
    const written = await writeDraft(this.context.app, { file, editor }, this.draft, outcome).catch(() => "gone" as const);
    if (written === "written") {
      this.close();
      new Notice(this.context.texts(editor !== null ? "text.written" : "text.written_file", { note: file.basename }));
      return;
    }
    this.#changed = written === "changed";
    if (written === "gone") new Notice(this.context.texts("text.gone", { note: this.begun.file.basename }));
    this.#draw();
  }

  #askForChange(): void {
    const { app, texts } = this.context;
    new InstructionModal(app, texts, {
      title: texts("text.change.title"),
      history: history(app),
      given: (instruction) => {
        keepHistory(app, withInstruction(history(app), instruction));
        void this.#run(this.draft.change(instruction));
        this.#panel.focus();
      },
    }).open();
  }

  #makeNote(): void {
    const { app, texts } = this.context;
    new NewNoteModal(app, texts, { beside: this.begun.file, text: this.draft.answer, made: () => this.close() }).open();
  }

  #redraw(): void {
    if (this.#closed || this.#cancelDrawing !== null) return;
    this.#cancelDrawing = this.context.clock.after(REDRAW_MS, () => this.#draw());
  }

  #draw(): void {
    this.#cancelDrawing?.();
    this.#cancelDrawing = null;
    this.#panel.show(this.#shown());
    this.#place.resized();
  }

  #shown(): Shown {
    const { phase, running, answer, problem } = this.draft;
    const { passage, comparable: meant } = this.begun.assignment;
    const replaces = this.draft.place() !== null;
    const comparable = meant && !running && answer !== "";
    return { phase, running, answer, original: passage.text, actions: this.#actions(replaces), remarks: this.#remarks(replaces), problem, comparable };
  }

  #actions(replaces: boolean): Action[] {
    const { outcome, passage } = this.begun.assignment;
    if (this.draft.running) return ["stop"];
    const away: Action[] = this.#place.editor !== null ? [] : ["open"];
    if (this.draft.answer === "") return ["again", ...away, "discard"];
    const replace: Action[] = replaces && passage.scope !== "cursor" ? ["replace"] : [];
    const own: Action[] = outcome === "note" ? ["note", "after"] : outcome === "replace" ? [...replace, "after"] : ["after", ...replace];
    return [...own, ...away, "change", "again", "copy", "discard"];
  }

  #remarks(replaces: boolean): string[] {
    const { texts } = this.context;
    const remarks: string[] = [];
    if (this.draft.cut) remarks.push(texts("text.cut"));
    if (!replaces || this.#changed) remarks.push(texts("text.changed"));
    if (this.#place.editor === null) remarks.push(texts("text.away", { note: this.begun.file.basename }));
    if (this.draft.phase === "done" && this.draft.answer === "") remarks.push(texts("text.empty"));
    return remarks;
  }
}
