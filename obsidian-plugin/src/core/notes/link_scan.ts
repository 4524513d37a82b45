/** Looks through notes for those with the most related notes that are not linked. Bounded, and ends when it is told to. */
import type { RelatedNote } from "../protocol/search";
import { unlinkedRelated } from "./link_suggestions";
import type { LinkTable } from "./related_row";

export interface ScanFound {
  readonly path: string;
  readonly missing: number;
}

export interface ScanProgress {
  readonly done: number;
  readonly total: number;
  /** The notes with missing links so far, those with the most first. */
  readonly found: readonly ScanFound[];
}

/** What the server says of a note takes some 10 ms in a vault of a hundred notes. It has others to answer meanwhile. */
const AT_ONCE = 2;
const MOST_ASKED = 20;
const MOST_FOUND = 30;

/** Throws what `related` throws, unless it is the note itself that is not known. */
export async function scanLinks(
  paths: readonly string[],
  related: (path: string, limit: number) => Promise<readonly RelatedNote[] | null>,
  { links, signal, told }: { links: () => LinkTable; signal: AbortSignal; told: (progress: ScanProgress) => void },
): Promise<void> {
  const found: ScanFound[] = [];
  const waiting = [...paths];
  let done = 0;
  const work = async (): Promise<void> => {
    for (let path = waiting.shift(); path !== undefined && !signal.aborted; path = waiting.shift()) {
      const notes = await related(path, MOST_ASKED);
      if (signal.aborted) return;
      const missing = unlinkedRelated(path, notes ?? [], links()).length;
      if (missing > 0) found.push({ path, missing });
      done += 1;
      told({ done, total: paths.length, found: [...found].sort((a, b) => b.missing - a.missing).slice(0, MOST_FOUND) });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
