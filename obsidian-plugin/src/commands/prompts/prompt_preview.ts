/** Shows what a prompt says once it is filled in, before anything is asked of a model. */
import { Modal, type App } from "obsidian";
import type { Texts } from "../../core/texts/texts";
import { labelledBy } from "../../views/spoken_label";

export interface Filled {
  readonly name: string;
  readonly system: string | null;
  readonly text: string;
  readonly run: () => void;
}

export class PromptPreviewModal extends Modal {
  constructor(
    app: App,
    private readonly texts: Texts,
    private readonly filled: Filled,
  ) {
    super(app);
  }

  override onOpen(): void {
    const { name, system, text, run } = this.filled;
    this.setTitle(this.texts("text.prompt.preview", { name }));
    if (system !== null) this.#part(this.texts("text.prompt.system"), system);
    this.#part(this.texts("text.prompt.text"), text);
    const row = this.contentEl.createDiv({ cls: "modal-button-container" });
    const button = row.createEl("button", { cls: "mod-cta", text: this.texts("text.do.run"), attr: { type: "button" } });
    button.addEventListener("click", () => (this.close(), run()));
    row.createEl("button", { text: this.texts("text.do.cancel"), attr: { type: "button" } }).addEventListener("click", () => this.close());
    button.focus();
  }

  override onClose(): void {
    this.contentEl.empty();
  }

  #part(label: string, text: string): void {
    const heading = this.contentEl.createEl("h3", { text: label });
    labelledBy(this.contentEl.createEl("pre", { cls: "sidecar-draft-body", text, attr: { tabindex: "0", role: "group" } }), heading);
  }
}
