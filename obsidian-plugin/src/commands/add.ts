/** Commands on text: rewrite, summarise, translate, continue, and prompts of one's own. */
import type { Editor, MarkdownFileInfo, MarkdownView, Plugin } from "obsidian";
import type { Context } from "../context";
import type { Action } from "./draft_panel";
import { Drafts } from "./drafts";
import { inlinePanels } from "./inline_panel";
import { addPrompts } from "./prompts/add_prompts";
import { builtInChoices, ChoiceModal, type Choice } from "./text_choices";

type Info = MarkdownView | MarkdownFileInfo;

export function addTextCommands(plugin: Plugin, context: Context): void {
  const drafts = new Drafts(context);
  const choices = builtInChoices(context, drafts);
  plugin.registerEditorExtension(inlinePanels);
  followNotes(plugin, context, drafts);
  for (const choice of choices) addChoice(plugin, choice);
  const prompts = addPrompts(plugin, context, drafts);
  addPickers(plugin, context, () => [...choices, ...prompts()]);
  addDraftCommands(plugin, context, drafts);
}

function addChoice(plugin: Plugin, { id, name, icon, run }: Choice): void {
  plugin.addCommand({ id: `text-${id}`, name, icon, editorCallback: (editor: Editor, info: Info) => run({ editor, file: info.file }) });
}

function followNotes(plugin: Plugin, context: Context, drafts: Drafts): void {
  const { app } = context;
  plugin.registerEvent(app.workspace.on("editor-change", (editor, info) => drafts.followed(info.file, editor)));
  plugin.registerEvent(app.workspace.on("layout-change", () => drafts.settle()));
  plugin.registerEvent(app.workspace.on("file-open", () => drafts.settle()));
  context.register(() => drafts.close());
}

/** One command, and one entry of the editor's menu, from which all are reached: a toolbar on a phone has little room. */
function addPickers(plugin: Plugin, { app, texts }: Context, choices: () => readonly Choice[]): void {
  const open = (editor: Editor, info: Info): void => new ChoiceModal(app, texts("text.pick"), choices(), { editor, file: info.file }).open();
  plugin.addCommand({ id: "text-pick", name: texts("text.pick"), icon: "wand", editorCallback: open });
  plugin.registerEvent(
    app.workspace.on("editor-menu", (menu, editor, info) => {
      menu.addItem((item) => item.setSection("sidecar").setTitle(texts("text.pick")).setIcon("wand").onClick(() => open(editor, info)));
    }),
  );
}

/** What can be done with a draft, for those who do not leave the keyboard. */
function addDraftCommands(plugin: Plugin, { app, texts }: Context, drafts: Drafts): void {
  const add = (id: string, action: Action): void => {
    plugin.addCommand({
      id,
      name: texts(`text.command.${action}` as "text.command.stop"),
      checkCallback: (checking) => {
        const file = app.workspace.getActiveFile();
        const can = drafts.can(file, action);
        if (can && !checking) void drafts.of(file)?.do(action);
        return can;
      },
    });
  };
  add("draft-stop", "stop");
  add("draft-replace", "replace");
  add("draft-after", "after");
  add("draft-discard", "discard");
  plugin.addCommand({
    id: "draft-focus",
    name: texts("text.command.focus"),
    checkCallback: (checking) => {
      const draft = drafts.of(app.workspace.getActiveFile());
      if (draft !== null && !checking) draft.focus();
      return draft !== null;
    },
  });
}
