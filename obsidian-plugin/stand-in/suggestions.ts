/** A list of suggestions under a field: one is marked, arrows move the mark, Enter or a click chooses. */
import type { App } from "./app";
import { Scope } from "./keymap";
import { Strict } from "./strict";

type Choosing = MouseEvent | KeyboardEvent;
type Owner<T> = { renderSuggestion(value: T, el: HTMLElement): void; selectSuggestion(value: T, event: Choosing): void };

let lists = 0;

export class SuggestionList<T> {
  values: T[] = [];
  marked = 0;
  private items: HTMLElement[] = [];
  private readonly name: string;

  constructor(private readonly el: HTMLElement, private readonly field: HTMLElement | null, private readonly owner: Owner<T>) {
    lists += 1;
    this.name = `suggestions-${lists}`;
    el.setAttrs({ id: this.name, role: "listbox", "aria-label": "Suggestions" });
    field?.setAttribute("aria-controls", this.name);
  }

  listenIn(scope: Scope): void {
    scope.register([], "ArrowDown", (event) => this.move(event, 1));
    scope.register([], "ArrowUp", (event) => this.move(event, -1));
    scope.register([], "Home", (event) => this.jump(event, 0));
    scope.register([], "End", (event) => this.jump(event, this.values.length - 1));
    scope.register(null, "Enter", (event) => {
      if (event.isComposing) return undefined;
      this.choose(event);
      return false;
    });
  }

  show(values: T[]): void {
    this.values = values;
    this.el.empty();
    this.items = values.map((value, at) => this.item(value, at));
    this.mark(0);
  }

  private item(value: T, at: number): HTMLElement {
    const el = this.el.createDiv({ cls: "suggestion-item", attr: { role: "option", id: `${this.name}-${at}` } });
    this.owner.renderSuggestion(value, el);
    el.addEventListener("mousemove", () => this.mark(at));
    el.addEventListener("mousedown", (event) => event.preventDefault());
    el.addEventListener("click", (event) => this.owner.selectSuggestion(value, event));
    el.addEventListener("auxclick", (event) => event.button === 1 && this.owner.selectSuggestion(value, event));
    return el;
  }

  private move(event: KeyboardEvent, by: number): false {
    const count = this.values.length;
    if (count > 0) this.mark((this.marked + by + count) % count);
    event.preventDefault();
    return false;
  }

  private jump(event: KeyboardEvent, to: number): false | undefined {
    if (!event.ctrlKey) return undefined;
    this.mark(to);
    return false;
  }

  mark(at: number): void {
    this.marked = at;
    this.items.forEach((el, index) => {
      el.toggleClass("is-selected", index === at);
      el.setAttribute("aria-selected", String(index === at));
    });
    const item = this.items[at];
    item?.scrollIntoView({ block: "nearest" });
    this.field?.setAttr("aria-activedescendant", item?.id ?? null);
  }

  choose(event: Choosing): void {
    const value = this.values[this.marked];
    if (value !== undefined) this.owner.selectSuggestion(value, event);
  }
}

export abstract class PopoverSuggest<T> extends Strict {
  scope: Scope;
  suggestEl: HTMLElement;
  _list: SuggestionList<T>;

  constructor(public app: App, scope?: Scope) {
    super();
    this.scope = scope ?? new Scope(app.scope);
    this.suggestEl = createDiv({ cls: "suggestion-container" });
    this._list = new SuggestionList(this.suggestEl.createDiv({ cls: "suggestion" }), null, this);
    this._list.listenIn(this.scope);
    this.scope.register([], "Escape", () => this.close());
  }
  open(): void {
    if (this.suggestEl.isConnected) return;
    document.body.appendChild(this.suggestEl);
    this.app.keymap.pushScope(this.scope);
  }
  close(): void {
    this.suggestEl.remove();
    this.app.keymap.popScope(this.scope);
  }
  _placeUnder(el: HTMLElement): void {
    const box = el.getBoundingClientRect();
    this.suggestEl.setCssStyles({ left: `${box.left}px`, top: `${box.bottom + 4}px`, minWidth: `${Math.min(box.width, 400)}px` });
  }
  abstract renderSuggestion(value: T, el: HTMLElement): void;
  abstract selectSuggestion(value: T, event: Choosing): void;
}

export abstract class AbstractInputSuggest<T> extends PopoverSuggest<T> {
  limit = 100;
  _chosen: ((value: T, event: Choosing) => unknown) | null = null;
  _asked = 0;

  constructor(app: App, readonly _field: HTMLInputElement | HTMLDivElement) {
    super(app);
    const ask = (): void => void this._ask();
    _field.addEventListener("focus", ask);
    _field.addEventListener("input", ask);
    _field.addEventListener("blur", () => this.close());
  }
  async _ask(): Promise<void> {
    this._asked += 1;
    const asked = this._asked;
    const values = await this.getSuggestions(this.getValue());
    if (asked !== this._asked || document.activeElement !== this._field) return;
    if (values.length === 0) return this.close();
    this._list.show(values.slice(0, this.limit));
    this._placeUnder(this._field);
    this.open();
  }
  setValue(value: string): void {
    if (this._field instanceof HTMLInputElement) this._field.value = value;
    else this._field.textContent = value;
  }
  getValue(): string {
    return this._field instanceof HTMLInputElement ? this._field.value : (this._field.textContent ?? "");
  }
  selectSuggestion(value: T, event: Choosing): void {
    this._chosen?.(value, event);
  }
  onSelect(callback: (value: T, event: Choosing) => unknown): this {
    this._chosen = callback;
    return this;
  }
  protected abstract getSuggestions(query: string): T[] | Promise<T[]>;
}
