/** What the view knows of a turn beside what was said: how it was asked, and what could not go with it. */
import type { Turn } from "../../core/conversation";
import type { NotesMode } from "../../settings/settings";
import type { Selected } from "./about";

/** Why a note or a selection did not go with a question. */
export interface KeptOut {
  readonly path: string;
  readonly because: "excluded" | "local" | "marked" | "unread";
  /** The server's own sentence, in English. */
  readonly explanation: string | null;
}

export interface TurnFacts {
  readonly note: string | null;
  readonly selection: Selected | null;
  /** `null`: the server's own choice. */
  readonly model: string | null;
  readonly notes: NotesMode;
  /** The rules of the prompt that went along. */
  readonly system: string | null;
  readonly temperature: number | null;
  /** Whether the model that is asked gets notes at all. */
  readonly searched: boolean;
  readonly keptOut: readonly KeptOut[];
  /** Whether the answer consists of quotations, as there is no model. */
  readonly quotes: boolean;
  /** Whether it comes in one piece. */
  readonly whole: boolean;
}

/** A question with its answer, and how it was asked. */
export interface AskedTurn extends TurnFacts {
  readonly turn: Turn;
}

export function isRunning(turn: Turn): boolean {
  return turn.state === "waiting" || turn.state === "streaming";
}
