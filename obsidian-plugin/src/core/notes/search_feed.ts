/**
 * What is found while somebody types. Owns when the server is asked and which answer counts; what was found stays until
 * there is something newer.
 */
import type { Client } from "../client";
import type { Clock } from "../clock";
import { Latest } from "../latest";
import { asProblem, type Problem } from "../problem";
import type { SearchHit } from "../protocol/search";

export interface SearchFound {
  readonly query: string;
  readonly hits: readonly SearchHit[];
  readonly tookMs: number;
}

export interface SearchState {
  readonly query: string;
  readonly found: SearchFound | null;
  readonly searching: boolean;
  readonly problem: Problem | null;
}

export interface SearchSources {
  /** Throws a Problem when there is no server. */
  client(): Pick<Client, "search">;
}

const NOTHING: SearchState = { query: "", found: null, searching: false, problem: null };
// Somebody who types quickly has 100 to 200 ms between two keys.
const PAUSE_MS = 180;
const HITS = 30;
// A selection of several pages is searched for by its beginning; the server reads 8,000 characters of a query.
const LONGEST = 4_000;

export class SearchFeed {
  state: SearchState = NOTHING;
  private readonly latest: Latest;

  constructor(
    private readonly sources: SearchSources,
    clock: Clock,
    private readonly told: (state: SearchState) => void,
  ) {
    this.latest = new Latest(clock, PAUSE_MS);
  }

  search(typed: string): void {
    const query = typed.trim().slice(0, LONGEST);
    if (query === "") {
      this.latest.cancel();
      return this.tell(NOTHING);
    }
    this.tell({ ...this.state, query, searching: true });
    this.latest.run(
      (signal) => this.ask(query, signal),
      (found) => this.tell({ query, found, searching: false, problem: null }),
      (reason) => this.tell({ query, found: null, searching: false, problem: asProblem(reason) }),
    );
  }

  close(): void {
    this.latest.cancel();
  }

  private async ask(query: string, signal: AbortSignal): Promise<SearchFound> {
    const { results, took_ms: tookMs } = await this.sources.client().search({ query, limit: HITS, explain: true }, signal);
    return { query, hits: results, tookMs };
  }

  private tell(state: SearchState): void {
    this.state = state;
    this.told(state);
  }
}
