/** What is shown of a related note: why it is one, as kinds with values, and whether it is linked. */
import type { RelatedNote } from "../protocol/search";

export type Reason =
  | { readonly kind: "meaning"; readonly percent: number }
  | { readonly kind: "words" | "links" | "tags"; readonly what: string };

export interface Linked {
  /** The followed note links to it. */
  readonly to: boolean;
  /** It links to the followed note. */
  readonly from: boolean;
}

export interface RelatedRow {
  readonly note: RelatedNote;
  readonly name: string;
  readonly folder: string;
  readonly linked: Linked;
  readonly reasons: readonly Reason[];
}

/** Every link of a vault: how often a note links to another. Obsidian's `resolvedLinks`. */
export type LinkTable = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The links between two notes as they are now, which is sooner than the server knows them. */
export function linkedNow(path: string, other: string, links: LinkTable): Linked {
  return { to: (links[path]?.[other] ?? 0) > 0, from: (links[other]?.[path] ?? 0) > 0 };
}

/** The rows to show, best first as they came. */
export function relatedRows(
  path: string,
  notes: readonly RelatedNote[],
  { links, hideLinked, minimumScore }: { links: LinkTable; hideLinked: boolean; minimumScore: number },
): readonly RelatedRow[] {
  const rows = notes.filter((note) => note.score >= minimumScore).map((note) => rowOf(path, note, links));
  return hideLinked ? rows.filter(({ linked }) => !linked.to && !linked.from) : rows;
}

function rowOf(path: string, note: RelatedNote, links: LinkTable): RelatedRow {
  const { name, folder } = nameAndFolder(note.path);
  return { note, name: note.title || name, folder, linked: linkedNow(path, note.path, links), reasons: reasonsOf(note) };
}

/** A note's file name without its ending, and the folder it lies in. */
export function nameAndFolder(path: string): { name: string; folder: string } {
  const cut = path.lastIndexOf("/");
  return { name: path.slice(cut + 1).replace(/\.md$/i, ""), folder: cut < 0 ? "" : path.slice(0, cut) };
}

function reasonsOf(note: RelatedNote): readonly Reason[] {
  const { why } = note;
  const reasons = why.lanes.map(({ lane, detail }): Reason | null => {
    if (lane === "vectors") return why.similarity === null || why.similarity <= 0 ? null : { kind: "meaning", percent: Math.round(why.similarity * 100) };
    if (lane === "words") return detail ? { kind: "words", what: detail } : null;
    if (lane === "shared links") return detail ? { kind: "links", what: detail } : null;
    if (lane === "tags") return detail ? { kind: "tags", what: detail } : null;
    return null;
  });
  return reasons.filter((reason) => reason !== null);
}
