/**
 * The related notes of one note, kept up to date as it is edited. Owns when the server is asked and which answer
 * counts; knows neither where notes are shown nor what is linked.
 *
 * The index follows a saved file within about 0.1 s (0.08 to 0.12 s in seven of eight tries on the demonstration vault,
 * 1.9 s in the first after a start), and Obsidian saves two seconds after the last key. So what is not saved yet is
 * not searched for: the list would turn twice for one edit. After an edit the note's own chunks are looked at until
 * they are those of the file, a bounded number of times, and then its related notes are asked for once.
 */
import type { Client } from "../client";
import type { Clock } from "../clock";
import { asProblem, Problem } from "../problem";
import type { RelatedNote } from "../protocol/search";
import type { WhyAnswer } from "../protocol/why";
import { differingLines, hasCaughtUp } from "./indexed_lines";

export type RelatedState =
  | { readonly kind: "none" }
  | { readonly kind: "looking"; readonly path: string }
  /** `following`: the file has changed, and the index has not been seen to have it. */
  | { readonly kind: "found"; readonly path: string; readonly notes: readonly RelatedNote[]; readonly following: boolean }
  | { readonly kind: "missing"; readonly path: string; readonly why: WhyAnswer }
  | { readonly kind: "problem"; readonly path: string; readonly problem: Problem };

export interface RelatedSources {
  /** Throws a Problem when there is no server. */
  client(): Pick<Client, "related" | "note" | "why">;
  limit(): number;
  /** What the file holds now. */
  text(path: string): Promise<string>;
}

// Other embeddings take longer. What is still missing then comes with the next change of the server's state.
const VECTORS_AFTER_MS = 800;
const LOOKS_AFTER_MS = [150, 300, 600, 1200, 2400] as const;

export class RelatedFeed {
  state: RelatedState = { kind: "none" };
  private usual: ReadonlySet<string> = new Set();
  private turn = new AbortController();
  private cancelLook: () => void = () => {};

  constructor(
    private readonly sources: RelatedSources,
    private readonly clock: Clock,
    private readonly told: (state: RelatedState) => void,
  ) {}

  /** Follow another note, or none. The one that is followed is asked for anew. */
  async show(path: string | null): Promise<void> {
    const turn = this.begin();
    if (path === null) return this.tell({ kind: "none" });
    if (this.pathNow() !== path) this.tell({ kind: "looking", path });
    await this.ask(path, turn);
    await this.learnUsual(path, turn);
  }

  /** The file of the followed note has changed. */
  edited(): void {
    const path = this.pathNow();
    if (path === null || this.state.kind === "none") return;
    const turn = this.begin();
    if (this.state.kind === "found") this.tell({ ...this.state, following: true });
    this.lookLater(path, turn, 0);
  }

  close(): void {
    this.begin();
    this.state = { kind: "none" };
  }

  private pathNow(): string | null {
    return this.state.kind === "none" ? null : this.state.path;
  }

  /** What was asked before does not count any more. */
  private begin(): AbortSignal {
    this.turn.abort();
    this.cancelLook();
    this.turn = new AbortController();
    return this.turn.signal;
  }

  private lookLater(path: string, turn: AbortSignal, look: number): void {
    const wait = LOOKS_AFTER_MS[look];
    if (wait === undefined) return void this.askTwice(path, turn);
    this.cancelLook = this.clock.after(wait, () => void this.look(path, turn, look));
  }

  private async look(path: string, turn: AbortSignal, look: number): Promise<void> {
    // A note that is new is not there at first.
    const differing = await this.differing(path).catch(() => null);
    if (turn.aborted) return;
    if (differing === null || !hasCaughtUp(differing, this.usual)) return this.lookLater(path, turn, look + 1);
    await this.askTwice(path, turn);
  }

  private async askTwice(path: string, turn: AbortSignal): Promise<void> {
    await this.ask(path, turn);
    if (!turn.aborted) this.cancelLook = this.clock.after(VECTORS_AFTER_MS, () => void this.ask(path, turn));
  }

  private async ask(path: string, turn: AbortSignal): Promise<void> {
    const state = await this.answered(path, turn).catch((error: unknown) => ({ kind: "problem", path, problem: asProblem(error) }) as const);
    if (!turn.aborted) this.tell(state);
  }

  private async answered(path: string, turn: AbortSignal): Promise<RelatedState> {
    const client = this.sources.client();
    try {
      const { results } = await client.related({ path, limit: this.sources.limit() }, turn);
      return { kind: "found", path, notes: results, following: false };
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "note_not_found") throw error;
      return { kind: "missing", path, why: await client.why({ path }) };
    }
  }

  /** What differs between file and index while nothing is edited. */
  private async learnUsual(path: string, turn: AbortSignal): Promise<void> {
    if (turn.aborted || this.state.kind !== "found") return;
    const differing = await this.differing(path).catch(() => new Set<string>());
    if (!turn.aborted) this.usual = differing;
  }

  private async differing(path: string): Promise<ReadonlySet<string>> {
    const [text, facts] = await Promise.all([this.sources.text(path), this.sources.client().note({ path })]);
    return differingLines(text, facts.chunks.map((chunk) => chunk.text));
  }

  private tell(state: RelatedState): void {
    this.state = state;
    this.told(state);
  }
}
