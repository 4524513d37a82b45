/** What Obsidian adds to the page's own objects: createEl and its kin, short names for classes and texts, Array.contains … */

type Text = string | DocumentFragment;
type Info = DomElementInfo | string | undefined;

function fill(el: Element, info: Info): void {
  if (info === undefined) return;
  if (typeof info === "string") return void (el.className = info);
  if (info.cls !== undefined) el.classList.add(...classes(info.cls));
  if (info.text !== undefined) setText(el, info.text);
  if (info.title !== undefined) (el as HTMLElement).title = info.title;
  if (info.value !== undefined) (el as HTMLInputElement).value = info.value;
  if (info.type !== undefined) (el as HTMLInputElement).type = info.type;
  if (info.placeholder !== undefined) (el as HTMLInputElement).placeholder = info.placeholder;
  if (info.href !== undefined) (el as HTMLAnchorElement).href = info.href;
  for (const [name, value] of Object.entries(info.attr ?? {})) setAttr(el, name, value);
  if (info.parent !== undefined) put(info.parent, el, info.prepend);
}

const classes = (given: string | string[]): string[] => (typeof given === "string" ? given.split(/\s+/) : given).filter((name) => name !== "");
const put = (parent: Node, el: Node, first: boolean | undefined): void => void (first ? parent.insertBefore(el, parent.firstChild) : parent.appendChild(el));

function setText(el: Element, text: Text): void {
  if (typeof text === "string") el.textContent = text;
  else el.replaceChildren(text);
}

function setAttr(el: Element, name: string, value: string | number | boolean | null): void {
  if (value === null) el.removeAttribute(name);
  else el.setAttribute(name, String(value));
}

function make(tag: string, info: Info, callback?: (el: never) => void, within: Document = document): HTMLElement {
  const el = within.createElement(tag);
  fill(el, info);
  callback?.(el as never);
  return el;
}

function makeSvg(tag: string, info: SvgElementInfo | string | undefined, callback?: (el: never) => void): SVGElement {
  const el = document.createElementNS("http://www.w3.org/2000/svg", tag);
  if (typeof info === "string") el.setAttribute("class", info);
  else fill(el, info);
  callback?.(el as never);
  return el;
}

function placed<E extends Node>(parent: Node, el: E, info: Info | SvgElementInfo): E {
  put(parent, el, typeof info === "object" ? info.prepend : false);
  return el;
}

/** Add methods that do not show up in loops over the object. */
function extend(target: object, methods: object): void {
  for (const name of Object.keys(methods)) {
    Object.defineProperty(target, name, { ...Object.getOwnPropertyDescriptor(methods, name), configurable: true, enumerable: false });
  }
}

/** Every window has classes of its own: what is of one window's is not of another's, whatever its name. */
function isOne(thing: object, type: new () => unknown, win: Window): boolean {
  const there = (win as unknown as Record<string, unknown>)[type.name];
  return thing instanceof type || (typeof there === "function" && thing instanceof there);
}

type Migration = { el: HTMLElement; win: Window; told: (win: Window) => unknown };
const MIGRATIONS = new Set<Migration>();

/** Tell those who wait for it that their element is in another window. */
export function tellMigrated(): void {
  for (const one of [...MIGRATIONS]) {
    if (one.el.win === one.win) continue;
    one.win = one.el.win;
    one.told(one.win);
  }
}

const nodeMethods = {
  detach(this: Node) {
    this.parentNode?.removeChild(this);
  },
  empty(this: Node) {
    while (this.lastChild !== null) this.removeChild(this.lastChild);
  },
  insertAfter(this: Node, node: Node, child: Node | null) {
    return this.insertBefore(node, child === null ? this.firstChild : child.nextSibling);
  },
  indexOf(this: Node, other: Node) {
    return Array.from(this.childNodes).indexOf(other as ChildNode);
  },
  setChildrenInPlace(this: Element, children: Node[]) {
    this.replaceChildren(...children);
  },
  appendText(this: Node, text: string) {
    this.appendChild(this.doc.createTextNode(text));
  },
  instanceOf(this: Node, type: new () => unknown) {
    return isOne(this, type, this.win);
  },
  get doc() {
    return (this as unknown as Node).ownerDocument ?? (this as unknown as Document);
  },
  get win() {
    return (this as unknown as Node).doc.defaultView ?? window;
  },
  get constructorWin() {
    return window;
  },
  // What is made within a window of its own is of that window's classes.
  createEl(this: Node, tag: string, info?: Info, callback?: (el: never) => void) {
    return placed(this, make(tag, info, callback, this.doc), info);
  },
  createDiv(this: Node, info?: Info, callback?: (el: never) => void) {
    return placed(this, make("div", info, callback, this.doc), info);
  },
  createSpan(this: Node, info?: Info, callback?: (el: never) => void) {
    return placed(this, make("span", info, callback, this.doc), info);
  },
  createSvg(this: Node, tag: string, info?: SvgElementInfo | string, callback?: (el: never) => void) {
    return placed(this, makeSvg(tag, info, callback), info as SvgElementInfo);
  },
};

