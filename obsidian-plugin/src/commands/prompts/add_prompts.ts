/** The commands for prompts of one's own: to run one, to see what it says, and to get some to begin with. */
import { Notice, type Plugin } from "obsidian";
import type { Context } from "../../context";
import { idOf } from "../../core/text_commands/prompt_ids";
import { ChoiceModal, type Choice } from "../text_choices";
import type { Drafts, Where } from "../drafts";
import { PromptCatalog, type PromptEntry } from "./prompt_catalog";
import { PromptCommands } from "./prompt_commands";
import { PromptRunning } from "./prompt_running";
import { problemText } from "./prompt_problems";
import { SamplesModal } from "./samples_modal";

/** Gives the prompts there are, as choices. */
export function addPrompts(plugin: Plugin, context: Context, drafts: Drafts): () => Choice[] {
  const { app, texts } = context;
  const running = new PromptRunning(context, drafts);
  const run = (entry: PromptEntry, where: Where): void => void running.run(entry, where);
  const commands = new PromptCommands(plugin, (path) => idOf(context.settings().prompts.renamed, path), ({ name }) => texts("text.prompt.command", { name }), run);
  const catalog = new PromptCatalog(context, (entries) => commands.show(entries));
  catalog.follow(plugin);
  const choices = (does: typeof run): Choice[] => catalog.entries.map((entry) => choice(context, entry, does));
  const samples = (): void => openSamples(context);
  const pick = (does: typeof run, where: Where): void => {
    if (catalog.entries.length === 0) return samples();
    new ChoiceModal(app, texts("text.prompt.pick"), choices(does), where).open();
  };
  const preview = (entry: PromptEntry, where: Where): void => void running.preview(entry, where);
  plugin.addCommand({ id: "prompt-run", name: texts("text.prompt.run"), icon: "message-square", editorCallback: (editor, info) => pick(run, { editor, file: info.file }) });
  plugin.addCommand({ id: "prompt-preview", name: texts("text.prompt.see"), icon: "eye", editorCallback: (editor, info) => pick(preview, { editor, file: info.file }) });
  plugin.addCommand({ id: "prompt-samples", name: texts("text.samples.command"), icon: "folder-plus", callback: samples });
  return () => choices(run);
}

function choice({ texts }: Context, entry: PromptEntry, does: (entry: PromptEntry, where: Where) => void): Choice {
  const [problem] = entry.problems;
  const about = problem === undefined ? (entry.prompt?.description ?? "") : texts("text.prompt.mistake", { problem: problemText(texts, problem) });
  return { id: entry.file.path, name: entry.name, about, icon: entry.prompt?.icon ?? "message-square", run: (where) => does(entry, where) };
}

function openSamples(context: Context): void {
  const { app, texts } = context;
  const { folder } = context.settings().prompts;
  if (folder.trim() === "") new Notice(texts("text.samples.no_folder"));
  else new SamplesModal(app, texts, folder).open();
}
