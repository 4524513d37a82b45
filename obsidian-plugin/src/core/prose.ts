/** Where a note's prose stands: what is neither frontmatter, heading, code, link, address, tag, formula, comment nor HTML.
 * Knows no more of Markdown than that, and looks at each character a bounded number of times. */

/** Offsets, the end outside. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

const FRONTMATTER = /^\ufeff?---[ \t]*\r?\n(?:[\s\S]*?\r?\n)?(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/;
const FENCE = /^[ \t>]*(?:[-*+]|\d{1,9}[.)])?[ \t]*(`{3,}|~{3,})/;
const HEADING = /^[ \t>]*#{1,6}(?:[ \t]|$)/;
const WITHIN_LINE = new RegExp(
  [
    "!?\\[\\[[^[\\]\\n]{0,1000}\\]\\]",
    "!?\\[[^[\\]\\n]{0,1000}\\](?:\\([^()\\n]*(?:\\([^()\\n]*\\)[^()\\n]*)*\\)|\\[[^[\\]\\n]{0,200}\\])",
    "\\[\\^[^[\\]\\s]{1,60}\\]",
    "[a-z][a-z0-9+.-]{1,20}:\\/\\/[^\\s<>]+",
    "www\\.[^\\s<>]+",
    "[\\w.+-]{1,64}@[\\w.-]+",
    "<[a-z/][^<>\\n]{0,1000}>",
    "(?:^|[\\s([{])#[^\\s#]+",
    "\\$(?![\\s$])[^$\\n]*[^$\\s]\\$(?!\\d)",
    "\\s\\^[A-Za-z0-9-]{1,60}(?=\\s|$)",
  ].join("|"),
  "gi",
);
const ACROSS_LINES = /`+|%%|<!--|\$\$/g;
const ENDS: Readonly<Record<string, string>> = { "%%": "%%", "<!--": "-->", "$$": "$$" };

/** The stretches of a note that are prose, in their order; each lies within one block of text. */
export function prose(note: string): Stretch[] {
  const found: Stretch[] = [];
  for (const block of textBlocks(note)) {
    for (const part of withoutMatches(note, withoutSpans(note, block), WITHIN_LINE)) if (part.to > part.from) found.push(part);
  }
  return found;
}

/** What lies between frontmatter, headings and fences of code. */
function textBlocks(note: string): Stretch[] {
  const found: Stretch[] = [];
  let fence = "";
  let from = FRONTMATTER.exec(note)?.[0].length ?? 0;
  let at = from;
  const end = (to: number, next: number): void => {
    if (to > from) found.push({ from, to });
    from = next;
  };
  while (at < note.length) {
    const stop = note.indexOf("\n", at);
    const next = stop < 0 ? note.length : stop + 1;
    const line = note.slice(at, next);
    const mark = FENCE.exec(line)?.[1] ?? "";
    const inside = fence !== "";
    if (!inside && mark !== "") {
      end(at, next);
      fence = mark;
    } else if (inside) {
      from = next;
      if (mark.startsWith(fence) && line.replace(/^[\s>]+/, "").trim() === mark) fence = "";
    } else if (HEADING.test(line)) end(at, next);
    at = next;
  }
  end(note.length, note.length);
  return found;
}

/** Without code, comments and formulas, which may go over several lines. A paragraph ends code, and nothing else. */
function withoutSpans(note: string, block: Stretch): Stretch[] {
  const found: Stretch[] = [];
  const text = note.slice(block.from, block.to);
  const missing = new Set<string>();
  let from = 0;
  ACROSS_LINES.lastIndex = 0;
  for (let sign = ACROSS_LINES.exec(text); sign !== null; sign = ACROSS_LINES.exec(text)) {
    const mark = ENDS[sign[0]] ?? sign[0];
    const open = sign.index + sign[0].length;
    const close = missing.has(mark) ? -1 : endOf(text, mark, open);
    // What is missing from here on is missing further on.
    if (close < 0) {
      missing.add(mark);
      continue;
    }
    if (mark.startsWith("`") && /\n[ \t]*\r?\n/.test(text.slice(open, close))) continue;
    found.push({ from: block.from + from, to: block.from + sign.index });
    from = close + mark.length;
    ACROSS_LINES.lastIndex = from;
  }
  return [...found, { from: block.from + from, to: block.to }];
}

/** Where a mark stands next; a run of backticks is one of exactly that length. */
function endOf(text: string, mark: string, from: number): number {
  let at = text.indexOf(mark, from);
  while (at >= 0 && mark.startsWith("`")) {
    let end = at;
    while (text[end] === "`") end += 1;
    if (end - at === mark.length) return at;
    at = text.indexOf(mark, end);
  }
  return at;
}

function withoutMatches(note: string, parts: readonly Stretch[], pattern: RegExp): Stretch[] {
  return parts.flatMap((part) => {
    const found: Stretch[] = [];
    const text = note.slice(part.from, part.to);
    let from = 0;
    for (const match of text.matchAll(pattern)) {
      found.push({ from: part.from + from, to: part.from + match.index });
      from = match.index + match[0].length;
    }
    return [...found, { from: part.from + from, to: part.to }];
  });
}
