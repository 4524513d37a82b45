/** Shows what will change in a note, and lets it happen or not. */
import { Modal, type App } from "obsidian";
import type { Texts } from "../../core/texts/texts";
import { drawLines } from "../difference";
import { spokenLabel } from "../spoken_label";

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
    const lines = this.contentEl.createDiv({ cls: "sidecar-difference", attr: { role: "group", tabindex: "0" } });
    spokenLabel(lines, this.texts("change.title"));
    drawLines(lines, this.texts, { ...this.change, around: AROUND });
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
}
