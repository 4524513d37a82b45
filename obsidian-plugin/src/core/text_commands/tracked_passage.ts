/** Where a passage is now, while its note is edited around it; and whether it is still what it was. Only two states of
 * the text are compared, so it holds for every editor, for a file that was synced, and for several edits at once. */
import type { Span } from "./passage";

export interface Tracked extends Span {
  /** The note as it was when the place was last known. */
  readonly note: string;
}

/** Follow the passage into the note as it is now. */
export function followed(tracked: Tracked, note: string): Tracked {
  if (note === tracked.note) return tracked;
  const before = tracked.note;
  const most = Math.min(before.length, note.length);
  let start = 0;
  while (start < most && before.charCodeAt(start) === note.charCodeAt(start)) start += 1;
  let same = 0;
  while (same < most - start && before.charCodeAt(before.length - 1 - same) === note.charCodeAt(note.length - 1 - same)) same += 1;
  const edit = { from: start, to: before.length - same, longer: note.length - before.length };
  return { note, ...moved(tracked, edit) };
}

interface Edit extends Span {
  readonly longer: number;
}

function moved({ from, to }: Span, edit: Edit): Span {
  // What is typed at an edge stays outside: the passage is what was there when the command began.
  if (edit.from >= to && !(from === to && edit.to <= from)) return { from, to };
  if (edit.to <= from) return { from: from + edit.longer, to: to + edit.longer };
  const end = Math.max(edit.to, to) + edit.longer;
  return { from: Math.min(from, edit.from), to: Math.max(end, Math.min(from, edit.from)) };
}

/** The place of the original text, verified; `null` when it is not there any more, or no one place is sure. */
export function placeOf(tracked: Tracked, original: string): Span | null {
  if (tracked.note.slice(tracked.from, tracked.to) === original) return { from: tracked.from, to: tracked.to };
  if (original === "") return null;
  const first = tracked.note.indexOf(original);
  if (first < 0 || tracked.note.includes(original, first + 1)) return null;
  return { from: first, to: first + original.length };
}
