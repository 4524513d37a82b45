/** A few lines of a chunk around the words that were found, with these words told apart. */

export interface Segment {
  readonly text: string;
  readonly marked: boolean;
}

const LONGEST = 240;
const BEFORE = 60;
// The server's chunks are far shorter.
const LONGEST_CHUNK = 10_000;
// From this length on, a found word also marks longer forms of it: the server compares stems.
const STEM = 4;
const NO_SPACES = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

// The marks of quotes, callouts, lists and tasks.
const LINE_START = /^\s*(?:>\s*)*(?:\[![^\]\n]+\][+-]?\s*)?(?:(?:[-*+]|\d+[.)])\s+)?(?:\[.\]\s+)?/;
// Shorter words are mostly such as "the": they are marked only where no longer one was found.
const TELLING = 4;

/** `words` are those that the server says it found, in any form. */
export function snippetOf(chunk: string, words: readonly string[]): readonly Segment[] {
  const text = plain(chunk.slice(0, LONGEST_CHUNK));
  const segments = markWords(text, words);
  const first = segments.findIndex(({ marked }) => marked);
  const at = first < 0 ? 0 : segments.slice(0, first).reduce((length, each) => length + each.text.length, 0);
  return cut(segments, wordBefore(text, at - BEFORE), text.length);
}

/** Split a text at the words that were found. Joined, the segments are the text. */
export function markWords(text: string, words: readonly string[]): readonly Segment[] {
  const wanted = telling(words.map(folded).filter((word) => word !== ""));
  const segments: Segment[] = [];
  for (const part of text.match(/[\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}]+/gu) ?? []) {
    if (NO_SPACES.test(part)) segments.push(...markInside(part, wanted));
    else segments.push({ text: part, marked: isOneOf(folded(part), wanted) });
  }
  return joined(segments);
}

function telling(words: readonly string[]): readonly string[] {
  const long = words.filter((word) => word.length >= TELLING || NO_SPACES.test(word) || /\d/.test(word));
  return long.length > 0 ? long : words;
}

function isOneOf(word: string, wanted: readonly string[]): boolean {
  return wanted.some((each) => word === each || (each.length >= STEM && word.startsWith(each)) || (word.length >= STEM && each.startsWith(word)));
}

function markInside(part: string, wanted: readonly string[]): Segment[] {
  const found = new Set<number>();
  for (const each of wanted) {
    for (let at = part.indexOf(each); at >= 0; at = part.indexOf(each, at + 1)) {
      for (let place = at; place < at + each.length; place++) found.add(place);
    }
  }
  return Array.from({ length: part.length }, (_, place) => ({ text: part.charAt(place), marked: found.has(place) }));
}

/** Without the headings and the marks of Markdown that say nothing in a line. */
function plain(chunk: string): string {
  const lines = chunk.split("\n").filter((line) => !/^\s*#{1,6}\s|^[\s|:-]+$/.test(line));
  const text = lines.map((line) => (/^\s*\|/.test(line) ? cells(line) : line.replace(LINE_START, ""))).join(" ");
  const shown = text.replace(/!?\[\[([^\]|]*)(?:\|([^\]]*))?\]\]/g, (_, target: string, alias?: string) => alias ?? target).replace(/\*\*|__|`|==/g, "");
  return shown.replace(/\s+/g, " ").trim() || chunk.replace(/\s+/g, " ").replace(/^#+\s/, "").trim();
}

function cells(row: string): string {
  return row.replace(/^\s*\||\|\s*$/g, "").replace(/\\?\|/g, (sign) => (sign === "|" ? "·" : sign));
}

function folded(word: string): string {
  return word.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

function wordBefore(text: string, at: number): number {
  return at <= 0 ? 0 : text.lastIndexOf(" ", at) + 1;
}

function cut(segments: readonly Segment[], start: number, length: number): readonly Segment[] {
  const end = Math.min(length, start + LONGEST);
  let at = 0;
  const kept: Segment[] = start > 0 ? [{ text: "… ", marked: false }] : [];
  for (const segment of segments) {
    const text = segment.text.slice(Math.max(0, start - at), Math.max(0, end - at));
    if (text !== "") kept.push({ ...segment, text });
    at += segment.text.length;
  }
  return end < length ? [...kept, { text: " …", marked: false }] : kept;
}

function joined(segments: readonly Segment[]): readonly Segment[] {
  const result: Segment[] = [];
  for (const segment of segments) {
    const last = result.at(-1);
    if (last?.marked === segment.marked) result[result.length - 1] = { ...last, text: last.text + segment.text };
    else result.push(segment);
  }
  return result;
}
