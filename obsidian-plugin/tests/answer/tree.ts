/** Writes an answer's tree on one line, for comparing. */
import type { Block } from "../../src/core/answer/blocks";
import type { Inline } from "../../src/core/answer/inline";
import { linkText } from "../../src/core/wikilink";

export function told(blocks: readonly Block[]): string {
  return blocks.map(block).join(" ");
}

function block(one: Block): string {
  switch (one.kind) {
    case "paragraph":
      return `p(${inlines(one.inside)})`;
    case "heading":
      return `h${one.level}(${inlines(one.inside)})`;
    case "code":
      return `code-${one.language}${one.open ? "…" : ""}(${one.text})`;
    case "list":
      return `${one.ordered ? `ol${one.start}` : "ul"}(${one.items.map((item) => `•${item.task === null ? "" : ` [${item.task}]`} ${told(item.blocks)}`).join(" ")})`;
    case "quote":
      return `quote(${told(one.blocks)})`;
    case "callout":
      return `callout-${one.callout}(${inlines(one.title)} | ${told(one.blocks)})`;
    case "table":
      return `table(${one.align.map(String).join(",")} : ${[one.head, ...one.rows].map((row) => row.map(inlines).join(" / ")).join(" : ")})`;
    case "rule":
      return "rule";
    case "footnote":
      return `note${one.label}(${inlines(one.inside)})`;
  }
}

export function inlines(inside: readonly Inline[]): string {
  return inside.map(inline).join(" ");
}

function inline(one: Inline): string {
  switch (one.kind) {
    case "text":
      return one.text;
    case "break":
      return "⏎";
    case "code":
      return `code(${one.text})`;
    case "citation":
      return `${one.n ?? "-"}:${one.shown}{${linkText(one)}}`;
    case "link":
      return one.bare ? `<${one.href}>` : `${one.image ? "image" : "link"}(${inlines(one.inside)}) <${one.href}>`;
    case "footnote":
      return `[^${one.label}]`;
    default:
      return `${one.kind}(${inlines(one.inside)})`;
  }
}
