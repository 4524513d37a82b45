/**
 * The note that was looked at last. A view of ours that has the focus does not count, wherever it stands: beside the notes, as a tab
 * among them, or in a window of its own. There Obsidian takes it for what was used last, and knows no active file.
 */
import { MarkdownView, type App, type Plugin, type TFile, type WorkspaceLeaf } from "obsidian";

/** With what the types of all our views begin. */
const OURS = "sidecar-";

export class NoteInUse {
  private last: WorkspaceLeaf | null = null;
  private readonly app: App;

  constructor(plugin: Plugin) {
    const { app } = plugin;
    this.app = app;
    plugin.registerEvent(
      app.workspace.on("active-leaf-change", (leaf) => {
        if (leaf !== null && this.isLookedAt(leaf)) this.last = leaf;
      }),
    );
  }

  get file(): TFile | null {
    return this.app.workspace.getActiveFile() ?? this.view?.file ?? null;
  }

  get path(): string {
    return this.file?.path ?? "";
  }

  get view(): MarkdownView | null {
    const { workspace } = this.app;
    // A note can stand in a sidebar too.
    const active = workspace.getActiveViewOfType(MarkdownView);
    if (active !== null) return active;
    const recent = workspace.getMostRecentLeaf()?.view;
    if (recent instanceof MarkdownView) return recent;
    // What shows something else, such as a drawing, is what is looked at.
    if (recent?.getViewType().startsWith(OURS) !== true) return null;
    const open = workspace.getLeavesOfType("markdown").filter((leaf) => leaf.view instanceof MarkdownView);
    // After a start nothing is known yet: one note alone is meant, and of several nobody knows which.
    const leaf = this.last === null && open.length === 1 ? open[0] : open.find((each) => each === this.last);
    return leaf?.view instanceof MarkdownView ? leaf.view : null;
  }

  /** Whether a tab shows what is worked on: not a view of ours, and not what stands beside it, such as the list of files. */
  private isLookedAt(leaf: WorkspaceLeaf): boolean {
    if (leaf.view instanceof MarkdownView) return true;
    const { leftSplit, rightSplit } = this.app.workspace;
    const root = leaf.getRoot();
    return root !== leftSplit && root !== rightSplit && !leaf.view.getViewType().startsWith(OURS);
  }
}
