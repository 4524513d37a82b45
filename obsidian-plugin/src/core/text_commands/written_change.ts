/** The one change of a note by which an answer gets into it. */
import type { Span } from "./passage";

export interface WrittenChange extends Span {
  readonly insert: string;
}

/** Put the answer in place of the span, or after it. After a passage it begins a paragraph of its own; at a cursor, an
 * empty span, it goes on where the text stands. */
export function writtenChange(note: string, span: Span, answer: string, outcome: "replace" | "after"): WrittenChange {
  if (outcome === "replace") return { ...span, insert: answer };
  if (span.from === span.to) return { ...span, insert: joined(note.slice(0, span.from), answer) };
  const at = lineEnd(note, span.to);
  const rest = note.slice(at);
  const touches = rest.trim() !== "" && !/^\n[ \t]*\n/.test(rest);
  return { from: at, to: at, insert: `\n\n${answer}${touches ? "\n" : ""}` };
}

function joined(before: string, answer: string): string {
  const needsSpace = before !== "" && !/\s$/.test(before) && /^[\p{L}\p{N}([“"«]/u.test(answer);
  return needsSpace ? ` ${answer}` : answer;
}

/** A paragraph begins after the line's end, not in the middle of a line. */
function lineEnd(note: string, at: number): number {
  const end = note.indexOf("\n", at);
  return end < 0 ? note.length : end;
}

export function withChange(note: string, { from, to, insert }: WrittenChange): string {
  return note.slice(0, from) + insert + note.slice(to);
}

/** Change a file's text, of which the editor sees every line end as one character; all others stay as they are. */
export function changedFile(data: string, { from, to, insert }: WrittenChange): string {
  const end = data.includes("\r\n") ? "\r\n" : "\n";
  return data.slice(0, fileOffset(data, from)) + insert.replaceAll("\n", end) + data.slice(fileOffset(data, to));
}

function fileOffset(data: string, offset: number): number {
  let at = 0;
  for (let seen = 0; seen < offset; seen += 1) at += data.startsWith("\r\n", at) ? 2 : 1;
  return at;
}
