/** Notices at the corner of the window; the page remembers what they said. */
import { Strict } from "./strict";

export const said: string[] = [];

function holder(): HTMLElement {
  return document.querySelector<HTMLElement>(".notice-container") ?? document.body.createDiv({ cls: "notice-container" });
}

export class Notice extends Strict {
  containerEl: HTMLElement;
  messageEl: HTMLElement;
  noticeEl: HTMLElement;
  _timer = 0;

  constructor(message: string | DocumentFragment, duration?: number) {
    super();
    this.containerEl = holder();
    this.noticeEl = this.containerEl.createDiv({ cls: "notice", attr: { role: "status" } });
    this.messageEl = this.noticeEl.createDiv({ cls: "notice-message" });
    this.noticeEl.addEventListener("click", () => this.hide());
    this.setMessage(message);
    if (duration !== 0) this._timer = window.setTimeout(() => this.hide(), duration ?? 5000);
  }
  setMessage(message: string | DocumentFragment): this {
    this.messageEl.setText(message);
    said.push(this.messageEl.textContent ?? "");
    return this;
  }
  hide(): void {
    window.clearTimeout(this._timer);
    this.noticeEl.remove();
    if (this.containerEl.childElementCount === 0) this.containerEl.remove();
  }
}
