/** The notes that an answer rests on, below it: where, what stands there, and on request why they were chosen. */
import { readAnswer } from "../../core/answer/blocks";
import type { Cited } from "../../core/answer/citing";
import type { Citation } from "../../core/protocol/chat";
import type { Texts } from "../../core/texts/texts";
import { linkText } from "../../core/wikilink";
import { asProblem } from "../../core/problem";
import { problemWords } from "../problem_words";
import { blockParts } from "./answer_blocks";
import { Drawing } from "./drawing";
import { linkAttributes } from "./note_links";
import { percent } from "./why_source";

export interface SourceReasons {
  (source: Citation): Promise<string[]>;
}

export class Sources {
  private readonly el: HTMLElement;
  private shown = "";

  constructor(
    parent: HTMLElement,
    private readonly texts: Texts,
    private readonly reasons: SourceReasons,
  ) {
    this.el = parent.createDiv({ cls: "sidecar-ask-sources" });
  }

  /** `cited` says which numbers of the text lead to which sources. */
  show(sources: readonly Citation[], cited: readonly Cited[]): void {
    const key = JSON.stringify([sources, cited]);
    if (key === this.shown) return;
    this.shown = key;
    this.el.empty();
    if (sources.length === 0) return;
    const details = this.el.createEl("details");
    details.createEl("summary", { text: this.texts("ask.sources", { count: sources.length }) });
    const list = details.createEl("ul");
    const numbered = sources.map((source, place) => ({ source, n: numberOf(place, cited) }));
    numbered.sort((a, b) => (a.n ?? Infinity) - (b.n ?? Infinity) || 0);
    for (const { source, n } of numbered) this.source(list, source, n);
  }

  private source(list: HTMLElement, source: Citation, n: number | null): void {
    const item = list.createEl("li");
    const head = item.createDiv({ cls: "sidecar-ask-source-head" });
    if (n !== null) head.createSpan({ cls: "sidecar-ask-number", text: String(n) });
    const heading = source.heading_path.at(-1) ?? null;
    const link = head.createEl("a", { cls: "internal-link", text: source.title });
    const attributes = linkAttributes(linkText({ path: source.path, heading, block: null }));
    for (const [name, value] of Object.entries(attributes)) link.setAttribute(name, value);
    const headings = source.heading_path.filter((each, place) => place > 0 || each !== source.title);
    if (headings.length > 0) head.createSpan({ cls: "sidecar-ask-headings", text: headings.join(" › ") });
    if (source.quote.trim() !== "") new Drawing(item.createEl("blockquote")).draw(blockParts(readAnswer(source.quote, []).blocks, this.texts));
    const lines = source.start_line === source.end_line ? "ask.line" : "ask.lines";
    const facts = [source.path.replace(/\.md$/, ""), this.texts(lines, { from: String(source.start_line), to: String(source.end_line) }), this.texts("ask.score", { score: percent(source.score, this.texts) })];
    item.createDiv({ cls: "sidecar-ask-facts", text: facts.join(" · ") });
    this.why(item, source);
  }

  /** The search is asked again only when somebody unfolds this. */
  private why(item: HTMLElement, source: Citation): void {
    const details = item.createEl("details", { cls: "sidecar-ask-why" });
    details.createEl("summary", { text: this.texts("ask.why") });
    const list = details.createEl("ul", { attr: { "aria-live": "polite" } });
    let asked = false;
    details.addEventListener("toggle", () => {
      if (!details.open || asked) return;
      asked = true;
      list.createEl("li", { text: this.texts("ask.why.looking") });
      void this.reasons(source).then(
        (reasons) => this.fill(list, reasons),
        (reason: unknown) => {
          asked = false;
          this.fill(list, [problemWords(this.texts, asProblem(reason)).title]);
        },
      );
    });
  }

  private fill(list: HTMLElement, lines: readonly string[]): void {
    list.empty();
    for (const line of lines) list.createEl("li", { text: line });
  }
}

function numberOf(place: number, cited: readonly Cited[]): number | null {
  return cited.find((each) => each.sources.includes(place))?.n ?? null;
}
