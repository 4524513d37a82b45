/** Page preview: the note behind a link, in a popover, while the pointer is on the link. */
import type { App } from "./app";
import { Component } from "./events";
import { Keymap } from "./keymap";
import { renderInto } from "./markdown";
import { parseLinktext, resolveSubpath } from "./metadata";

type Parent = { hoverPopover: unknown };
export type HoverLink = { event: MouseEvent | FocusEvent | KeyboardEvent; source: string; hoverParent: Parent; targetEl: HTMLElement | null; linktext: string; sourcePath?: string };

export class HoverPopover extends Component {
  hoverEl: HTMLElement;
  _timer: number;
  constructor(readonly _parent: Parent, readonly _targetEl: HTMLElement | null, waitTime = 300) {
    super();
    _parent.hoverPopover = this;
    this.hoverEl = createDiv({ cls: "popover hover-popover", attr: { role: "tooltip" } });
    this._timer = window.setTimeout(() => this._show(), waitTime);
    _targetEl?.addEventListener("mouseleave", (event) => this._left(event));
    _targetEl?.addEventListener("blur", () => this._hide());
    this.hoverEl.addEventListener("mouseleave", () => this._hide());
  }
  _show(): void {
    const box = this._targetEl?.getBoundingClientRect() ?? new DOMRect();
    (this._targetEl?.doc ?? document).body.appendChild(this.hoverEl);
    const { width, height } = this.hoverEl.getBoundingClientRect();
    this.hoverEl.setCssStyles({ left: `${Math.max(8, Math.min(box.left, window.innerWidth - width - 8))}px`, top: `${box.bottom + height > window.innerHeight ? Math.max(8, box.top - height) : box.bottom}px` });
    this.load();
  }
  _left(event: MouseEvent): void {
    if (!((event.relatedTarget as Node | null)?.instanceOf(Node) === true && this.hoverEl.contains(event.relatedTarget as Node))) this._hide();
  }
  _hide(): void {
    window.clearTimeout(this._timer);
    this.hoverEl.remove();
    if (this._parent.hoverPopover === this) this._parent.hoverPopover = null;
    this.unload();
  }
}

export function showPreview(app: App, link: HoverLink, defaultMod: boolean): void {
  const { path, subpath } = parseLinktext(link.linktext);
  const file = app.metadataCache.getFirstLinkpathDest(path, link.sourcePath ?? "");
  if (file === null || (defaultMod && Keymap.isModEvent(link.event as MouseEvent) === false)) return;
  const text = app.vault._texts.get(file.path) ?? "";
  const place = subpath === "" ? null : resolveSubpath(app.metadataCache.getFileCache(file) ?? {}, subpath);
  const popover = new HoverPopover(link.hoverParent, link.targetEl);
  popover.hoverEl.dataset["path"] = file.path;
  popover.hoverEl.createDiv({ cls: "markdown-embed-title", text: file.basename });
  renderInto(popover.hoverEl.createDiv({ cls: "markdown-rendered" }), place === null ? text : text.slice(place.start.offset, place.end?.offset));
}
