/** The view in which the vault is asked, and its commands. */
import { Platform, TFile, type Menu, type Plugin } from "obsidian";
import type { Context } from "../../context";
import { activeNote, addActiveNote, addSelection } from "./active_note";
import { Asking } from "./asking";
import { ASK_VIEW } from "./note_links";
import { save } from "./saving";
import { AskView } from "./view";

export function addAsk(plugin: Plugin, context: Context): void {
  const asking = new Asking(context);
  context.register(() => asking.stop());
  plugin.registerView(ASK_VIEW, (leaf) => new AskView(leaf, context, asking));
  plugin.registerHoverLinkSource(ASK_VIEW, { display: context.texts("ask.title"), defaultMod: false });
  plugin.addRibbonIcon("message-circle-question", context.texts("ask.title"), () => void show(context));
  followNotes(plugin, context, asking);
  addMenus(plugin, context, asking);
  addCommands(plugin, context, asking);
  if (context.settings().ask.openOnStart) context.whenReady(() => void show(context, false));
}

/** Open the view, or bring it forth, and put the cursor into the question box. */
async function show({ app }: Context, focused = true): Promise<AskView | null> {
  // A phone's side bar covers the note: it opens there only for who asks for it.
  const reveal = focused || !Platform.isMobile;
  const leaf = await app.workspace.ensureSideLeaf(ASK_VIEW, "right", { active: focused, reveal });
  if (!(leaf.view instanceof AskView)) return null;
  if (focused) leaf.view.focusBox();
  return leaf.view;
}

function addCommands(plugin: Plugin, context: Context, asking: Asking): void {
  const { inUse, texts } = context;
  const aboutThis = (add: typeof addActiveNote): void => {
    if (add(context, asking.about)) void show(context);
  };
  plugin.addCommand({ id: "ask-open", name: texts("ask.command.open"), icon: "message-circle-question", callback: () => void show(context) });
  plugin.addCommand({ id: "ask-focus", name: texts("ask.command.focus"), callback: () => void show(context) });
  plugin.addCommand({ id: "ask-note", name: texts("ask.command.note"), checkCallback: when(() => activeNote(inUse) !== null, () => aboutThis(addActiveNote)) });
  const selects = (): boolean => inUse.view?.getMode() === "source" && inUse.view.editor.somethingSelected();
  plugin.addCommand({ id: "ask-selection", name: texts("ask.command.selection"), checkCallback: when(selects, () => aboutThis(addSelection)) });
  plugin.addCommand({ id: "ask-new", name: texts("ask.command.new"), callback: () => void show(context).then((view) => view?.startAnew()) });
  plugin.addCommand({ id: "ask-save", name: texts("ask.command.save"), checkCallback: when(() => !asking.isEmpty, () => void save(context, asking)) });
  plugin.addCommand({ id: "ask-stop", name: texts("ask.command.stop"), checkCallback: when(() => asking.isRunning, () => asking.stop()) });
}

/** The same from the menus of a note and of a selection. */
function addMenus(plugin: Plugin, context: Context, asking: Asking): void {
  const { app, texts } = context;
  const entry = (menu: Menu, key: "ask.command.note" | "ask.command.selection", run: () => void): void => {
    menu.addItem((item) => item.setTitle(texts(key)).setIcon("message-circle-question").setSection("action").onClick(run));
  };
  plugin.registerEvent(
    app.workspace.on("file-menu", (menu, file) => {
      if (!(file instanceof TFile) || file.extension !== "md") return;
      entry(menu, "ask.command.note", () => {
        asking.about.addNote(file.path);
        void show(context);
      });
    }),
  );
  plugin.registerEvent(
    app.workspace.on("editor-menu", (menu, editor, { file }) => {
      const text = editor.getSelection();
      if (file === null || text.trim() === "") return;
      entry(menu, "ask.command.selection", () => {
        asking.about.addSelection({ path: file.path, text });
        void show(context);
      });
    }),
  );
}

/** A command that is there only while it makes sense. */
function when(sensible: () => boolean, run: () => void): (checking: boolean) => boolean {
  return (checking) => {
    if (!sensible()) return false;
    if (!checking) run();
    return true;
  };
}

function followNotes(plugin: Plugin, { app }: Context, asking: Asking): void {
  plugin.registerEvent(
    app.workspace.on("file-open", (file) => {
      if (file?.extension === "md") asking.about.follow(file.path);
    }),
  );
  plugin.registerEvent(app.vault.on("rename", (file, before) => file instanceof TFile && asking.renamed(before, file.path)));
  plugin.registerEvent(app.vault.on("delete", (file) => file instanceof TFile && asking.about.deleted(file.path)));
}
