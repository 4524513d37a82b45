/** Modals, and those that suggest while one types. */
import type { App } from "./app";
import { prepareFuzzySearch, renderResults, type Match } from "./fuzzy";
import { setIcon } from "./icons";
import { Scope } from "./keymap";
import { Strict } from "./strict";
import { SuggestionList } from "./suggestions";

type Choosing = MouseEvent | KeyboardEvent;

export class Modal extends Strict {
  scope: Scope;
  containerEl: HTMLElement;
  modalEl: HTMLElement;
  titleEl: HTMLElement;
  contentEl: HTMLElement;
  shouldRestoreSelection = true;
  _headerEl: HTMLElement;
  _open = false;
  _focused: Element | null = null;
  _onClosed: (() => unknown) | null = null;

  constructor(public app: App) {
    super();
    this.scope = new Scope(app.scope);
    this.containerEl = createDiv({ cls: "modal-container" });
    this.containerEl.createDiv({ cls: "modal-bg" }).addEventListener("click", () => this.close());
    this.modalEl = this.containerEl.createDiv({ cls: "modal", attr: { role: "dialog", "aria-modal": "true" } });
    const shut = this.modalEl.createEl("button", { cls: "modal-close-button clickable-icon", attr: { "aria-label": "Close" } });
    setIcon(shut, "x");
    shut.addEventListener("click", () => this.close());
    this._headerEl = this.modalEl.createDiv({ cls: "modal-header" });
    this.titleEl = this._headerEl.createDiv({ cls: "modal-title" });
    this.contentEl = this.modalEl.createDiv({ cls: "modal-content" });
    this.scope.register([], "Escape", () => this.close());
  }
  open(): void {
    if (this._open) return;
    this._open = true;
    this._focused = activeDocument.activeElement;
    // In the window that somebody is in.
    activeDocument.body.appendChild(this.containerEl);
    this.app.keymap.pushScope(this.scope);
    void this.onOpen();
    const title = this.titleEl.textContent ?? "";
    if (title !== "" && !this.modalEl.hasAttribute("aria-label")) this.modalEl.setAttribute("aria-label", title);
    // Obsidian gives the first field the focus, unless onOpen gave it away already.
    if (!this.modalEl.contains(this.modalEl.doc.activeElement)) this.modalEl.querySelector<HTMLElement>("input, textarea, select, button:not(.modal-close-button)")?.focus();
  }
  close(): void {
    if (!this._open) return;
    this._open = false;
    this.app.keymap.popScope(this.scope);
    this.containerEl.remove();
    this.onClose();
    this._onClosed?.();
    if (this.shouldRestoreSelection && this._focused?.instanceOf(HTMLElement) === true) this._focused.focus();
  }
  onOpen(): unknown {
    return undefined;
  }
  onClose(): void {}
  setTitle(title: string): this {
    this.titleEl.setText(title);
    return this;
  }
  setContent(content: string | DocumentFragment): this {
    this.contentEl.setText(content);
    return this;
  }
  setCloseCallback(callback: () => unknown): this {
    this._onClosed = callback;
    return this;
  }
}

export abstract class SuggestModal<T> extends Modal {
  limit = 100;
  emptyStateText = "No results found.";
  inputEl: HTMLInputElement;
  resultContainerEl: HTMLElement;
  _list: SuggestionList<T>;
  _asked = 0;

  constructor(app: App) {
    super(app);
    this.modalEl.className = "prompt";
    this.modalEl.empty();
    const line = this.modalEl.createDiv({ cls: "prompt-input-container" });
    this.inputEl = line.createEl("input", { cls: "prompt-input", type: "text", attr: { autocapitalize: "off", spellcheck: "false", enterkeyhint: "done", role: "combobox", "aria-expanded": "true", "aria-autocomplete": "list" } });
    this.resultContainerEl = this.modalEl.createDiv({ cls: "prompt-results" });
    this._list = new SuggestionList(this.resultContainerEl, this.inputEl, this);
    this.inputEl.addEventListener("input", () => this._update());
    this._list.listenIn(this.scope);
  }
  override open(): void {
    super.open();
    this.inputEl.focus();
    this._update();
  }
  _update(): void {
    this._asked += 1;
    const asked = this._asked;
    const answer = this.getSuggestions(this.inputEl.value);
    if (answer instanceof Promise) void answer.then((values) => asked === this._asked && this._show(values));
    else this._show(answer);
  }
  _show(values: T[]): void {
    if (values.length === 0) {
      this._list.show([]);
      this.onNoSuggestion();
    } else this._list.show(values.slice(0, this.limit));
  }
  setPlaceholder(text: string): void {
    this.inputEl.placeholder = text;
    if (!this.inputEl.hasAttribute("aria-label")) this.inputEl.setAttribute("aria-label", text);
  }
  setInstructions(instructions: { command: string; purpose: string }[]): void {
    this.modalEl.querySelector(".prompt-instructions")?.remove();
    const el = this.modalEl.createDiv({ cls: "prompt-instructions" });
    for (const { command, purpose } of instructions) {
      const one = el.createDiv({ cls: "prompt-instruction" });
      one.createSpan({ cls: "prompt-instruction-command", text: command });
      one.createSpan({ text: purpose });
    }
  }
  onNoSuggestion(): void {
    this.resultContainerEl.empty();
    if (this.emptyStateText !== "") this.resultContainerEl.createDiv({ cls: "suggestion-empty", text: this.emptyStateText });
  }
  selectSuggestion(value: T, event: Choosing): void {
    this.app.lastEvent = event;
    this.close();
    this.onChooseSuggestion(value, event);
  }
  selectActiveSuggestion(event: Choosing): void {
    this._list.choose(event);
  }
  abstract getSuggestions(query: string): T[] | Promise<T[]>;
  abstract renderSuggestion(value: T, el: HTMLElement): void;
  abstract onChooseSuggestion(value: T, event: Choosing): void;
}

type Fuzzy<T> = { item: T; match: Match };

export abstract class FuzzySuggestModal<T> extends SuggestModal<Fuzzy<T>> {
  getSuggestions(query: string): Fuzzy<T>[] {
    const search = prepareFuzzySearch(query);
    const found = this.getItems().map((item) => ({ item, match: search(this.getItemText(item)) }));
    return found.filter((one): one is Fuzzy<T> => one.match !== null).sort((a, b) => b.match.score - a.match.score);
  }
  renderSuggestion({ item, match }: Fuzzy<T>, el: HTMLElement): void {
    renderResults(el, this.getItemText(item), match);
  }
  onChooseSuggestion({ item }: Fuzzy<T>, event: Choosing): void {
    this.onChooseItem(item, event);
  }
  abstract getItems(): T[];
  abstract getItemText(item: T): string;
  abstract onChooseItem(item: T, event: Choosing): void;
}
