/** The workspace: which leaves there are, which one is active, and what opens where. */
import type { Extension } from "@codemirror/state";
import type { App } from "./app";
import { Events } from "./events";
import { TFile } from "./files";
import { showPreview, type HoverLink } from "./hover";
import { Split, type WorkspaceLeaf } from "./leaf";
import { MarkdownView } from "./markdown_view";
import type { Menu } from "./menu";
import { parseLinktext } from "./metadata";
import { missing, Strict } from "./strict";
import { debounce } from "./timing";
import { EmptyView, FileView, type State, type View } from "./views";

type Side = "left" | "right";
type Where = boolean | "tab" | "split" | "window" | undefined;

class Ribbon extends Strict {}

export class Workspace extends Events {
  leftSplit: Split;
  rightSplit: Split;
  rootSplit: Split;
  leftRibbon = new Ribbon();
  rightRibbon = new Ribbon();
  activeLeaf: WorkspaceLeaf | null = null;
  containerEl: HTMLElement;
  layoutReady = false;
  requestSaveLayout = debounce(() => Promise.resolve(), 1000, true);
  _makers = new Map<string, (leaf: WorkspaceLeaf) => View>();
  _hoverSources = new Map<string, { display: string; defaultMod: boolean }>();
  _editorExtensions: Extension[] = [];
  _ready: (() => unknown)[] = [];
  _activeFile: TFile | null = null;
  _recent: string[] = [];
  _uses = 0;
  _layoutChanged = debounce(() => this.trigger("layout-change"), 10, false);

  constructor(readonly _app: App) {
    super();
    this.containerEl = createDiv({ cls: "workspace" });
    this.leftSplit = new Split(_app, "left");
    this.rootSplit = new Split(_app, "root");
    this.rightSplit = new Split(_app, "right");
    this._makers.set("markdown", (leaf) => new MarkdownView(leaf));
    this._makers.set("empty", (leaf) => new EmptyView(leaf));
    this.on("hover-link", (link: HoverLink) => showPreview(_app, link, this._hoverSources.get(link.source)?.defaultMod ?? true));
  }

  onLayoutReady(callback: () => unknown): void {
    if (this.layoutReady) callback();
    else this._ready.push(callback);
  }
  _becomeReady(): void {
    this.layoutReady = true;
    for (const callback of this._ready.splice(0)) callback();
    this.trigger("layout-ready");
  }

  _makeView(type: string, leaf: WorkspaceLeaf): View {
    return this._makers.get(type)?.(leaf) ?? new EmptyView(leaf, type);
  }
  _registerView(type: string, maker: (leaf: WorkspaceLeaf) => View): void {
    if (this._makers.has(type)) throw new Error(`Attempting to register an existing view type "${type}"`);
    this._makers.set(type, maker);
  }
  _unregisterView(type: string): void {
    this._makers.delete(type);
    for (const leaf of this.getLeavesOfType(type)) void leaf.open(new EmptyView(leaf, type));
  }

  iterateRootLeaves(callback: (leaf: WorkspaceLeaf) => unknown): void {
    for (const leaf of [...this.rootSplit._leaves]) if (callback(leaf) === true) return;
  }
  iterateAllLeaves(callback: (leaf: WorkspaceLeaf) => unknown): void {
    for (const leaf of this._all()) if (callback(leaf) === true) return;
  }
  _all(): WorkspaceLeaf[] {
    return [...this.rootSplit._leaves, ...this.leftSplit._leaves, ...this.rightSplit._leaves];
  }
  getLeavesOfType(type: string): WorkspaceLeaf[] {
    return this._all().filter((leaf) => leaf.view.getViewType() === type);
  }
  detachLeavesOfType(type: string): void {
    for (const leaf of this.getLeavesOfType(type)) leaf.detach();
  }
  getLeafById(id: string): WorkspaceLeaf | null {
    return this._all().find((leaf) => leaf.id === id) ?? null;
  }
  getMostRecentLeaf(root: Split = this.rootSplit): WorkspaceLeaf | null {
    return [...root._leaves].sort((a, b) => b._usedAt - a._usedAt)[0] ?? null;
  }
  getLeaf(where?: Where): WorkspaceLeaf {
    const recent = this.getMostRecentLeaf();
    if (where === undefined || where === false) return recent !== null && !recent._pinned ? recent : this.rootSplit._add();
    if (where === "window") throw missing("popout windows");
    // A split is shown as one more tab.
    return this.rootSplit._add();
  }
  getUnpinnedLeaf(): WorkspaceLeaf {
    return this.getLeaf(false);
  }
  splitActiveLeaf(): WorkspaceLeaf {
    return this.getLeaf("split");
  }
  getLeftLeaf(_split: boolean): WorkspaceLeaf {
    return this.leftSplit._add();
  }
  getRightLeaf(_split: boolean): WorkspaceLeaf {
    return this.rightSplit._add();
  }
  async ensureSideLeaf(type: string, side: Side, options: { active?: boolean; split?: boolean; reveal?: boolean; state?: State } = {}): Promise<WorkspaceLeaf> {
    const split = side === "left" ? this.leftSplit : this.rightSplit;
    const leaf = this.getLeavesOfType(type)[0] ?? split._add();
    await leaf.setViewState({ type, ...(options.state === undefined ? {} : { state: options.state }), active: options.active ?? false });
    if (options.reveal ?? true) await this.revealLeaf(leaf);
    return leaf;
  }
  async revealLeaf(leaf: WorkspaceLeaf): Promise<void> {
    leaf.parent.expand();
    leaf.parent._show(leaf);
    await leaf.loadIfDeferred();
  }

