/**
 * An answer's Markdown as a small tree that is safe to draw: a few kinds of blocks, text, and links that lead where they say.
 * Nothing in it is loaded; HTML is text. It is read a line at a time, each at most once for every level of nesting.
 */
import { Citing, type AnswerSource, type Cited } from "./citing";
import { inline, type Inline } from "./inline";
import { BULLET, CALLOUT, FENCE, FOOTNOTE, HEADING, QUOTE, RULE, cells, isBelowHeads, isRow } from "./lines";

export type Block =
  | { readonly kind: "paragraph"; readonly inside: readonly Inline[] }
  | { readonly kind: "heading"; readonly level: number; readonly inside: readonly Inline[] }
  /** `open`: its end has not come yet. */
  | { readonly kind: "code"; readonly language: string; readonly text: string; readonly open: boolean }
  | { readonly kind: "list"; readonly ordered: boolean; readonly start: number; readonly items: readonly ListItem[] }
  | { readonly kind: "quote"; readonly blocks: readonly Block[] }
  /** `callout` is its kind, such as `note`; `title` is empty where it has none of its own. */
  | { readonly kind: "callout"; readonly callout: string; readonly title: readonly Inline[]; readonly blocks: readonly Block[] }
  | { readonly kind: "table"; readonly align: readonly Align[]; readonly head: readonly Cell[]; readonly rows: readonly (readonly Cell[])[] }
  | { readonly kind: "rule" }
  | { readonly kind: "footnote"; readonly label: string; readonly inside: readonly Inline[] };

export type Align = "left" | "center" | "right" | null;
export type Cell = readonly Inline[];

export interface ListItem {
  /** The sign in a task's box; null for no task. */
  readonly task: string | null;
  readonly blocks: readonly Block[];
}

/** An answer that has been read: its blocks, and the places it cites in the order of their numbers. */
export interface Answer {
  readonly blocks: readonly Block[];
  readonly cited: readonly Cited[];
}

const LONGEST = 400_000;
const DEEPEST = 6;
const TASK = /^\[(.)\][ \t]+/u;

/**
 * Read an answer. `sources` is null while they are not known. `unfinished`: more is still to come, and half a link, half an
 * emphasis or half a table at the end is taken for what it is about to become.
 */
export function readAnswer(markdown: string, sources: readonly AnswerSource[] | null, { unfinished = false } = {}): Answer {
  const whole = markdown.length > LONGEST ? `${markdown.slice(0, LONGEST)}…` : markdown;
  const citing = new Citing(sources);
  const blocks = new BlockReader(whole.split(/\r\n?|\n/), { citing, quoted: false, depth: 0, unfinished }).read();
  return { blocks, cited: citing.cited() };
}

/** The blocks of an answer, as `readAnswer` reads them. */
export function answerBlocks(markdown: string, sources: readonly AnswerSource[] | null, options: { unfinished?: boolean } = {}): readonly Block[] {
  return readAnswer(markdown, sources, options).blocks;
}

/** How many blocks at the beginning are the same: a view that streams redraws those behind them. */
export function sameBlocks(before: readonly Block[], after: readonly Block[]): number {
  let same = 0;
  while (same < before.length && same < after.length && JSON.stringify(before[same]) === JSON.stringify(after[same])) same += 1;
  return same;
}

interface Place {
  readonly citing: Citing;
  readonly quoted: boolean;
  readonly depth: number;
  readonly unfinished: boolean;
}

class BlockReader {
  private at = 0;
  private readonly blocks: Block[] = [];

  constructor(
    private readonly lines: readonly string[],
    private readonly place: Place,
  ) {}

  read(): Block[] {
    while (this.at < this.lines.length) {
      if (this.line().trim() === "") this.at += 1;
      else this.block();
    }
    return this.blocks;
  }

