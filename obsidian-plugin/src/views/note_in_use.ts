/**
 * The note that was looked at last. A view of ours that has the focus does not count, wherever it stands: beside the notes, as a tab
 * among them, or in a window of its own. There Obsidian takes it for what was used last, and knows no active file.
 */
import { MarkdownView, type App, type TFile } from "obsidian";

/** With what the types of all our views begin. */
const OURS = "sidecar-";

export function noteInUse(app: App): TFile | null {
  return app.workspace.getActiveFile() ?? viewInUse(app)?.file ?? null;
}

export function viewInUse({ workspace }: App): MarkdownView | null {
  const recent = workspace.getMostRecentLeaf()?.view;
  if (recent instanceof MarkdownView) return recent;
  // What shows something else, such as a drawing, is what is looked at.
  if (recent?.getViewType().startsWith(OURS) !== true) return null;
  const open = workspace.getLeavesOfType("markdown").map((leaf) => leaf.view).filter((view) => view instanceof MarkdownView);
  const ofLast = workspace.getLastOpenFiles().flatMap((path) => open.filter((view) => view.file?.path === path));
  const all = [...ofLast, ...open];
  // One note may stand in several tabs: the one to be seen is meant.
  return all.find((view) => view.file?.path === all[0]?.file?.path && view.containerEl.isShown()) ?? all[0] ?? null;
}
