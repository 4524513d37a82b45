/** A conversation as a value: each change gives a new one. Knows neither the server nor where it is shown. */
import type { ChatMessage, Citation, LeftOut } from "./protocol/chat";
import { newMark, quote, type Quoted } from "./quoted";

export type TurnState = "waiting" | "streaming" | "done" | "stopped" | "failed";

/** A question and its answer so far. */
export interface Turn {
  readonly id: number;
  readonly question: string;
  readonly quoted: readonly Quoted[];
  readonly state: TurnState;
  readonly text: string;
  readonly reasoning: string;
  /** null until they are known. */
  readonly sources: readonly Citation[] | null;
  readonly leftOut: LeftOut | null;
  /** Why the answer ended, in the server's word; null while it has not. */
  readonly reason: string | null;
  readonly model: string | null;
  /** What went wrong, as it was thrown; null unless it failed. */
  readonly problem: unknown;
}

/** How much may be sent. `system` is the system prompt, if there is one. */
export interface MessageOptions {
  /** Characters of all messages together. The last question is sent in any case. */
  readonly budget?: number;
  readonly system?: string;
}

const BUDGET = 24_000;
/** What is quoted with the last question gets at least this much, and earlier turns go first. */
const LEAST_QUOTED = 2_000;
const AROUND_QUOTED = 500;

export class Conversation {
  private constructor(
    readonly turns: readonly Turn[],
    /** The word around what is quoted. */
    readonly mark: string,
    private readonly nextId: number,
  ) {}

  /** Begin a conversation. `random` as `Math.random`. */
  static begin(random: () => number): Conversation {
    return new Conversation([], newMark(random), 1);
  }

  get last(): Turn | null {
    return this.turns.at(-1) ?? null;
  }

  /** Whether an answer is awaited or streams. */
  get pending(): boolean {
    return this.last !== null && isPending(this.last);
  }

  get isEmpty(): boolean {
    return this.turns.length === 0;
  }

  /** Ask something. An answer that was still streaming is stopped. */
  ask(question: string, quoted: readonly Quoted[] = []): Conversation {
    const before = this.stop();
    return new Conversation([...before.turns, asked(this.nextId, question, quoted)], this.mark, this.nextId + 1);
  }

  /** Add text to the answer that is awaited. After it has been stopped, nothing comes in any more. */
  stream(text: string): Conversation {
    return this.changed((turn) => ({ ...turn, state: "streaming", text: turn.text + text }));
  }

  think(reasoning: string): Conversation {
    return this.changed((turn) => ({ ...turn, state: "streaming", reasoning: turn.reasoning + reasoning }));
  }

  cite(sources: readonly Citation[], leftOut: LeftOut | null = null): Conversation {
    return this.changed((turn) => ({ ...turn, sources, leftOut }));
  }

  finish(reason: string, model: string | null = null): Conversation {
    return this.changed((turn) => ({ ...turn, state: "done", reason, model }));
  }

  fail(problem: unknown): Conversation {
    return this.changed((turn) => ({ ...turn, state: "failed", problem }));
  }

  stop(): Conversation {
    return this.changed((turn) => ({ ...turn, state: "stopped" }));
  }

  /** Ask the last question once more; its answer is dropped. */
  regenerate(): Conversation {
    const last = this.last;
    if (last === null) return this;
    return new Conversation([...this.turns.slice(0, -1), asked(this.nextId, last.question, last.quoted)], this.mark, this.nextId + 1);
  }

  /** Ask a question of the conversation in other words; what followed it is dropped. */
  edit(id: number, question: string, quoted?: readonly Quoted[]): Conversation {
    const at = this.turns.findIndex((turn) => turn.id === id);
    const turn = this.turns[at];
    if (turn === undefined) return this;
    return new Conversation([...this.turns.slice(0, at), asked(this.nextId, question, quoted ?? turn.quoted)], this.mark, this.nextId + 1);
  }

  /** The messages for the last question: the newest turns that there is room for, in their order. */
  messages({ budget = BUDGET, system = "" }: MessageOptions = {}): ChatMessage[] {
    const last = this.last;
    if (last === null) return [];
    const room = budget - system.length - last.question.length;
    const question = userMessage(last, this.mark, Math.max(room, LEAST_QUOTED));
    const before = this.before(budget - system.length - question.content.length);
    return [...(system === "" ? [] : [{ role: "system", content: system } as const]), ...before, question];
  }

  private before(room: number): ChatMessage[] {
    const kept: ChatMessage[] = [];
    const later = new Set((this.last?.quoted ?? []).map(keyOf));
    for (const turn of this.turns.slice(0, -1).reverse()) {
      if (turn.text.trim() === "") continue;
      const own = room - turn.text.length - turn.question.length;
      if (own < 0) break;
      // What is quoted again later, and what there is no room for, need not stand here.
      const quoted = turn.quoted.filter((each) => !later.has(keyOf(each)) && each.text.length + AROUND_QUOTED <= own);
      quoted.forEach((each) => later.add(keyOf(each)));
      const message = userMessage({ ...turn, quoted }, this.mark, own);
      room -= message.content.length + turn.text.length;
      if (room < 0) break;
      kept.unshift(message, { role: "assistant", content: turn.text });
    }
    return kept;
  }

  private changed(change: (turn: Turn) => Turn): Conversation {
    const last = this.last;
    if (last === null || !isPending(last)) return this;
    return new Conversation([...this.turns.slice(0, -1), change(last)], this.mark, this.nextId);
  }
}

function asked(id: number, question: string, quoted: readonly Quoted[]): Turn {
  return { id, question, quoted, state: "waiting", text: "", reasoning: "", sources: null, leftOut: null, reason: null, model: null, problem: null };
}

function isPending(turn: Turn): boolean {
  return turn.state === "waiting" || turn.state === "streaming";
}

/** The question stands first: it is what the notes are searched for. */
function userMessage(turn: Turn, mark: string, room: number): ChatMessage {
  const each = Math.floor(room / Math.max(1, turn.quoted.length)) - AROUND_QUOTED;
  const quoted = turn.quoted.map((one) => quote(one, mark, Math.max(0, each)));
  return { role: "user", content: [turn.question, ...quoted].join("\n\n") };
}

function keyOf(quoted: Quoted): string {
  return JSON.stringify([quoted.kind, quoted.path, quoted.text]);
}
