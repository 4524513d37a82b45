/** A window of its own with leaves in it: another page, with classes of its own, on which the same app writes. */
import type { App } from "./app";
import { becomeActive, extendWindow } from "./dom";
import { Split } from "./leaf";

export class Popout extends Split {
  _win: Window & typeof globalThis;

  constructor(app: App) {
    super(app, "popout");
    const opened = window.open("", "", "popup,width=700,height=700");
    if (opened === null) throw new Error("The browser opened no window.");
    this._win = opened as Window & typeof globalThis;
    extendWindow(this._win);
    const { document: page } = this._win;
    page.title = "Obsidian";
    for (const style of document.head.querySelectorAll("style, link[rel=stylesheet]")) page.head.append(page.importNode(style, true));
    page.body.className = document.body.className;
    page.body.append(this.containerEl);
    for (const type of ["focus", "pointerdown"]) this._win.addEventListener(type, () => becomeActive(this._win), { capture: true });
    this._win.addEventListener("keydown", (event) => app.keymap._hear(event), { capture: true });
    for (const type of ["focus", "pointerdown"]) window.addEventListener(type, this._left, { capture: true });
  }
  _left = (): void => becomeActive(window);
  _close(): void {
    for (const type of ["focus", "pointerdown"]) window.removeEventListener(type, this._left, { capture: true });
    this._win.close();
  }
}