  private block(): void {
    const line = this.line();
    if (this.isHalfMark(line)) this.at += 1;
    else if (FENCE.test(line)) this.code();
    else if (HEADING.test(line)) this.heading();
    else if (RULE.test(line)) this.rule();
    else if (FOOTNOTE.test(line)) this.footnote();
    else if (this.isTable()) this.table();
    else if (this.place.depth < DEEPEST && QUOTE.test(line)) this.quote();
    else if (this.place.depth < DEEPEST && BULLET.test(line)) this.list();
    else this.paragraph();
  }

  private line(at = this.at): string {
    return this.lines[at] ?? "";
  }

  /** Whether the last line holds no more than the beginning of a mark: it is not known yet what it becomes. */
  private isHalfMark(line: string): boolean {
    const last = this.place.unfinished && this.at === this.lines.length - 1;
    return last && /^\s{0,12}(?:#{1,6}|[-*+=_~`|]{1,2}|\d{1,9}[.)]?|\[\^?)\s?$/.test(line);
  }

  private inline(text: string, to: number): Inline[] {
    const unfinished = this.place.unfinished && to >= this.lines.length;
    return inline(text, { citing: this.place.citing, quoted: this.place.quoted, unfinished });
  }

  private inner(lines: readonly string[], to: number, quoted: boolean): Block[] {
    const unfinished = this.place.unfinished && to >= this.lines.length;
    return new BlockReader(lines, { citing: this.place.citing, quoted, depth: this.place.depth + 1, unfinished }).read();
  }

  private code(): void {
    const [, indent = "", fence = "", info = ""] = FENCE.exec(this.line()) ?? [];
    const first = this.at + 1;
    let to = first;
    while (to < this.lines.length && !closes(this.line(to), fence)) to += 1;
    const text = this.lines.slice(first, to).map((line) => withoutIndent(line, indent.length)).join("\n");
    this.blocks.push({ kind: "code", language: info.trim().split(/\s/)[0]?.slice(0, 40) ?? "", text, open: to >= this.lines.length });
    this.at = to + 1;
  }

  private heading(): void {
    const [, marks = "", words = ""] = HEADING.exec(this.line()) ?? [];
    const text = withoutBlockId(words).trimEnd();
    const bare = text.slice(0, text.length - (/#+$/.exec(text.slice(-100))?.[0].length ?? 0));
    this.at += 1;
    this.blocks.push({ kind: "heading", level: marks.length, inside: this.inline(/^$|[ \t]$/.test(bare) ? bare.trim() : text.trim(), this.at) });
  }

  private rule(): void {
    this.blocks.push({ kind: "rule" });
    this.at += 1;
  }

  private footnote(): void {
    const [, label = "", words = ""] = FOOTNOTE.exec(this.line()) ?? [];
    this.at += 1;
    this.blocks.push({ kind: "footnote", label, inside: this.inline(words, this.at) });
  }

  private isTable(): boolean {
    const line = this.line();
    if (!isRow(line)) return false;
    if (isBelowHeads(this.line(this.at + 1), cells(line).length)) return true;
    // Its heads have come, and what stands below them not yet.
    const left = this.lines.length - this.at;
    return this.place.unfinished && /^\s*\|/.test(line) && (left === 1 || (left === 2 && /^[\s|:-]*$/.test(this.line(this.at + 1))));
  }

  private table(): void {
    const heads = cells(this.line());
    const align = cells(this.line(this.at + 1)).map(alignment);
    const head = heads.map((cell) => this.inline(cell, this.at + 1));
    const rows: Cell[][] = [];
    this.at += 2;
    for (; isRow(this.line()); this.at += 1) {
      rows.push(cells(this.line()).slice(0, heads.length).map((cell) => this.inline(cell, this.at + 1)));
    }
    this.blocks.push({ kind: "table", align: heads.map((_, column) => align[column] ?? null), head, rows });
  }

  private quote(): void {
    const inside: string[] = [];
    for (; this.at < this.lines.length; this.at += 1) {
      const line = QUOTE.exec(this.line());
      if (line === null) break;
      inside.push(line[1] ?? "");
    }
    const callout = CALLOUT.exec(inside[0] ?? "");
    if (callout === null) {
      this.blocks.push({ kind: "quote", blocks: this.inner(inside, this.at, true) });
      return;
    }
    const title = this.inline((callout[2] ?? "").trim(), inside.length > 1 ? 0 : this.at);
    this.blocks.push({ kind: "callout", callout: (callout[1] ?? "").toLowerCase(), title, blocks: this.inner(inside.slice(1), this.at, this.place.quoted) });
  }

  private list(): void {
    const [, indent = "", mark = ""] = BULLET.exec(this.line()) ?? [];
    const ordered = /\d/.test(mark);
    const items: string[][] = [];
    while (this.at < this.lines.length) {
      const blanks = this.blanks();
      const next = this.line(this.at + blanks);
      const item = BULLET.exec(next);
      const begins = item !== null && width(item[1] ?? "") <= width(indent) && !RULE.test(next);
      if (begins && /\d/.test(item[2] ?? "") === ordered) items.push([item[3] ?? ""]);
      else if (!begins && next.trim() !== "" && /^[ \t]/.test(next) && (blanks === 0 || width(/^[ \t]*/.exec(next)?.[0] ?? "") > width(indent))) {
        const last = items.at(-1);
        if (blanks > 0) last?.push("");
        last?.push(withoutIndent(next, width(indent) + mark.length + 1));
      } else break;
      this.at += blanks + 1;
    }
    const start = ordered ? Number.parseInt(mark, 10) : 1;
    const made = items.map((lines, number) => this.listItem(lines, number === items.length - 1 ? this.at : 0));
    this.blocks.push({ kind: "list", ordered, start, items: made });
  }

  private blanks(): number {
    let count = 0;
    while (this.at + count < this.lines.length && this.line(this.at + count).trim() === "") count += 1;
    return count;
  }

  private listItem(lines: readonly string[], to: number): ListItem {
    const box = TASK.exec(lines[0] ?? "");
    const inside = box === null ? lines : [(lines[0] ?? "").slice(box[0].length), ...lines.slice(1)];
    return { task: box?.[1] ?? null, blocks: this.inner(inside, to, this.place.quoted) };
  }

  private paragraph(): void {
    const first = this.at;
    this.at += 1;
    while (this.at < this.lines.length && !this.endsParagraph(this.line())) this.at += 1;
    const text = this.lines.slice(first, this.at).map((line) => withoutBlockId(line).trim()).join("\n");
    this.blocks.push({ kind: "paragraph", inside: this.inline(text, this.at) });
  }

  private endsParagraph(line: string): boolean {
    if (line.trim() === "" || FENCE.test(line) || HEADING.test(line) || RULE.test(line)) return true;
    if (this.isTable() || FOOTNOTE.test(line)) return true;
    return this.place.depth < DEEPEST && (QUOTE.test(line) || BULLET.test(line));
  }
}

function closes(line: string, fence: string): boolean {
  const end = line.trim();
  return end.length >= fence.length && end.split("").every((sign) => sign === fence[0]) && /^ {0,3}\S/.test(line);
}

/** A line without the name of its block, `^name` behind a blank. */
function withoutBlockId(line: string): string {
  const id = /\s\^[A-Za-z0-9-]{1,60}$/.exec(line.slice(-70));
  return id === null ? line : line.slice(0, line.length - id[0].length);
}

function withoutIndent(line: string, most: number): string {
  let at = 0;
  for (let columns = 0; columns < most && (line[at] === " " || line[at] === "\t"); at += 1) columns += line[at] === "\t" ? 4 : 1;
  return line.slice(at);
}

function width(indent: string): number {
  return indent.replace(/\t/g, "    ").length;
}

function alignment(cell: string): Align {
  const left = cell.startsWith(":");
  const right = cell.endsWith(":");
  if (left && right) return "center";
  if (right) return "right";
  return left ? "left" : null;
}
