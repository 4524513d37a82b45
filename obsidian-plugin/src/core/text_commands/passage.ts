/** The passage of a note that a command works on: what is selected, or what lies around the cursor. */

/** Between two offsets of a text, the end outside. */
export interface Span {
  readonly from: number;
  readonly to: number;
}
/** What is taken where nothing is selected; `cursor` takes nothing and marks the place alone. */
export type Scope = "paragraph" | "section" | "note" | "cursor";
export interface Passage extends Span {
  readonly scope: Scope | "selection";
  readonly text: string;
}

interface Line extends Span {
  readonly text: string;
  /** Whether it stands in a fenced block of code, its fences included. */
  readonly fenced: boolean;
}

const FRONTMATTER = /^---[ \t]*\n(?:[\s\S]*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|$)/;
const FENCE = /^[ \t>]*(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]|$)/;

/** Find the passage; `null` where there is no text to take. Frontmatter is never in it, unless it was selected. */
export function passageAt(note: string, selection: Span, otherwise: Scope): Passage | null {
  if (otherwise === "cursor") return { scope: "cursor", from: selection.to, to: selection.to, text: "" };
  if (note.slice(selection.from, selection.to).trim() !== "") return trimmed(note, selection, "selection");
  const body = bodyStart(note);
  if (otherwise === "note") return trimmed(note, { from: body, to: note.length }, "note");
  const lines = linesOf(note, body);
  const at = lines.findIndex((line) => selection.to <= line.to);
  if (at < 0 || selection.to < body) return null;
  return trimmed(note, otherwise === "section" ? section(lines, at) : paragraph(lines, at), otherwise);
}

/** Where the note's own text begins: after its frontmatter. */
export function bodyStart(note: string): number {
  return FRONTMATTER.exec(note)?.[0].length ?? 0;
}

function trimmed(note: string, span: Span, scope: Passage["scope"]): Passage | null {
  const raw = note.slice(span.from, span.to);
  const text = raw.trim();
  if (text === "") return null;
  // The indentation of the first line belongs to it: a nested list item or a line of code is another thing without it.
  const skipped = raw.slice(0, raw.length - raw.trimStart().length);
  const from = scope === "selection" ? skipped.length : skipped.lastIndexOf("\n") + 1;
  const to = raw.trimEnd().length;
  return { scope, from: span.from + from, to: span.from + to, text: raw.slice(from, to) };
}

function linesOf(note: string, start: number): Line[] {
  const lines: Line[] = [];
  let fence = "";
  let from = start;
  for (const text of note.slice(start).split("\n")) {
    const mark = FENCE.exec(text)?.[1] ?? "";
    const opens = fence === "" && mark !== "";
    const closes = fence !== "" && mark.startsWith(fence) && text.trim().replace(/^[>\s]*/, "") === mark;
    lines.push({ from, to: from + text.length, text, fenced: fence !== "" || opens });
    if (opens) fence = mark;
    if (closes) fence = "";
    from += text.length + 1;
  }
  return lines;
}

function paragraph(lines: readonly Line[], at: number): Span {
  const inside = (line: Line | undefined): boolean => line !== undefined && (line.fenced || line.text.trim() !== "");
  let first = at;
  let last = at;
  if (!inside(lines[at])) return span(lines, at, at);
  while (inside(lines[first - 1])) first -= 1;
  while (inside(lines[last + 1])) last += 1;
  return span(lines, first, last);
}

function section(lines: readonly Line[], at: number): Span {
  let first = at;
  while (first > 0 && level(lines[first]) === 0) first -= 1;
  const depth = level(lines[first]);
  let last = first;
  // Text above the first heading is a section that every heading ends.
  while (last + 1 < lines.length && !ends(level(lines[last + 1]), depth)) last += 1;
  return span(lines, first, last);
}

function ends(next: number, depth: number): boolean {
  return next > 0 && (depth === 0 || next <= depth);
}

function level(line: Line | undefined): number {
  return line === undefined || line.fenced ? 0 : (HEADING.exec(line.text)?.[1]?.length ?? 0);
}

function span(lines: readonly Line[], first: number, last: number): Span {
  return { from: lines[first]?.from ?? 0, to: lines[last]?.to ?? 0 };
}
