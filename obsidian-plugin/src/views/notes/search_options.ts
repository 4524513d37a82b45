/** The options under the search field, as a listbox that the field controls: completions, then hits or earlier searches. */
import { setIcon } from "obsidian";
import type { Completion } from "../../core/notes/completion";
import type { SearchHit } from "../../core/protocol/search";
import type { Texts } from "../../core/texts/texts";
import { spokenLabel } from "../spoken_label";
import { drawHit } from "./search_hit";

export type Option =
  | { readonly kind: "completion"; readonly completion: Completion }
  | { readonly kind: "recent"; readonly query: string }
  | { readonly kind: "hit"; readonly hit: SearchHit };

export interface Choosing {
  chosen(option: Option, event: MouseEvent | KeyboardEvent): void;
  context(option: Option, event: MouseEvent): void;
}

const ICONS = { tag: "hash", path: "folder", file: "file", property: "list", value: "text", note: "file-text" } as const;
let listboxes = 0;

export class SearchOptions {
  private completions: readonly Completion[] = [];
  private rest: readonly Option[] = [];
  private at = -1;
  private readonly box: HTMLElement;
  private readonly id = `sidecar-search-options-${listboxes++}`;

  constructor(
    into: HTMLElement,
    private readonly input: HTMLInputElement,
    private readonly texts: Texts,
    private readonly choosing: Choosing,
  ) {
    this.box = into.createDiv({ cls: "sidecar-search-options", attr: { role: "listbox", id: this.id } });
    spokenLabel(this.box, texts("search.results"));
    // The field keeps the focus.
    this.box.addEventListener("mousedown", (event) => event.preventDefault());
    input.setAttr("aria-controls", this.id);
    input.setAttr("aria-expanded", "false");
  }

  get active(): Option | null {
    return this.all()[this.at] ?? null;
  }

  complete(completions: readonly Completion[]): void {
    if (JSON.stringify(completions) === JSON.stringify(this.completions)) return;
    this.completions = completions;
    this.draw(0);
  }

  recent(queries: readonly string[]): void {
    this.rest = queries.map((query) => ({ kind: "recent", query }));
    this.draw(this.completions.length > 0 ? 0 : -1);
  }

  hits(hits: readonly SearchHit[]): void {
    const same = this.rest.length === hits.length && this.rest.every((option, place) => option.kind === "hit" && option.hit === hits[place]);
    if (same) return;
    this.rest = hits.map((hit) => ({ kind: "hit", hit }));
    this.draw(0);
  }

  /** Whether each hit says how it was found. */
  showReasons(shown: boolean): void {
    this.box.toggleClass("with-reasons", shown);
  }

  move(by: 1 | -1): void {
    const { length } = this.all();
    if (length > 0) this.mark((this.at + by + length) % length);
  }

  private all(): readonly Option[] {
    return [...this.completions.map((completion) => ({ kind: "completion", completion }) as const), ...this.rest];
  }

  private draw(at: number): void {
    this.box.empty();
    this.all().forEach((option, place) => this.drawOption(option, place));
    this.input.setAttr("aria-expanded", String(this.all().length > 0));
    this.box.scrollTop = 0;
    this.mark(at);
  }

  private drawOption(option: Option, place: number): void {
    const element = this.box.createDiv({ cls: `sidecar-search-option is-${option.kind}`, attr: { role: "option", id: `${this.id}-${place}` } });
    if (option.kind === "hit") drawHit(element, option.hit, this.texts);
    else if (option.kind === "completion") drawNamed(element, ICONS[option.completion.kind], option.completion.name);
    else drawNamed(element, "history", option.query);
    element.addEventListener("click", (event) => this.choosing.chosen(option, event));
    element.addEventListener("auxclick", (event) => event.button === 1 && this.choosing.chosen(option, event));
    element.addEventListener("contextmenu", (event) => this.choosing.context(option, event));
    element.addEventListener("mousemove", () => this.at !== place && this.mark(place, { scroll: false }));
  }

  private mark(at: number, { scroll = true } = {}): void {
    this.at = this.all().length === 0 ? -1 : at;
    Array.from(this.box.children).forEach((element, place) => element.setAttribute("aria-selected", String(place === this.at)));
    const marked = this.at < 0 ? null : this.box.children[this.at];
    if (!marked) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", marked.id);
    if (scroll) marked.scrollIntoView({ block: "nearest" });
  }
}

function drawNamed(element: HTMLElement, icon: string, name: string): void {
  setIcon(element.createSpan({ cls: "sidecar-search-icon", attr: { "aria-hidden": "true" } }), icon);
  element.createSpan({ text: name });
}
