/** An answer on its way into a note: what was asked, what there is of it, and where it would go. The note is untouched
 * until the user takes the answer; meanwhile it may change, and the draft follows. */
import { asProblem, type Problem } from "../problem";
import type { AskEvent } from "../protocol/chat";
import { bareAnswer } from "./bare_answer";
import { harmless } from "./harmless_answer";
import type { Passage, Span } from "./passage";
import type { Change, Message } from "./task_messages";
import type { Outcome } from "./text_task";
import { followed, placeOf, type Tracked } from "./tracked_passage";
import { writtenChange, type WrittenChange } from "./written_change";

export type Phase = "waiting" | "reasoning" | "writing" | "done" | "stopped" | "failed";
export type Ask = (messages: readonly Message[], signal: AbortSignal) => AsyncIterable<AskEvent>;

/** What is to be written, and for which passage of which note. */
export interface Assignment {
  readonly note: string;
  readonly passage: Passage;
  /** What the model is given to work on. */
  readonly original: string;
  /** The name of the element in which it is given, if in one. */
  readonly mark?: string;
  readonly outcome: Outcome;
  /** Whether the answer is the passage with some words changed, so that comparing both tells something. */
  readonly comparable: boolean;
  readonly messages: (changes: readonly Change[]) => Message[];
}

export class Draft {
  phase: Phase = "waiting";
  /** What would get into the note: the answer so far without its wrapping. */
  answer = "";
  /** Whether the model stopped at its limit, so that the end may be missing. */
  cut = false;
  problem: Problem | null = null;
  #written = "";
  #changes: readonly Change[] = [];
  #tracked: Tracked;
  #stop = new AbortController();
  readonly #ask: Ask;
  readonly #changed: () => void;

  constructor(
    readonly assignment: Assignment,
    { ask, changed }: { ask: Ask; changed: () => void },
  ) {
    this.#tracked = { note: assignment.note, from: assignment.passage.from, to: assignment.passage.to };
    this.#ask = ask;
    this.#changed = changed;
  }

  get running(): boolean {
    return this.phase === "waiting" || this.phase === "reasoning" || this.phase === "writing";
  }

  /** Ask from the start, with the changes that were asked for so far. Ends when the answer has; never throws. */
  async run(): Promise<void> {
    this.#stop.abort();
    const stop = (this.#stop = new AbortController());
    Object.assign(this, { phase: "waiting", answer: "", cut: false, problem: null });
    this.#written = "";
    this.#changed();
    try {
      for await (const event of this.#ask(this.assignment.messages(this.#changes), stop.signal)) {
        if (stop.signal.aborted) break;
        this.#take(event);
      }
      if (this.#stop === stop) this.#end(stop.signal.aborted ? "stopped" : "done");
    } catch (thrown) {
      if (this.#stop === stop) this.#fail(asProblem(thrown), stop.signal.aborted);
    }
  }

  /** Stop the answer, also in the server; what there is stays. */
  stop(): void {
    if (!this.running) return;
    this.#stop.abort();
    this.#end("stopped");
  }

  /** Ask for the text again, as the user wants it changed. */
  change(instruction: string): Promise<void> {
    this.#changes = [...this.#changes, { answer: this.answer, instruction }];
    return this.run();
  }

  /** The note has changed. */
  follow(note: string): void {
    this.#tracked = followed(this.#tracked, note);
  }

  /** Where the passage is now; `null` once it is not what it was. */
  place(): Span | null {
    return placeOf(this.#tracked, this.assignment.passage.text);
  }

  /** Where the passage is, or what has become of it: there to show the draft beside, and to insert after. */
  near(): Span {
    const { from, to } = this.#tracked;
    return this.place() ?? { from, to };
  }

  /** The change by which the answer gets into the note as it was followed last; `null` rather than overwrite what is
   * not the passage any more. */
  written(outcome: "replace" | "after"): WrittenChange | null {
    const span = outcome === "replace" ? this.place() : this.near();
    return span === null ? null : writtenChange(this.#tracked.note, span, this.answer, outcome);
  }

  #take(event: AskEvent): void {
    if (event.kind === "text") {
      this.#written += event.text;
      this.phase = "writing";
      const { original, mark, note } = this.assignment;
      this.answer = harmless(bareAnswer(this.#written, original, mark), note);
    } else if (event.kind === "reasoning" && this.phase === "waiting") this.phase = "reasoning";
    else if (event.kind === "end") this.cut = event.reason === "length";
    this.#changed();
  }

  #end(phase: Phase): void {
    this.phase = phase;
    this.#changed();
  }

  #fail(problem: Problem, stopped: boolean): void {
    if (stopped || problem.kind === "stopped") return this.#end("stopped");
    this.problem = problem;
    this.#end("failed");
  }
}
