/** Says what is wrong with a prompt, where, and leads there. */
import { Modal, type App } from "obsidian";
import type { PromptProblem } from "../../core/templates/prompt_note";
import type { Texts } from "../../core/texts/texts";
import type { PromptEntry } from "./prompt_catalog";

export class PromptProblemsModal extends Modal {
  constructor(
    app: App,
    private readonly texts: Texts,
    private readonly entry: PromptEntry,
  ) {
    super(app);
  }

  override onOpen(): void {
    this.setTitle(this.texts("text.prompt.broken", { name: this.entry.name }));
    const list = this.contentEl.createEl("ul");
    for (const problem of this.entry.problems) this.#item(list, problem);
    const row = this.contentEl.createDiv({ cls: "modal-button-container" });
    const open = row.createEl("button", { cls: "mod-cta", text: this.texts("text.prompt.open"), attr: { type: "button" } });
    open.addEventListener("click", () => void this.#open(lineOf(this.entry.problems[0])));
    open.focus();
  }

  override onClose(): void {
    this.contentEl.empty();
  }

  #item(list: HTMLElement, problem: PromptProblem): void {
    const item = list.createEl("li");
    const line = lineOf(problem);
    const said = problemText(this.texts, problem);
    if (line === null) return item.setText(said);
    const link = item.createEl("a", { text: this.texts("text.prompt.line", { count: line }), attr: { href: "#" } });
    link.addEventListener("click", (event) => (event.preventDefault(), void this.#open(line)));
    item.appendText(` ${said}`);
  }

  async #open(line: number | null): Promise<void> {
    this.close();
    const eState = line === null ? {} : { eState: { line: line - 1 } };
    await this.app.workspace.getLeaf("tab").openFile(this.entry.file, { active: true, ...eState });
  }
}

function lineOf(problem: PromptProblem | undefined): number | null {
  return problem !== undefined && "line" in problem ? problem.line : null;
}

export function problemText(texts: Texts, problem: PromptProblem): string {
  if (problem.key === "bad_property") {
    const allowed = problem.allowed.join(", ");
    return texts(allowed === "" ? "text.template.bad_property" : "text.template.bad_property_of", { name: problem.name, allowed });
  }
  return texts(`text.template.${problem.key}`, { name: "name" in problem ? problem.name : "" });
}
