/** Where a note is open to be edited, and the CodeMirror view behind an editor. */
import { MarkdownView, type App, type Editor, type TFile } from "obsidian";
import { EditorView } from "@codemirror/view";

export interface OpenNote {
  readonly editor: Editor;
  /** The pane's own element. */
  readonly pane: HTMLElement;
}

/** An editor that shows the note's source: the one before, if it still does, else the one that has the focus, else any;
 * `null` while there is none. A note that is read is not edited: its view takes what changes in the file. */
export function openNote(app: App, file: TFile, before: Editor | null = null): OpenNote | null {
  const views = app.workspace.getLeavesOfType("markdown").map((leaf) => leaf.view);
  const showing = views.filter((view): view is MarkdownView => view instanceof MarkdownView && view.file === file && view.getMode() === "source");
  const view = showing.find(({ editor }) => editor === before) ?? showing.find(({ editor }) => editor.hasFocus()) ?? showing[0];
  return view === undefined ? null : { editor: view.editor, pane: view.contentEl };
}

/** The editor's CodeMirror view. Obsidian documents it for plugins, but leaves it out of its types. */
export function codeMirror(editor: Editor): EditorView | null {
  if (!("cm" in editor)) return null;
  return editor.cm instanceof EditorView ? editor.cm : null;
}
