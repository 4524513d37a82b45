/** Runs a prompt: finds its passage, fills it in, and has the answer written, or hands it to the view that asks. */
import { Notice } from "obsidian";
import type { Context } from "../../context";
import { asProblem } from "../../core/problem";
import { fill } from "../../core/templates/fill";
import { uses } from "../../core/templates/template";
import type { Prompt } from "../../core/templates/prompt_note";
import type { Assignment } from "../../core/text_commands/draft";
import type { Passage } from "../../core/text_commands/passage";
import { outcomeOf, promptPassage } from "../../core/text_commands/prompt_passage";
import { promptMessages } from "../../core/text_commands/task_messages";
import { ASK_VIEW } from "../../views/ask/note_links";
import { AskView } from "../../views/ask/view";
import { problemLines } from "../draft_panel";
import { selectionOf, type Asking, type Drafts, type Where } from "../drafts";
import type { PromptEntry } from "./prompt_catalog";
import { PromptPreviewModal } from "./prompt_preview";
import { PromptProblemsModal } from "./prompt_problems";
import { PromptValues } from "./prompt_values";

export class PromptRunning {
  constructor(
    private readonly context: Context,
    private readonly drafts: Drafts,
  ) {}

  async run(entry: PromptEntry, where: Where): Promise<void> {
    const { prompt } = entry;
    // Nobody is asked anything for an answer that cannot be written.
    if (prompt !== null && prompt.output !== "ask-view" && !this.drafts.canWrite()) return;
    // The note may be somebody else's, and nobody can know what is on the clipboard: what goes out with it is shown first.
    if (prompt !== null && prompt.output !== "ask-view" && uses(prompt.template.nodes, "clipboard")) return this.preview(entry, where);
    await this.#filled(entry, where, (filled) => void this.#go(where, filled));
  }

  preview(entry: PromptEntry, where: Where): Promise<void> {
    const { app, texts } = this.context;
    return this.#filled(entry, where, (filled) => {
      const { name, system } = filled.prompt;
      new PromptPreviewModal(app, texts, { name, system, text: filled.text, run: () => void this.#go(where, filled) }).open();
    });
  }

  async #filled({ prompt, ...entry }: PromptEntry, { editor, file }: Where, then: (filled: Filled) => void): Promise<void> {
    const { app, texts } = this.context;
    if (prompt === null) return new PromptProblemsModal(app, texts, { prompt, ...entry }).open();
    if (file?.extension !== "md") return void new Notice(texts("text.no_note"));
    const note = editor.getValue();
    const passage = promptPassage(prompt, note, selectionOf(editor));
    if (passage === null) return void new Notice(texts("text.nothing_here"));
    try {
      const values = new PromptValues(this.context, { file, note, passage }, prompt.name, this.drafts.kept);
      const text = await fill(prompt.template, values, { now: new Date(this.context.clock.now()), language: texts.language });
      if (text === null) return;
      const count = values.leftOut.size;
      if (count > 0) new Notice(texts("text.kept.left_out", { name: prompt.name, count }));
      then({ prompt, note, passage, text });
    } catch (thrown) {
      new Notice(problemLines(texts, asProblem(thrown)).join("\n"));
    }
  }

  async #go(where: Where, { prompt, note, passage, text }: Filled): Promise<void> {
    if (prompt.output === "ask-view") return this.#ask(where, prompt, note, text);
    const outcome = outcomeOf(prompt);
    const { system, name, notes, temperature, model } = prompt;
    const messages: Assignment["messages"] = (changes) => promptMessages({ system, text, writes: true }, changes);
    const asking: Asking = { notes, ...(temperature === null ? {} : { temperature }), ...(model === null ? {} : { model }) };
    // Where the passage is only a place, the whole prompt is what the model was given.
    const original = passage.text === "" ? text : passage.text;
    this.drafts.write(where, name, { note, passage, original, outcome, comparable: outcome === "replace", messages }, asking);
  }

  async #ask({ file }: Where, { name, system, temperature, model, notes }: Prompt, note: string, text: string): Promise<void> {
    // In the view's box it is what the user writes, which goes out without a further question.
    if (file === null || !(await this.drafts.kept.maySend(file, note))) return;
    const leaf = await this.context.app.workspace.ensureSideLeaf(ASK_VIEW, "right", { active: true, reveal: true });
    if (leaf.view instanceof AskView) leaf.view.fillPrompt(text, { name, system, temperature, model, notes });
  }
}

interface Filled {
  readonly prompt: Prompt;
  readonly note: string;
  readonly passage: Passage;
  readonly text: string;
}
