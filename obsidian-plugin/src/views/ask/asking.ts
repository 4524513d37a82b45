/**
 * The conversation that is going on: it lives as long as the plugin, whether the view is open or not, and is written nowhere
 * unless somebody saves it. One answer comes at a time.
 */
import { Conversation, type Turn } from "../../core/conversation";
import type { Quoted } from "../../core/quoted";
import type { ModelEntry } from "../../core/protocol/models";
import type { Context } from "../../context";
import { About } from "./about";
import { Answering } from "./answering";
import { vaultNames } from "./served_vaults";
import { onlyQuotes, withNotes, type Choice } from "./model_picker";
import type { AskedTurn, TurnFacts } from "./turn_facts";

/** Where the conversation was saved, and what stood there then. */
export interface Saved {
  readonly path: string;
  readonly text: string;
  /** In ms since 1970. */
  readonly created: number;
  readonly turns: readonly Turn[];
}

export class Asking {
  readonly about = new About(() => this.tell());
  models: readonly ModelEntry[] = [];
  saved: Saved | null = null;
  /** What stands in the box, also while the view is closed. */
  draft = "";
  /** The turn whose question is being edited. */
  editing: number | null = null;
  private conversation = Conversation.begin(Math.random);
  private readonly facts = new Map<number, TurnFacts>();
  private readonly listeners = new Set<() => void>();
  private readonly answering: Answering;

  constructor(private readonly context: Context) {
    this.answering = new Answering(context, {
      now: () => this.conversation,
      become: (conversation) => this.become(conversation),
      gathered: (turn, facts) => {
        this.facts.set(turn, facts);
        this.tell();
      },
    });
  }

  listen(changed: () => void): () => void {
    this.listeners.add(changed);
    return () => this.listeners.delete(changed);
  }

  get turns(): AskedTurn[] {
    return this.conversation.turns.map((turn) => ({ turn, ...this.factsOf(turn) }));
  }

  get isRunning(): boolean {
    return this.conversation.pending;
  }

  get isEmpty(): boolean {
    return this.conversation.isEmpty;
  }

  /** What was said, as a value. */
  get said(): Conversation {
    return this.conversation;
  }

  get questions(): string[] {
    return this.conversation.turns.map((turn) => turn.question);
  }

  ask(question: string): void {
    const edited = this.editing;
    const how = this.howNow();
    this.editing = null;
    this.stop();
    this.begin(edited === null ? this.conversation.ask(question, quotedOf(how)) : this.conversation.edit(edited, question, quotedOf(how)), how);
  }

  /** Have another answer to a question; what was said after it is dropped. With the note and selection that it had. */
  regenerate(id: number): void {
    const turn = this.conversation.turns.find((each) => each.id === id);
    if (turn === undefined) return;
    const { note, selection } = this.factsOf(turn);
    this.stop();
    this.begin(this.conversation.edit(id, turn.question), { ...this.howNow(), note, selection });
  }

  stop(): void {
    this.answering.stop();
    this.become(this.conversation.stop());
  }

  edit(id: number | null): void {
    this.editing = id;
    this.tell();
  }

  clear(): void {
    this.stop();
    this.conversation = Conversation.begin(Math.random);
    this.facts.clear();
    this.saved = null;
    this.editing = null;
    this.about.clear();
  }

  /** Ask the server which models it has. What it had stays known where it does not say. */
  async look(): Promise<void> {
    try {
      this.models = await this.context.connection.client().models();
      this.tell();
    } catch {
      // The connection tells what is wrong, in the status bar and above the conversation.
    }
  }

  keepSaved(saved: Saved): void {
    this.saved = saved;
    this.tell();
  }

  renamed(from: string, to: string): void {
    if (this.saved?.path === from) this.saved = { ...this.saved, path: to };
    this.about.renamed(from, to);
  }

  tell(): void {
    for (const listener of [...this.listeners]) listener();
  }

  /** Which model is asked, and when with notes: as a prompt wants it that goes with the question, else as the settings say. */
  get choice(): Choice {
    const { model, notes } = this.context.settings().ask;
    const { prompt } = this.about;
    return prompt ?? { model, notes };
  }

  /** What is chosen while a prompt goes along is for that prompt, and nothing that the settings keep. */
  choose(chosen: Partial<Choice>): void {
    const { prompt } = this.about;
    if (prompt === null) void this.context.saveSettings({ ask: chosen });
    else this.about.addPrompt({ ...prompt, ...chosen });
  }

  /** As a question would be asked now. */
  private howNow(): TurnFacts {
    const { model, notes } = this.choice;
    const { system = null, temperature = null } = this.about.prompt ?? {};
    const searched = notes !== "never" && (model === null || withNotes(model, vaultNames(this.context.connection)));
    return { note: this.about.note?.path ?? null, selection: this.about.selection, model, notes, system, temperature, searched, keptOut: [], quotes: onlyQuotes(this.models, model), whole: false };
  }

  private factsOf(turn: Turn): TurnFacts {
    return this.facts.get(turn.id) ?? this.howNow();
  }

  private begin(conversation: Conversation, how: TurnFacts): void {
    const turn = conversation.last;
    if (turn === null) return;
    this.facts.set(turn.id, how);
    this.become(conversation);
    this.answering.begin(how);
  }

  private become(conversation: Conversation): void {
    if (conversation === this.conversation) return;
    this.conversation = conversation;
    this.tell();
  }
}

/** What a question is about, as the conversation keeps it. The text of a whole note is not kept: it may be another by then. */
function quotedOf({ note, selection }: TurnFacts): Quoted[] {
  const quoted: Quoted[] = note === null ? [] : [{ kind: "note", path: note, text: "" }];
  return selection === null ? quoted : [...quoted, { kind: "selection", ...selection }];
}
