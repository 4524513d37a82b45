/** Shows what will change in a note, and lets it happen or not. */
import { Modal, type App } from "obsidian";
import { diffLines } from "../../core/text_diff";
import type { Texts } from "../../core/texts/texts";
import { spokenLabel } from "./spoken_label";

export interface Change {
  readonly title: string;
  readonly confirm: string;
  readonly before: string;
  readonly after: string;
}

/** Lines around a change that are shown as they are. */
const AROUND = 2;

export class ChangePreview extends Modal {
  private agreed = false;

  private constructor(
    app: App,
    private readonly texts: Texts,
    private readonly change: Change,
    private readonly answered: (agreed: boolean) => void,
  ) {
    super(app);
  }

  /** Ask; true when the change is wanted. */
  static agree(app: App, texts: Texts, change: Change): Promise<boolean> {
    return new Promise((resolve) => new ChangePreview(app, texts, change, resolve).open());
  }

  override onOpen(): void {
    this.titleEl.setText(this.change.title);
    this.modalEl.addClass("sidecar-ask-change");
    const lines = this.contentEl.createDiv({ cls: "sidecar-ask-diff", attr: { role: "group", tabindex: "0" } });
    spokenLabel(lines, this.texts("ask.change"));
    this.draw(lines);
    const buttons = this.contentEl.createDiv({ cls: "modal-button-container" });
    const agree = buttons.createEl("button", { cls: "mod-cta", text: this.change.confirm });
    agree.addEventListener("click", () => {
      this.agreed = true;
      this.close();
    });
    buttons.createEl("button", { text: this.texts("ask.cancel") }).addEventListener("click", () => this.close());
    agree.focus();
  }

  override onClose(): void {
    this.contentEl.empty();
    this.answered(this.agreed);
  }

  private draw(el: HTMLElement): void {
    const differences = diffLines(this.change.before, this.change.after);
    for (const [place, { kind, text }] of differences.entries()) {
      if (kind === "same") this.same(el, text, place === 0, place === differences.length - 1);
      else this.changed(el, kind, text);
    }
  }

  private changed(el: HTMLElement, kind: "added" | "removed", text: string): void {
    const block = el.createDiv({ cls: `sidecar-ask-${kind}` });
    block.createSpan({ cls: "sidecar-ask-spoken", text: this.texts(`ask.change.${kind}`) });
    block.createEl("pre", { text: text.replace(/\n$/, "") });
  }

  /** What stays is shown next to a change only. */
  private same(el: HTMLElement, text: string, first: boolean, last: boolean): void {
    const lines = text.replace(/\n$/, "").split("\n");
    const head = first ? [] : lines.slice(0, AROUND);
    const tail = last ? [] : lines.slice(Math.max(head.length, lines.length - AROUND));
    const hidden = lines.length - head.length - tail.length;
    if (head.length > 0) el.createEl("pre", { text: head.join("\n") });
    if (hidden > 0) el.createDiv({ cls: "sidecar-ask-hidden", text: this.texts("ask.change.same", { count: hidden }) });
    if (tail.length > 0) el.createEl("pre", { text: tail.join("\n") });
  }
}
