/** A small renderer of Markdown, for previews of links and for what plugins render. */
import type { App } from "./app";
import { Component } from "./events";
import { frontmatterOf } from "./note_structure";

export class MarkdownRenderChild extends Component {
  constructor(public containerEl: HTMLElement) {
    super();
  }
}

const INLINE = /(!?\[\[([^\]|]+)(?:\|([^\]]+))?\]\])|(\[([^\]]+)\]\(([^)\s]+)\))|(\*\*([^*]+)\*\*)|(\*([^*]+)\*)|(`([^`]+)`)/g;

function inline(el: HTMLElement, text: string): void {
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    el.appendText(text.slice(at, found.index));
    if (found[2] !== undefined) el.createEl("a", { cls: "internal-link", text: found[3] ?? found[2], href: found[2], attr: { "data-href": found[2] } });
    else if (found[6] !== undefined) el.createEl("a", { cls: "external-link", text: found[5] ?? "", href: found[6], attr: { rel: "noopener nofollow", target: "_blank" } });
    else if (found[8] !== undefined) el.createEl("strong", { text: found[8] });
    else if (found[10] !== undefined) el.createEl("em", { text: found[10] });
    else if (found[12] !== undefined) el.createEl("code", { text: found[12] });
    at = found.index + found[0].length;
  }
  el.appendText(text.slice(at));
}

export function renderInto(el: HTMLElement, markdown: string): void {
  const body = markdown.slice(frontmatterOf(markdown).contentStart).trim();
  for (const block of body.split(/\n{2,}/)) {
    const heading = /^(#{1,6})\s+(.*)$/m.exec(block);
    if (heading !== null && heading.index === 0) {
      inline(el.createEl(`h${(heading[1] ?? "#").length}` as "h1"), heading[2] ?? "");
      const rest = block.split("\n").slice(1).join("\n");
      if (rest.trim() !== "") renderInto(el, rest);
    } else if (block.startsWith("```")) el.createEl("pre").createEl("code", { text: block.split("\n").slice(1).filter((line) => !line.startsWith("```")).join("\n") });
    else if (/^\s*[-*+]\s/.test(block)) {
      const list = el.createEl("ul");
      for (const line of block.split("\n")) inline(list.createEl("li"), line.replace(/^\s*[-*+]\s+/, ""));
    } else inline(el.createEl(block.startsWith(">") ? "blockquote" : "p"), block.replace(/^>\s?/gm, ""));
  }
}

export class MarkdownRenderer extends MarkdownRenderChild {
  static render(_app: App, markdown: string, el: HTMLElement): Promise<void> {
    renderInto(el, markdown);
    return Promise.resolve();
  }
  static renderMarkdown(markdown: string, el: HTMLElement): Promise<void> {
    renderInto(el, markdown);
    return Promise.resolve();
  }
}

export function sanitizeHTMLToDom(html: string): DocumentFragment {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const el of parsed.querySelectorAll("script, style, iframe, object, embed, link, meta, base, form")) el.remove();
  for (const el of parsed.querySelectorAll("*")) for (const { name, value } of [...el.attributes]) if (name.startsWith("on") || /^\s*javascript:/i.test(value)) el.removeAttribute(name);
  return createFragment((fragment) => fragment.append(...parsed.body.childNodes));
}