const elementMethods = {
  getText(this: Element) {
    return this.textContent ?? "";
  },
  setText(this: Element, text: Text) {
    setText(this, text);
  },
  addClass(this: Element, ...names: string[]) {
    this.classList.add(...names);
  },
  addClasses(this: Element, names: string[]) {
    this.classList.add(...names);
  },
  removeClass(this: Element, ...names: string[]) {
    this.classList.remove(...names);
  },
  removeClasses(this: Element, names: string[]) {
    this.classList.remove(...names);
  },
  toggleClass(this: Element, names: string | string[], on: boolean) {
    for (const name of classes(names)) this.classList.toggle(name, on);
  },
  hasClass(this: Element, name: string) {
    return this.classList.contains(name);
  },
  setAttr(this: Element, name: string, value: string | number | boolean | null) {
    setAttr(this, name, value);
  },
  setAttrs(this: Element, values: Record<string, string | number | boolean | null>) {
    for (const [name, value] of Object.entries(values)) setAttr(this, name, value);
  },
  getAttr(this: Element, name: string) {
    return this.getAttribute(name);
  },
  matchParent(this: Element, selector: string, last?: Element) {
    for (let el: Element | null = this; el !== null; el = el.parentElement) {
      if (el.matches(selector)) return el;
      if (el === last) return null;
    }
    return null;
  },
  getCssPropertyValue(this: Element, property: string, pseudo?: string) {
    return getComputedStyle(this, pseudo).getPropertyValue(property).trim();
  },
  isActiveElement(this: Element) {
    return this.doc.activeElement === this;
  },
  find(this: Element, selector: string) {
    return this.querySelector(selector);
  },
  findAll(this: Element, selector: string) {
    return Array.from(this.querySelectorAll(selector));
  },
  findAllSelf(this: Element, selector: string) {
    const below = Array.from(this.querySelectorAll(selector));
    return this.matches(selector) ? [this, ...below] : below;
  },
};

const styleMethods = {
  setCssStyles(this: HTMLElement, styles: Partial<CSSStyleDeclaration>) {
    Object.assign(this.style, styles);
  },
  setCssProps(this: HTMLElement, values: Record<string, string>) {
    for (const [name, value] of Object.entries(values)) this.style.setProperty(name, value);
  },
};

type Delegated = { selector: string; listener: unknown; callback: (event: Event) => void; type: string };
const DELEGATED = new WeakMap<EventTarget, Delegated[]>();

const delegation = {
  on(this: HTMLElement, type: string, selector: string, listener: (event: Event, target: HTMLElement) => void, options?: boolean | AddEventListenerOptions) {
    const callback = (event: Event): void => {
      const target = (event.target as Node | null)?.instanceOf(Element) === true ? (event.target as Element).closest(selector) : null;
      if (target !== null && this.contains(target)) listener.call(this, event, target as HTMLElement);
    };
    DELEGATED.set(this, [...(DELEGATED.get(this) ?? []), { selector, listener, callback, type }]);
    this.addEventListener(type, callback, options);
  },
  off(this: HTMLElement, type: string, selector: string, listener: unknown, options?: boolean | EventListenerOptions) {
    const known = DELEGATED.get(this) ?? [];
    for (const one of known.filter((k) => k.type === type && k.selector === selector && k.listener === listener)) this.removeEventListener(type, one.callback, options);
    DELEGATED.set(this, known.filter((k) => k.type !== type || k.selector !== selector || k.listener !== listener));
  },
};

