/** Asks all that a prompt wants to know, in one form. */
import { Modal, Setting, type App } from "obsidian";
import type { Question } from "../../core/templates/fill";
import type { Texts } from "../../core/texts/texts";

export class QuestionsModal extends Modal {
  #answers: string[];
  #given = false;

  private constructor(
    app: App,
    private readonly texts: Texts,
    private readonly about: { readonly name: string; readonly questions: readonly Question[]; readonly answered: (answers: readonly string[] | null) => void },
  ) {
    super(app);
    this.#answers = about.questions.map(({ initial }) => initial);
  }

  /** Answers in the order of the questions; `null` when the user leaves. */
  static ask(app: App, texts: Texts, name: string, questions: readonly Question[]): Promise<readonly string[] | null> {
    return new Promise((answered) => new QuestionsModal(app, texts, { name, questions, answered }).open());
  }

  override onOpen(): void {
    this.setTitle(this.about.name);
    const form = this.contentEl.createEl("form", { cls: "sidecar-questions" });
    this.about.questions.forEach((question, place) => this.#field(form, question, place));
    const row = form.createDiv({ cls: "modal-button-container" });
    row.createEl("button", { cls: "mod-cta", text: this.texts("text.do.run"), attr: { type: "submit" } });
    row.createEl("button", { text: this.texts("text.do.cancel"), attr: { type: "button" } }).addEventListener("click", () => this.close());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#given = true;
      this.close();
    });
    form.querySelector<HTMLElement>("input, select")?.focus();
  }

  override onClose(): void {
    this.contentEl.empty();
    this.about.answered(this.#given ? this.#answers : null);
  }

  #field(form: HTMLElement, { question, initial, options }: Question, place: number): void {
    const setting = new Setting(form).setName(question);
    const keep = (answer: string): void => void (this.#answers[place] = answer);
    if (options.length === 0) {
      setting.addText((field) => {
        field.setValue(initial).onChange(keep);
        field.inputEl.setAttribute("aria-label", question);
      });
      return;
    }
    setting.addDropdown((field) => {
      for (const option of options) field.addOption(option, option);
      field.setValue(initial).onChange(keep);
      field.selectEl.setAttribute("aria-label", question);
    });
  }
}
