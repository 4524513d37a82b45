/** The blocks of an answer as elements. */
import type { Block, Cell, ListItem } from "../../core/answer/blocks";
import type { Texts } from "../../core/texts/texts";
import { drawn, type Drawn, type Part } from "./drawing";
import { inlineParts } from "./inline";

export function blockParts(blocks: readonly Block[], texts: Texts): Drawn[] {
  return blocks.map((block) => blockPart(block, texts));
}

function blockPart(block: Block, texts: Texts): Drawn {
  switch (block.kind) {
    case "paragraph":
      return drawn("p", {}, ...inlineParts(block.inside, texts));
    case "heading":
      // The view's own headings stand above those of an answer.
      return drawn("div", { class: `sidecar-ask-heading mod-${block.level}`, role: "heading", "aria-level": String(Math.min(block.level + 2, 6)) }, ...inlineParts(block.inside, texts));
    case "code":
      return drawn("pre", { tabindex: "0" }, drawn("code", block.language === "" ? {} : { class: `language-${block.language}` }, block.text));
    case "list":
      return list(block.ordered, block.start, block.items, texts);
    case "quote":
      return drawn("blockquote", {}, ...blockParts(block.blocks, texts));
    case "callout":
      return callout(block, texts);
    case "table":
      return table(block, texts);
    case "rule":
      return drawn("hr", {});
    case "footnote":
      return drawn("p", { class: "sidecar-ask-footnote" }, drawn("sup", {}, block.label), " ", ...inlineParts(block.inside, texts));
  }
}

function list(ordered: boolean, start: number, items: readonly ListItem[], texts: Texts): Drawn {
  const attributes: Record<string, string> = ordered && start !== 1 ? { start: String(start) } : {};
  return drawn(ordered ? "ol" : "ul", attributes, ...items.map((item) => listItem(item, texts)));
}

function listItem(item: ListItem, texts: Texts): Drawn {
  const only = item.blocks[0];
  const [first, rest] = only?.kind === "paragraph" ? [inlineParts(only.inside, texts), item.blocks.slice(1)] : [[], item.blocks];
  const inside: Part[] = [...first, ...blockParts(rest, texts)];
  if (item.task === null) return drawn("li", {}, ...inside);
  const done: Record<string, string> = item.task === " " ? {} : { checked: "" };
  return drawn("li", { class: "task-list-item" }, drawn("input", { type: "checkbox", class: "task-list-item-checkbox", disabled: "", "aria-label": item.task === " " ? "☐" : "☑", ...done }), ...inside);
}

function callout(block: Extract<Block, { kind: "callout" }>, texts: Texts): Drawn {
  const title: readonly Part[] = block.title.length > 0 ? inlineParts(block.title, texts) : [block.callout.slice(0, 1).toUpperCase() + block.callout.slice(1)];
  const heading = drawn("div", { class: "callout-title" }, drawn("div", { class: "callout-title-inner" }, ...title));
  return drawn("div", { class: "callout", "data-callout": block.callout }, heading, drawn("div", { class: "callout-content" }, ...blockParts(block.blocks, texts)));
}

/** A wide table is scrolled within itself, also by keyboard. */
function table(block: Extract<Block, { kind: "table" }>, texts: Texts): Drawn {
  const row = (tag: "th" | "td", cells: readonly Cell[]): Drawn => {
    return drawn("tr", {}, ...cells.map((cell, column) => drawn(tag, alignment(block.align[column] ?? null), ...inlineParts(cell, texts))));
  };
  const body = drawn("tbody", {}, ...block.rows.map((cells) => row("td", cells)));
  return drawn("div", { class: "sidecar-ask-table", tabindex: "0", role: "group" }, drawn("table", {}, drawn("thead", {}, row("th", block.head)), body));
}

function alignment(align: string | null): Record<string, string> {
  return align === null ? {} : { "data-align": align };
}