const htmlMethods = {
  ...styleMethods,
  ...delegation,
  show(this: HTMLElement) {
    this.style.display = "";
  },
  hide(this: HTMLElement) {
    this.style.display = "none";
  },
  toggle(this: HTMLElement, on: boolean) {
    this.style.display = on ? "" : "none";
  },
  toggleVisibility(this: HTMLElement, on: boolean) {
    this.style.visibility = on ? "" : "hidden";
  },
  isShown(this: HTMLElement) {
    return this.offsetParent !== null;
  },
  get innerWidth(): number {
    const style = getComputedStyle(this as unknown as HTMLElement);
    return (this as unknown as HTMLElement).clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  },
  get innerHeight(): number {
    const style = getComputedStyle(this as unknown as HTMLElement);
    return (this as unknown as HTMLElement).clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
  },
  onClickEvent(this: HTMLElement, listener: (event: MouseEvent) => void, options?: boolean | AddEventListenerOptions) {
    this.addEventListener("click", listener, options);
    this.addEventListener("auxclick", listener, options);
  },
  onWindowMigrated(this: HTMLElement, told: (win: Window) => unknown) {
    const one = { el: this, win: this.win, told };
    MIGRATIONS.add(one);
    return () => void MIGRATIONS.delete(one);
  },
  trigger(this: HTMLElement, type: string) {
    this.dispatchEvent(new Event(type, { bubbles: true, cancelable: true }));
  },
};

const globals = {
  createEl: make,
  createDiv: (info?: Info, callback?: (el: never) => void) => make("div", info, callback),
  createSpan: (info?: Info, callback?: (el: never) => void) => make("span", info, callback),
  createSvg: makeSvg,
  createFragment: (callback?: (el: DocumentFragment) => void) => {
    const fragment = document.createDocumentFragment();
    callback?.(fragment);
    return fragment;
  },
  isBoolean: (value: unknown) => typeof value === "boolean",
  fish: (selector: string) => document.querySelector(selector),
  fishAll: (selector: string) => Array.from(document.querySelectorAll(selector)),
  sleep: (ms: number) => new Promise<void>((done) => window.setTimeout(done, ms)),
  nextFrame: () => new Promise<void>((done) => window.requestAnimationFrame(() => done())),
  ready: (callback: () => unknown) => void callback(),
};

const arrayMethods = {
  first(this: unknown[]) {
    return this[0];
  },
  last(this: unknown[]) {
    return this[this.length - 1];
  },
  contains(this: unknown[], target: unknown) {
    return this.includes(target);
  },
  remove(this: unknown[], target: unknown) {
    for (let at = this.indexOf(target); at >= 0; at = this.indexOf(target)) this.splice(at, 1);
  },
  unique(this: unknown[]) {
    return [...new Set(this)];
  },
};

/** What the classes of a window's page get: each window has its own. */
export function extendWindow(win: Window & typeof globalThis): void {
  extend(win.Node.prototype, nodeMethods);
  extend(win.Element.prototype, elementMethods);
  extend(win.HTMLElement.prototype, htmlMethods);
  extend(win.SVGElement.prototype, styleMethods);
  extend(win.Document.prototype, delegation);
  extend(win.DocumentFragment.prototype, { find: elementMethods.find, findAll: elementMethods.findAll });
  extend(win.UIEvent.prototype, {
    get doc() {
      return win.document;
    },
    get win() {
      return win;
    },
    get targetNode() {
      return (this as unknown as UIEvent).target;
    },
    instanceOf(this: UIEvent, type: new () => unknown) {
      return isOne(this, type, win);
    },
  });
}

/** The window that somebody is in is the active one. */
export function becomeActive(win: Window): void {
  Object.assign(window, { activeWindow: win, activeDocument: win.document });
}

export function extendThePage(): void {
  extendWindow(window);
  extend(Array.prototype, arrayMethods);
  extend(String.prototype, {
    contains(this: string, target: string) {
      return this.includes(target);
    },
  });
  extend(Object, {
    isEmpty: (object: object) => Object.keys(object).length === 0,
    each: (object: Record<string, unknown>, callback: (value: unknown, key: string) => boolean | void) => {
      for (const [key, value] of Object.entries(object)) if (callback(value, key) === false) return false;
      return true;
    },
  });
  extend(String, { isString: (value: unknown) => typeof value === "string" });
  extend(Number, { isNumber: (value: unknown) => typeof value === "number" });
  extend(Array, { combine: (arrays: unknown[][]) => arrays.flat() });
  extend(Math, { clamp: (value: number, min: number, max: number) => Math.min(Math.max(value, min), max), square: (value: number) => value * value });
  Object.assign(window, globals);
  becomeActive(window);
}
