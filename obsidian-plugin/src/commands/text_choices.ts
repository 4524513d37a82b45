/** The commands on text that can be run now, by the names that users see; built in, and prompts of one's own. */
import { FuzzySuggestModal, type App, type FuzzyMatch } from "obsidian";
import type { Context } from "../context";
import { withInstruction } from "../core/text_commands/instruction_history";
import { ownTask, TASKS, translation } from "../core/text_commands/text_task";
import { spokenLabel } from "../views/spoken_label";
import type { Drafts, Where } from "./drafts";
import { InstructionModal } from "./instruction_modal";
import { history, keepHistory } from "./kept_instructions";
import { LanguageModal } from "./language_modal";

export interface Choice {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  readonly icon: string;
  readonly run: (where: Where) => void;
}

const ICONS: Readonly<Record<string, string>> = { rewrite: "pencil", fix: "spell-check", shorter: "shrink", longer: "expand", summarise: "list", section: "list", continue: "arrow-right", explain: "circle-help" };

/** Those built in, in the order in which they are offered. */
export function builtInChoices(context: Context, drafts: Drafts): Choice[] {
  const { texts } = context;
  const tasks = TASKS.map((task): Choice => {
    const name = texts(`text.task.${task.id}`);
    return { id: task.id, name, about: texts(`text.takes.${task.scope}`), icon: ICONS[task.id] ?? "wand", run: (where) => drafts.begin(where, task, name) };
  });
  const takes = texts("text.takes.paragraph");
  return [
    ...tasks,
    { id: "translate", name: texts("text.task.translate"), about: takes, icon: "languages", run: (where) => translate(context, drafts, where) },
    { id: "change", name: texts("text.task.change"), about: takes, icon: "message-square", run: (where) => changeAsTold(context, drafts, where) },
  ];
}

function translate(context: Context, drafts: Drafts, where: Where): void {
  const { app, texts } = context;
  if (!drafts.canWrite()) return;
  new LanguageModal(app, texts, context.settings().text.translateTo, ({ english, name }) => {
    void context.saveSettings({ text: { translateTo: english } });
    drafts.begin(where, translation(english), texts("text.translate.title", { language: name }));
  }).open();
}

function changeAsTold({ app, texts }: Context, drafts: Drafts, where: Where): void {
  if (!drafts.canWrite()) return;
  const given = (instruction: string): void => {
    keepHistory(app, withInstruction(history(app), instruction));
    drafts.begin(where, ownTask(instruction), texts("text.task.change"));
  };
  new InstructionModal(app, texts, { title: texts("text.task.change"), about: texts("text.takes.paragraph"), history: history(app), given }).open();
}

/** Chooses among commands by what is typed of their names. */
export class ChoiceModal extends FuzzySuggestModal<Choice> {
  constructor(
    app: App,
    placeholder: string,
    private readonly choices: readonly Choice[],
    private readonly where: Where,
  ) {
    super(app);
    this.setPlaceholder(placeholder);
    spokenLabel(this.modalEl, placeholder);
  }

  override getItems(): Choice[] {
    return [...this.choices];
  }

  override getItemText({ name }: Choice): string {
    return name;
  }

  override renderSuggestion(match: FuzzyMatch<Choice>, el: HTMLElement): void {
    super.renderSuggestion(match, el);
    if (match.item.about !== "") el.createDiv({ cls: "sidecar-choice-about", text: match.item.about });
  }

  override onChooseItem(choice: Choice): void {
    choice.run(this.where);
  }
}
