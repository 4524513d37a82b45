/** What the view shows before anything was asked: what it does, and three questions to begin with. */
import type { Texts } from "../../core/texts/texts";
import { spokenLabel } from "../spoken_label";

const EXAMPLES = ["ask.example.week", "ask.example.tasks", "ask.example.about"] as const;

export class EmptyState {
  private readonly el: HTMLElement;

  constructor(parent: HTMLElement, texts: Texts, chosen: (question: string) => void) {
    this.el = parent.createDiv({ cls: "sidecar-ask-empty" });
    this.el.createEl("p", { text: texts("ask.empty") });
    const list = this.el.createEl("ul");
    spokenLabel(list, texts("ask.examples"));
    for (const key of EXAMPLES) {
      const question = texts(key);
      const shown = question.endsWith(" ") ? `${question}…` : question;
      list.createEl("li").createEl("button", { text: shown, attr: { type: "button" } }).addEventListener("click", () => chosen(question));
    }
  }

  show(there: boolean): void {
    this.el.toggle(there);
  }
}
