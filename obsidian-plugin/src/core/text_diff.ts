/** What changes between two texts, by words or by lines, for showing it before it is done. The work is bounded. */

export type DiffKind = "same" | "removed" | "added";

/** A stretch of text. All that are not `added` make the text before, all that are not `removed` the text after. */
export interface Difference {
  readonly kind: DiffKind;
  readonly text: string;
}

// A look at one pair of words takes some nanoseconds: this much is some ten milliseconds.
const MOST_STEPS = 4_000_000;
const WORDS = /[\p{L}\p{N}\p{M}_]+(?:['’][\p{L}\p{M}]+)*|\s+|[^\p{L}\p{N}\p{M}_\s]/gu;
const SPACELESS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** Compare by words; blanks and signs are words of their own, and so are characters of scripts without spaces. */
export function diffWords(before: string, after: string, { most = MOST_STEPS }: { most?: number } = {}): Difference[] {
  const byWords = compared(wordsOf(before), wordsOf(after), most);
  if (byWords !== null) return joined(byWords);
  return diffLines(before, after, { most });
}

/** Compare by lines, each with its line end. */
export function diffLines(before: string, after: string, { most = MOST_STEPS }: { most?: number } = {}): Difference[] {
  const byLines = compared(linesOf(before), linesOf(after), most);
  return joined(byLines ?? coarse(before, after));
}

/** Split into words so that they join to the text again. */
export function wordsOf(text: string): string[] {
  return (text.match(WORDS) ?? []).flatMap((word) => (SPACELESS.test(word) ? Array.from(word) : [word]));
}

function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Whole texts, but for what is the same at their ends. */
function coarse(before: string, after: string): Difference[] {
  return compared(linesOf(before), linesOf(after), 0) ?? [
    { kind: "removed", text: before },
    { kind: "added", text: after },
  ];
}

/**
 * The fewest differences, after Myers, "An O(ND) Difference Algorithm and Its Variations" (1986); null where finding them
 * would take more than `most` steps. 0 gives everything between the same ends as one difference.
 */
function compared(before: readonly string[], after: readonly string[], most: number): Difference[] | null {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  const shorter = Math.min(before.length, after.length) - head;
  while (tail < shorter && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  const old = before.slice(head, before.length - tail);
  const young = after.slice(head, after.length - tail);
  const middle = most === 0 ? replaced(old, young) : shortestEdit(old, young, most);
  if (middle === null) return null;
  return [...same(before.slice(0, head)), ...middle, ...same(before.slice(before.length - tail))];
}

function replaced(old: readonly string[], young: readonly string[]): Difference[] {
  return [
    { kind: "removed", text: old.join("") },
    { kind: "added", text: young.join("") },
  ];
}

function same(pieces: readonly string[]): Difference[] {
  return [{ kind: "same", text: pieces.join("") }];
}

function shortestEdit(old: readonly string[], young: readonly string[], most: number): Difference[] | null {
  if (old.length === 0 || young.length === 0) return replaced(old, young);
  const trace = traced(old, young, most);
  return trace === null ? null : walked(old, young, trace);
}

/** How far each diagonal reaches, for every number of differences; each is kept only as wide as it can have become. */
function traced(old: readonly string[], young: readonly string[], most: number): Int32Array[] | null {
  const reach = new Map<number, number>([[1, 0]]);
  const trace: Int32Array[] = [];
  let steps = 0;
  for (let edits = 0; edits <= old.length + young.length; edits += 1) {
    const row = new Int32Array(2 * edits + 1);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const down = diagonal === -edits || (diagonal !== edits && (reach.get(diagonal - 1) ?? -1) < (reach.get(diagonal + 1) ?? -1));
      let x = down ? (reach.get(diagonal + 1) ?? 0) : (reach.get(diagonal - 1) ?? 0) + 1;
      while (x < old.length && x - diagonal < young.length && old[x] === young[x - diagonal]) {
        x += 1;
        steps += 1;
      }
      reach.set(diagonal, x);
      row[diagonal + edits] = x;
      steps += 1;
      if (x >= old.length && x - diagonal >= young.length) {
        trace.push(row);
        return trace;
      }
    }
    trace.push(row);
    if (steps > most) return null;
  }
  return null;
}

function walked(old: readonly string[], young: readonly string[], trace: readonly Int32Array[]): Difference[] {
  const found: Difference[] = [];
  let x = old.length;
  let y = young.length;
  for (let edits = trace.length - 1; edits > 0; edits -= 1) {
    const reach = (diagonal: number): number => (Math.abs(diagonal) > edits - 1 ? -1 : (trace[edits - 1]?.[diagonal + edits - 1] ?? -1));
    const diagonal = x - y;
    const down = diagonal === -edits || (diagonal !== edits && reach(diagonal - 1) < reach(diagonal + 1));
    const fromX = reach(down ? diagonal + 1 : diagonal - 1);
    const fromY = fromX - (down ? diagonal + 1 : diagonal - 1);
    while (x > fromX && y > fromY && (down ? y > fromY + 1 || x > fromX : x > fromX + 1)) {
      if (x === fromX + (down ? 0 : 1) && y === fromY + (down ? 1 : 0)) break;
      x -= 1;
      y -= 1;
      found.push({ kind: "same", text: old[x] ?? "" });
    }
    if (down) found.push({ kind: "added", text: young[(y -= 1)] ?? "" });
    else found.push({ kind: "removed", text: old[(x -= 1)] ?? "" });
  }
  while (x > 0 && y > 0) {
    y -= 1;
    found.push({ kind: "same", text: old[(x -= 1)] ?? "" });
  }
  return found.reverse();
}

/** One stretch for neighbours of a kind; what is removed stands before what is added in its place. */
function joined(found: readonly Difference[]): Difference[] {
  const made: Difference[] = [];
  let removed: string[] = [];
  let added: string[] = [];
  let kept: string[] = [];
  const changesEnd = (): void => {
    if (removed.length > 0) made.push({ kind: "removed", text: removed.join("") });
    if (added.length > 0) made.push({ kind: "added", text: added.join("") });
    [removed, added] = [[], []];
  };
  const keptEnds = (): void => {
    if (kept.length > 0) made.push({ kind: "same", text: kept.join("") });
    kept = [];
  };
  for (const { kind, text } of found) {
    if (text === "") continue;
    if (kind === "same") {
      changesEnd();
      kept.push(text);
    } else {
      keptEnds();
      (kind === "removed" ? removed : added).push(text);
    }
  }
  changesEnd();
  keptEnds();
  return made;
}
