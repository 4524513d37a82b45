/** The workspace: which leaves there are, which one is active, and what opens where. */
import type { Extension } from "@codemirror/state";
import type { App } from "./app";
import { becomeActive, tellMigrated } from "./dom";
import { Events } from "./events";
import { TFile } from "./files";
import { showPreview, type HoverLink } from "./hover";
import { Split, type WorkspaceLeaf } from "./leaf";
import { MarkdownView } from "./markdown_view";
import type { Menu } from "./menu";
import { parseLinktext } from "./metadata";
import { Popout } from "./popout";
import { Strict } from "./strict";
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
  _popouts: Popout[] = [];
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
    for (const leaf of this._main()) if (callback(leaf) === true) return;
  }
  iterateAllLeaves(callback: (leaf: WorkspaceLeaf) => unknown): void {
    for (const leaf of this._all()) if (callback(leaf) === true) return;
  }
  _all(): WorkspaceLeaf[] {
    return [...this._main(), ...this.leftSplit._leaves, ...this.rightSplit._leaves];
  }
  /** Those in the middle, and those in windows of their own. */
  _main(): WorkspaceLeaf[] {
    return [this.rootSplit, ...this._popouts].flatMap((split) => split._leaves);
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
  /** Whatever its view shows: in the middle, or in a window of its own, that may be a plugin's. */
  getMostRecentLeaf(root?: Split): WorkspaceLeaf | null {
    return [...(root?._leaves ?? this._main())].sort((a, b) => b._usedAt - a._usedAt)[0] ?? null;
  }
  getLeaf(where?: Where): WorkspaceLeaf {
    if (where === undefined || where === false) {
      const [recent] = this._main().filter((leaf) => leaf._canNavigate).sort((a, b) => b._usedAt - a._usedAt);
      return recent ?? this.rootSplit._add();
    }
    if (where === "window") return this.openPopoutLeaf();
    // A split is shown as one more tab.
    return this.rootSplit._add();
  }
  openPopoutLeaf(): WorkspaceLeaf {
    const leaf = this.rootSplit._add();
    this.moveLeafToPopout(leaf);
    return leaf;
  }
  moveLeafToPopout(leaf: WorkspaceLeaf): Popout {
    const popout = new Popout(this._app);
    this._popouts.push(popout);
    this._move(leaf, popout);
    return popout;
  }
  /** As by dragging its tab. A window without leaves closes. */
  _move(leaf: WorkspaceLeaf, to: Split): void {
    const from = leaf.parent;
    from._remove(leaf);
    to._take(leaf);
    tellMigrated();
    becomeActive(leaf.containerEl.win);
    if (from instanceof Popout && from._leaves.length === 0) this._closePopout(from);
    this._layoutChanged();
  }
  _closePopout(popout: Popout): void {
    this._popouts = this._popouts.filter((one) => one !== popout);
    popout._close();
    becomeActive(window);
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
    becomeActive(leaf.containerEl.win);
    const changed = this.activeLeaf !== leaf;
    this.activeLeaf = leaf;
    for (const one of this._all()) one.containerEl.toggleClass("mod-active", one === leaf);
    if (changed) this.trigger("active-leaf-change", leaf);
    this._fileMayHaveChanged();
    if ((typeof params === "object" ? params.focus : focus) === true && leaf.view instanceof MarkdownView) leaf.view.editor.focus();
  }
  _forget(leaf: WorkspaceLeaf): void {
    if (leaf.parent instanceof Popout && leaf.parent._leaves.length === 0) this._closePopout(leaf.parent);
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
    const view = (this.activeLeaf?.parent._isDock === false ? this.activeLeaf : this.getMostRecentLeaf())?.view;
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
