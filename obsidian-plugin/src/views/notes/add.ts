/** Related notes, search by meaning, and notes that should be linked: views and commands. */
import { Notice, type Editor, type Plugin, type TFile } from "obsidian";
import { asWords } from "../../core/notes/as_words";
import type { Context } from "../../context";
import { LinkModal } from "./link_modal";
import { LinkScanModal } from "./link_scan_modal";
import { NoteLinks } from "../note_links";
import { chooseRelated } from "./related_choice";
import { RELATED_VIEW, RelatedView } from "./related_view";
import { SearchModal } from "./search_modal";

export function addNotes(plugin: Plugin, context: Context): void {
  const { app, texts } = context;
  plugin.registerView(RELATED_VIEW, (leaf) => new RelatedView(leaf, context));
  plugin.registerHoverLinkSource(RELATED_VIEW, { display: texts("related.title"), defaultMod: true });
  plugin.addRibbonIcon("waypoints", texts("related.command"), () => void openRelated(context));
  plugin.addCommand({ id: "open-related", name: texts("related.command"), icon: "waypoints", callback: () => void openRelated(context) });
  plugin.addCommand({ id: "search-notes", name: texts("search.command"), icon: "search", callback: () => new SearchModal(context).open() });
  plugin.addCommand({
    id: "search-selection",
    name: texts("search.selection.command"),
    icon: "text-search",
    editorCheckCallback: (checking, editor) => withSelection(editor, checking, (text) => new SearchModal(context, text).open()),
  });
  plugin.addCommand({
    id: "find-links",
    name: texts("links.command"),
    icon: "link",
    checkCallback: (checking) => withNote(app.workspace.getActiveFile(), checking, (file) => new LinkModal(context, file).open()),
  });
  plugin.addCommand({ id: "find-missing-links", name: texts("links.scan.command"), icon: "list-tree", callback: () => new LinkScanModal(context).open() });
  const links = new NoteLinks(context, RELATED_VIEW);
  plugin.addCommand({
    id: "insert-related-link",
    name: texts("related.insert.command"),
    icon: "link-2",
    editorCheckCallback: (checking) => withNote(app.workspace.getActiveFile(), checking, (file) => void chooseRelated(context, file.path, links)),
  });
  plugin.registerEvent(
    app.workspace.on("editor-menu", (menu, editor) => {
      if (editor.somethingSelected()) menu.addItem((entry) => entry.setTitle(texts("search.selection.command")).setIcon("text-search").onClick(() => new SearchModal(context, asQuery(editor)).open()));
    }),
  );
}

async function openRelated({ app, texts }: Context): Promise<void> {
  const { workspace } = app;
  const leaf = workspace.getLeavesOfType(RELATED_VIEW)[0] ?? workspace.getRightLeaf(false);
  if (leaf === null) return void new Notice(texts("related.no_place"));
  if (leaf.view.getViewType() !== RELATED_VIEW) await leaf.setViewState({ type: RELATED_VIEW, active: true });
  await workspace.revealLeaf(leaf);
}

function withSelection(editor: Editor, checking: boolean, run: (text: string) => void): boolean {
  if (!editor.somethingSelected()) return false;
  if (!checking) run(asQuery(editor));
  return true;
}

function withNote(file: TFile | null, checking: boolean, run: (file: TFile) => void): boolean {
  if (file === null || file.extension !== "md") return false;
  if (!checking) run(file);
  return true;
}

function asQuery(editor: Editor): string {
  return asWords(editor.getSelection());
}
