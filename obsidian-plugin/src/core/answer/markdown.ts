/**
 * Writes an answer's tree as Markdown for a note. As it is written from the tree, nothing gets into the note that the tree
 * has no kind for: no image, no HTML, no code that a plugin would run.
 */
import type { Block, Cell, ListItem } from "./blocks";
import type { Inline } from "./inline";
import { isShownAsCode, withoutLoadingTex, withoutTemplates } from "./running";
import { linkText, type Target } from "../wikilink";

/** Gives the wikilink for a citation, `[[…]]` and all. */
export type LinkWriter = (target: Target, shown: string) => string;

const NO_NAME = /[<>`[\]|\\\n]|%%/;
/** Code within a line that plugins of Obsidian run. */
const RUN_INLINE = /^\s*(?:\$?=|\w+\[)/;

/** Write blocks as Markdown that is safe in a note. */
export function writeMarkdown(blocks: readonly Block[], link: LinkWriter = plainLink): string {
  return new Writer(link).blocks(blocks).join("\n");
}

function plainLink(target: Target, shown: string): string {
  const to = linkText({ ...target, path: target.path.replace(/\.md$/i, "") });
  return shown === "" || shown === to || shown === to.split("#").join(" > ") ? `[[${to}]]` : `[[${to}|${shown.replace(/[|[\]]/g, " ")}]]`;
}

class Writer {
  constructor(private readonly link: LinkWriter) {}

  /** Lines of blocks, with an empty line between them. */
  blocks(blocks: readonly Block[]): string[] {
    return blocks.flatMap((block, at) => [...(at === 0 ? [] : [""]), ...this.block(block)]);
  }

  private block(block: Block): string[] {
    switch (block.kind) {
      case "paragraph":
        return this.inline(block.inside).split("\n").map(lineStart);
      case "heading":
        return [`${"#".repeat(block.level)} ${this.inline(block.inside).replace(/\n/g, " ").replace(/#+$/, "\\$&")}`];
      case "code":
        return codeLines(block.text, block.language);
      case "list":
        return block.items.flatMap((item, at) => this.item(item, block.ordered ? `${block.start + at}. ` : "- "));
      case "quote":
        return block.blocks.length === 0 ? [">"] : this.blocks(block.blocks).map(quoted);
      case "callout":
        return [`> [!${block.callout}] ${this.inline(block.title).replace(/\n/g, " ")}`.trimEnd(), ...this.blocks(block.blocks).map(quoted)];
      case "table":
        return this.table(block.head, block.align, block.rows);
      case "rule":
        return ["***"];
      case "footnote":
        return [`[^${block.label}]: ${this.inline(block.inside).replace(/\n/g, " ")}`];
    }
  }

  private item(item: ListItem, mark: string): string[] {
    const task = item.task === null ? "" : `[${item.task}] `;
    const lines = item.blocks.flatMap((block, at) => [...(at === 0 || block.kind === "list" ? [] : [""]), ...this.block(block)]);
    const first = item.blocks[0]?.kind === "paragraph" || item.blocks.length === 0 ? (lines.shift() ?? "") : "";
    return [`${mark}${task}${first}`.trimEnd(), ...lines.map((line) => (line === "" ? "" : `${" ".repeat(mark.length)}${line}`))];
  }

  private table(head: readonly Cell[], align: readonly (string | null)[], rows: readonly (readonly Cell[])[]): string[] {
    const row = (cells: readonly Cell[]): string => `| ${cells.map((cell) => this.cell(cell)).join(" | ")} |`;
    const marks = head.map((_, column) => ({ left: ":--", right: "--:", center: ":-:" })[align[column] ?? ""] ?? "---");
    return [row(head), `| ${marks.join(" | ")} |`, ...rows.map(row)];
  }

  private cell(cell: Cell): string {
    return this.inline(cell).replace(/\n/g, " ").replace(/\\?\|/g, "\\|");
  }

  private inline(inside: readonly Inline[]): string {
    return inside.map((one) => this.one(one)).join("");
  }

  private one(one: Inline): string {
    switch (one.kind) {
      case "text":
        return escaped(one.text);
      case "break":
        return "\n";
      case "code":
        return RUN_INLINE.test(one.text) ? escaped(one.text) : codeSpan(one.text);
      case "strong":
        return `**${this.inline(one.inside)}**`;
      case "em":
        return `*${this.inline(one.inside)}*`;
      case "strike":
        return `~~${this.inline(one.inside)}~~`;
      case "mark":
        return `==${this.inline(one.inside)}==`;
      case "citation":
        return this.citation(one);
      case "link":
        return this.address(one);
      case "footnote":
        return `[^${one.label}]`;
    }
  }

  /** A place whose name could be more than a name is told in words. */
  private citation({ path, heading, block, shown }: Extract<Inline, { kind: "citation" }>): string {
    const target = { path, heading, block };
    return NO_NAME.test(linkText(target)) ? escaped(shown) : this.link(target, shown.replace(/[<`\\]|%{2,}/g, " ").trim());
  }

  private address(link: Extract<Inline, { kind: "link" }>): string {
    const href = link.href.replace(/[()<>[\]`|\\*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
    return link.bare ? `<${href}>` : `[${this.inline(link.inside).replace(/\n/g, " ")}](${href})`;
  }
}

/** Text in which no sign means anything, whatever follows it. A sign that means nothing where it stands is left alone. */
function escaped(text: string): string {
  return withoutLoadingTex(text)
    .replace(/&(?=(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});)/gi, "&amp;")
    .replace(/\\(?=[!-/:-@[-`{-~]|$)/g, "\\\\")
    .replace(/[`*[\]|]|~{2,}|={2,}|%{2,}/g, (signs) => Array.from(signs, (sign) => `\\${sign}`).join(""))
    .replace(/[\p{L}\p{N}]?_+(?![\p{L}\p{N}_])|(^|[^\p{L}\p{N}_])_+/gu, (run) => run.replace(/_/g, "\\_"))
    .replace(/!(?=\\\[|$)/g, "\\!")
    .replace(/<(?=[\w/!?%]|$)/g, "&lt;");
}

/** A line of text that begins no block. */
function lineStart(line: string): string {
  return line.replace(/^(?:\s*)(?=#{1,6}(?:\s|$)|[-+](?:\s|$|-)|>|:{3}|={2,}\s*$)/, "$&\\").replace(/^(\s*\d{1,9})(?=[.)](?:\s|$))/, "$1\\");
}

function codeSpan(text: string): string {
  const safe = withoutTemplates(text);
  const longest = Math.max(0, ...Array.from(safe.matchAll(/`+/g), (run) => run[0].length));
  const ticks = "`".repeat(longest + 1);
  return /^`|`$|^ .* $/.test(safe) ? `${ticks} ${safe} ${ticks}` : `${ticks}${safe}${ticks}`;
}

function codeLines(text: string, language: string): string[] {
  const safe = withoutTemplates(text);
  const longest = Math.max(2, ...Array.from(safe.matchAll(/`+/g), (run) => run[0].length));
  const fence = "`".repeat(longest + 1);
  const named = isShownAsCode(language) ? language : language === "" ? "" : "text";
  return [`${fence}${named}`, ...safe.split("\n"), fence];
}

function quoted(line: string): string {
  return line === "" ? ">" : `> ${line}`;
}
