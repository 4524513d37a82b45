/** Asks what is to be done, in the user's own words; those given lately can be had again. */
import { Modal, type App } from "obsidian";
import type { Texts } from "../core/texts/texts";
import { composes } from "../views/composing";
import { spokenLabel } from "../views/spoken_label";

export interface Question {
  readonly title: string;
  /** What the instruction is for, in a sentence. */
  readonly about?: string;
  readonly history: readonly string[];
  readonly given: (instruction: string) => void;
}

export class InstructionModal extends Modal {
  #field: HTMLTextAreaElement | null = null;

  constructor(
    app: App,
    private readonly texts: Texts,
    private readonly question: Question,
  ) {
    super(app);
  }

  override onOpen(): void {
    this.setTitle(this.question.title);
    this.modalEl.addClass("sidecar-instruction");
    if (this.question.about !== undefined) this.contentEl.createEl("p", { text: this.question.about });
    const form = this.contentEl.createEl("form");
    const label = this.texts("text.instruction");
    const field = form.createEl("textarea", { placeholder: this.texts("text.instruction.example"), attr: { "aria-label": label, rows: "3" } });
    this.#field = field;
    this.#offerHistory(form, field);
    const row = form.createDiv({ cls: "modal-button-container" });
    row.createEl("button", { cls: "mod-cta", text: this.texts("text.do.run"), attr: { type: "submit" } });
    row.createEl("button", { text: this.texts("text.do.cancel"), attr: { type: "button" } }).addEventListener("click", () => this.close());
    form.addEventListener("submit", (event) => (event.preventDefault(), this.#give()));
    field.addEventListener("keydown", (event) => this.#key(event));
    field.focus();
  }

  override onClose(): void {
    this.contentEl.empty();
  }

  #offerHistory(form: HTMLElement, field: HTMLTextAreaElement): void {
    if (this.question.history.length === 0) return;
    const list = form.createDiv({ cls: "sidecar-instruction-history", attr: { role: "group" } });
    spokenLabel(list, this.texts("text.instruction.lately"));
    for (const instruction of this.question.history.slice(0, 6)) {
      const button = list.createEl("button", { text: instruction, attr: { type: "button" } });
      button.addEventListener("click", () => {
        field.value = instruction;
        field.focus();
      });
    }
  }

  // Enter gives it, as in a chat; Shift+Enter is a new line. An input method's own Enter is neither.
  #key(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.shiftKey || composes(event)) return;
    event.preventDefault();
    this.#give();
  }

  #give(): void {
    const instruction = this.#field?.value.trim() ?? "";
    if (instruction === "") return void this.#field?.focus();
    this.close();
    this.question.given(instruction);
  }
}
