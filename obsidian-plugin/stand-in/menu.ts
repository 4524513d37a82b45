/** Menus of things to do, usable with the keyboard. */
import { Component } from "./events";
import { setIcon } from "./icons";
import { Strict } from "./strict";

export class MenuItem extends Strict {
  dom: HTMLElement;
  _title: HTMLElement;
  _icon: HTMLElement;
  _click: ((event: MouseEvent | KeyboardEvent) => unknown) | null = null;
  _section = "";

  constructor(readonly _menu: Menu) {
    super();
    this.dom = createDiv({ cls: "menu-item tappable", attr: { role: "menuitem", tabindex: "-1" } });
    this._icon = this.dom.createDiv({ cls: "menu-item-icon" });
    this._title = this.dom.createDiv({ cls: "menu-item-title" });
    this.dom.addEventListener("click", (event) => this._choose(event));
    this.dom.addEventListener("mousemove", () => this.dom.focus());
  }
  _choose(event: MouseEvent | KeyboardEvent): void {
    if (this.dom.getAttribute("aria-disabled") === "true" || this.dom.hasClass("is-label")) return;
    this._menu.hide();
    this._click?.(event);
  }
  setTitle(title: string | DocumentFragment): this {
    this._title.setText(title);
    return this;
  }
  setIcon(icon: string | null): this {
    setIcon(this._icon, icon ?? "");
    return this;
  }
  setChecked(checked: boolean | null): this {
    this.dom.setAttribute("role", checked === null ? "menuitem" : "menuitemcheckbox");
    this.dom.setAttr("aria-checked", checked);
    this.dom.toggleClass("mod-checked", checked === true);
    return this;
  }
  setDisabled(disabled: boolean): this {
    this.dom.toggleClass("is-disabled", disabled);
    this.dom.setAttr("aria-disabled", disabled);
    return this;
  }
  setWarning(warning: boolean): this {
    this.dom.toggleClass("is-warning", warning);
    return this;
  }
  setIsLabel(label: boolean): this {
    this.dom.toggleClass("is-label", label);
    return this;
  }
  setSection(section: string): this {
    this._section = section;
    return this;
  }
  onClick(callback: (event: MouseEvent | KeyboardEvent) => unknown): this {
    this._click = callback;
    return this;
  }
}

export class MenuSeparator extends Strict {}

let open: Menu | null = null;

export class Menu extends Component {
  dom: HTMLElement;
  _items: MenuItem[] = [];
  _onHide: (() => unknown)[] = [];
  _before: Element | null = null;
  _outside = (event: Event): void => void (event.target instanceof Node && this.dom.contains(event.target) ? undefined : this.hide());

  constructor() {
    super();
    this.dom = createDiv({ cls: "menu", attr: { role: "menu", tabindex: "-1" } });
    this.dom.addEventListener("keydown", (event) => this._key(event));
  }
  static forEvent(event: MouseEvent): Menu {
    const menu = new Menu();
    event.preventDefault();
    window.setTimeout(() => menu.showAtMouseEvent(event));
    return menu;
  }
  setNoIcon(): this {
    this.dom.addClass("mod-no-icon");
    return this;
  }
  setUseNativeMenu(): this {
    return this;
  }
  addItem(build: (item: MenuItem) => unknown): this {
    const item = new MenuItem(this);
    build(item);
    this._items.push(item);
    this.dom.appendChild(item.dom);
    return this;
  }
  addSeparator(): this {
    this.dom.createDiv({ cls: "menu-separator", attr: { role: "separator" } });
    return this;
  }
  showAtMouseEvent(event: MouseEvent): this {
    return this.showAtPosition({ x: event.clientX, y: event.clientY });
  }
  showAtPosition(at: { x: number; y: number }): this {
    open?.hide();
    open = this;
    this._before = document.activeElement;
    document.body.appendChild(this.dom);
    const { width, height } = this.dom.getBoundingClientRect();
    this.dom.style.left = `${Math.max(0, Math.min(at.x, window.innerWidth - width))}px`;
    this.dom.style.top = `${Math.max(0, Math.min(at.y, window.innerHeight - height))}px`;
    window.setTimeout(() => document.addEventListener("mousedown", this._outside, true));
    this._enabled()[0]?.dom.focus();
    this.load();
    return this;
  }
  _enabled(): MenuItem[] {
    return this._items.filter((item) => item.dom.getAttribute("aria-disabled") !== "true" && !item.dom.hasClass("is-label"));
  }
  _key(event: KeyboardEvent): void {
    const items = this._enabled();
    const at = items.findIndex((item) => item.dom === document.activeElement);
    const go = (to: number): void => items[(to + items.length) % items.length]?.dom.focus();
    const keys: Record<string, () => void> = {
      ArrowDown: () => go(at + 1), ArrowUp: () => go(at < 0 ? items.length - 1 : at - 1), Home: () => go(0), End: () => go(items.length - 1),
      Escape: () => this.hide(), Tab: () => this.hide(), Enter: () => items[at]?._choose(event), " ": () => items[at]?._choose(event),
    };
    const run = keys[event.key];
    if (run === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  }
  hide(): this {
    if (open === this) open = null;
    document.removeEventListener("mousedown", this._outside, true);
    if (!this.dom.isConnected) return this;
    this.dom.remove();
    if (this._before instanceof HTMLElement) this._before.focus();
    this.unload();
    for (const callback of this._onHide) callback();
    return this;
  }
  close(): void {
    this.hide();
  }
  onHide(callback: () => unknown): void {
    this._onHide.push(callback);
  }
}
