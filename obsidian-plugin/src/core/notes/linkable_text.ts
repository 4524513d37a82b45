/**
 * Where in a note a link may be put: not in its frontmatter, code, links, addresses, mathematics, comments, HTML,
 * headings, tags and names of fields. When in doubt a place is left out.
 */

/** Stands for what must not be touched, one for each character; no note's name has it. */
export const COVERED = "\u0000";

const FRONTMATTER = /^---[ \t]*\r?\n(?:[\s\S]*?\n)??(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/;
const FENCE = /^(`{3,}|~{3,})/;
const QUOTE = /^(?:[ \t]*>)+[ \t]?/;
const HEADING = /^\s{0,3}#{1,6}(?:\s|$)/;
const INDENTED = /^(?: {4}|\t)(?!\s*(?:[-*+]|\d+[.)])\s)/;
const FIELD = /^\s*(?:[-*+]\s+)?[^\s:[\]][^:\n[\]]{0,80}::/;
const DEFINITION = /^\s{0,3}\[[^\]\n]+\]:/;
const WRAPPED = [["%%", "%%"], ["<!--", "-->"], ["$$", "$$"]] as const;
const HTML_WHOLE = /<(pre|script|style|code|textarea|a|svg|math|iframe)\b/gi;
const SHORT = [/<[^<>\n]{1,500}>/g, /\b[a-z][a-z0-9+.-]{1,20}:\/\/\S+/gi, /\bwww\.\S+/gi, /[\p{L}\p{N}._%+-]{1,64}@\S+/gu, /\$[^\s$][^$\n]{0,300}\$/g, /(^|[^\p{L}\p{N}])[#^][\p{L}\p{N}_/-]+/gu];

/** The text with everything covered where no link may be put; as long as the text. */
export function linkableText(text: string): string {
  const covered = text.split("");
  const cover = (from: number, to: number): void => {
    for (let at = from; at < to; at++) if (covered[at] !== "\n") covered[at] = COVERED;
  };
  const now = (): string => covered.join("");
  coverBlocks(text, cover);
  coverCode(now(), cover);
  for (const [open, close] of WRAPPED) coverBetween(now(), open, close, cover);
  coverHtml(now(), cover);
  coverBrackets(now(), cover);
  for (const pattern of SHORT) for (const { 0: found, 1: before = "", index } of now().matchAll(pattern)) cover(index + before.length, index + found.length);
  return now();
}

/** The text with its fenced code and code in lines covered; as long as the text. */
export function withoutCode(text: string): string {
  const covered = text.split("");
  const cover = (from: number, to: number): void => void covered.fill(COVERED, from, to);
  let at = 0;
  let fence: string | null = null;
  for (const line of text.split("\n")) {
    const was = fence;
    fence = fenceAfter(line.replace(QUOTE, "").trimStart(), was);
    if (was !== null || fence !== null) cover(at, at + line.length);
    at += line.length + 1;
  }
  coverCode(covered.join(""), cover);
  return covered.join("");
}

type Cover = (from: number, to: number) => void;

/** The sign of the fence that is open behind a line; `null` where none is. */
function fenceAfter(line: string, before: string | null): string | null {
  const mark = FENCE.exec(line)?.[1];
  if (before === null) return mark ?? null;
  return mark?.startsWith(before) === true && line.trim() === mark ? null : before;
}

function coverBlocks(text: string, cover: Cover): void {
  const head = FRONTMATTER.exec(text);
  const start = head?.[0].length ?? 0;
  cover(0, start);
  let at = start;
  let fence: string | null = null;
  for (const line of text.slice(start).split("\n")) {
    const quoted = line.replace(QUOTE, "");
    const was: string | null = fence;
    fence = fenceAfter(quoted.trimStart(), was);
    if (was !== null || fence !== null || HEADING.test(quoted) || INDENTED.test(quoted) || DEFINITION.test(quoted)) cover(at, at + line.length);
    const field = FIELD.exec(line)?.[0];
    if (field !== undefined) cover(at, at + field.length);
    at += line.length + 1;
  }
}

/** Code between as many backticks on both sides. */
function coverCode(text: string, cover: Cover): void {
  const runs = [...text.matchAll(/`+/g)];
  // Where the next run of each length is, from behind: else a note full of backticks would take long.
  const next = new Map<number, number>();
  const closing = new Array<number | undefined>(runs.length);
  for (let place = runs.length - 1; place >= 0; place--) {
    const { length } = runs[place]![0];
    closing[place] = next.get(length);
    next.set(length, place);
  }
  for (let place = 0; place < runs.length; place++) {
    const end = closing[place];
    if (end === undefined) continue;
    cover(runs[place]!.index, runs[end]!.index + runs[end]![0].length);
    place = end;
  }
}

function coverBetween(text: string, open: string, close: string, cover: Cover): void {
  for (let from = text.indexOf(open); from >= 0; ) {
    const end = text.indexOf(close, from + open.length);
    // What is not closed is taken to reach to the end.
    const to = end < 0 ? text.length : end + close.length;
    cover(from, to);
    from = text.indexOf(open, to);
  }
}

function coverHtml(text: string, cover: Cover): void {
  const lower = text.toLowerCase();
  let done = 0;
  for (const match of text.matchAll(HTML_WHOLE)) {
    if (match.index < done) continue;
    const end = lower.length === text.length ? lower.indexOf(`</${match[1]!.toLowerCase()}`, match.index) : -1;
    done = end < 0 ? text.length : end;
    cover(match.index, done);
  }
}

/** Everything in square brackets, and the address behind them: links of either kind, footnotes, checkboxes. */
function coverBrackets(text: string, cover: Cover): void {
  let at = 0;
  for (const line of text.split("\n")) {
    const open: number[] = [];
    // Looked for once: a line full of brackets would take long.
    let paren = -1;
    for (let place = 0; place < line.length; place++) {
      if (line[place] === "[") open.push(place);
      if (line[place] !== "]") continue;
      const from = open.pop();
      if (from === undefined) continue;
      if (paren < place) paren = (line.indexOf(")", place) + 1 || Infinity) - 1;
      const address = line[place + 1] === "(" && paren !== Infinity ? paren : -1;
      cover(at + from, at + Math.max(place, address) + 1);
    }
    at += line.length + 1;
  }
}