  setActiveLeaf(leaf: WorkspaceLeaf, params?: { focus?: boolean } | boolean, focus?: boolean): void {
    this._uses += 1;
    leaf._usedAt = this._uses;
    leaf.parent._show(leaf);
    const changed = this.activeLeaf !== leaf;
    this.activeLeaf = leaf;
    for (const one of this._all()) one.containerEl.toggleClass("mod-active", one === leaf);
    if (changed) this.trigger("active-leaf-change", leaf);
    this._fileMayHaveChanged();
    if ((typeof params === "object" ? params.focus : focus) === true && leaf.view instanceof MarkdownView) leaf.view.editor.focus();
  }
  _forget(leaf: WorkspaceLeaf): void {
    if (this.activeLeaf === leaf) {
      this.activeLeaf = null;
      const next = this.getMostRecentLeaf();
      if (next !== null) this.setActiveLeaf(next);
      else this.trigger("active-leaf-change", null);
    }
    this._layoutChanged();
    this._fileMayHaveChanged();
  }
  _fileMayHaveChanged(): void {
    const file = this.getActiveFile();
    if (file === this._activeFile) return;
    this._activeFile = file;
    if (file !== null) this._recent = [file.path, ...this._recent.filter((path) => path !== file.path)].slice(0, 10);
    this.trigger("file-open", file);
  }

  /** The note of the leaf in the middle that was used last, also while a side view is active. */
  getActiveFile(): TFile | null {
    const view = (this.activeLeaf?.parent === this.rootSplit ? this.activeLeaf : this.getMostRecentLeaf())?.view;
    return view instanceof FileView ? view.file : null;
  }
  get activeEditor(): MarkdownView | null {
    const view = this.activeLeaf?.view;
    return view instanceof MarkdownView ? view : null;
  }
  getActiveViewOfType<T>(type: abstract new (...args: never[]) => T): T | null {
    const view = this.activeLeaf?.view;
    return view instanceof type ? view : null;
  }
  getLastOpenFiles(): string[] {
    return [...this._recent];
  }

  async openLinkText(linktext: string, sourcePath: string, where?: Where, open: { state?: State; eState?: State; active?: boolean } = {}): Promise<void> {
    const { path, subpath } = parseLinktext(linktext);
    const file = this._app.metadataCache.getFirstLinkpathDest(path, sourcePath) ?? (await this._app.vault.create(`${path}.md`, ""));
    const eState = subpath === "" ? open.eState : { ...open.eState, subpath };
    await this.getLeaf(where).openFile(file, { ...open, ...(eState === undefined ? {} : { eState }) });
  }
  handleLinkContextMenu(menu: Menu, linktext: string, sourcePath: string): boolean {
    const file = this._app.metadataCache.getFirstLinkpathDest(parseLinktext(linktext).path, sourcePath);
    if (file === null) return false;
    menu.addItem((item) => item.setTitle("Open in new tab").onClick(() => void this.openLinkText(linktext, sourcePath, "tab")));
    this.trigger("file-menu", menu, file, "link-context-menu");
    return true;
  }
  updateOptions(): void {
    this.iterateAllLeaves(({ view }) => void (view instanceof MarkdownView && view.editor._reconfigure(this._editorExtensions)));
  }
  getLayout(): Record<string, unknown> {
    return { leaves: this._all().map((leaf) => leaf.getViewState()) };
  }
}
