/** Leaves: the places of the workspace that hold a view each, in the middle or at a side. */
import type { App } from "./app";
import { Events } from "./events";
import type { TFile } from "./files";
import { setIcon } from "./icons";
import { EmptyView, type State, type View } from "./views";

type ViewState = { type: string; state?: State; active?: boolean; pinned?: boolean };
type OpenState = { state?: State; eState?: State; active?: boolean };
export type SplitSide = "left" | "root" | "right" | "popout";

let leaves = 0;

export class Split extends Events {
  containerEl: HTMLElement;
  collapsed: boolean;
  _leaves: WorkspaceLeaf[] = [];
  _shown: WorkspaceLeaf | null = null;
  _tabsEl: HTMLElement;
  _bodyEl: HTMLElement;

  constructor(
    readonly _app: App,
    readonly _side: SplitSide,
  ) {
    super();
    this.collapsed = false;
    this.containerEl = createDiv({ cls: `workspace-split mod-${_side === "root" || _side === "popout" ? "root" : `${_side}-split mod-sidedock`}` });
    const tabs = this.containerEl.createDiv({ cls: "workspace-tabs" });
    this._tabsEl = tabs.createDiv({ cls: "workspace-tab-header-container", attr: { role: "tablist" } });
    this._bodyEl = tabs.createDiv({ cls: "workspace-tab-container" });
    if (_side === "right") this.collapse();
  }
  get win(): Window {
    return this.containerEl.win;
  }
  get doc(): Document {
    return this.containerEl.doc;
  }
  get _isDock(): boolean {
    return this._side === "left" || this._side === "right";
  }
  getRoot(): this {
    return this;
  }
  getContainer(): this {
    return this;
  }
  collapse(): void {
    this.collapsed = true;
    this.containerEl.addClass("is-collapsed");
  }
  expand(): void {
    this.collapsed = false;
    this.containerEl.removeClass("is-collapsed");
  }
  toggle(): void {
    this.collapsed ? this.expand() : this.collapse();
  }
  _add(): WorkspaceLeaf {
    return this._take(new WorkspaceLeaf(this._app, this));
  }
  _take(leaf: WorkspaceLeaf): WorkspaceLeaf {
    leaf.parent = this;
    this._leaves.push(leaf);
    this._tabsEl.appendChild(leaf._tabEl);
    this._bodyEl.appendChild(leaf.containerEl);
    this._show(leaf);
    return leaf;
  }
  _show(leaf: WorkspaceLeaf | null): void {
    this._shown = leaf;
    for (const one of this._leaves) {
      one.containerEl.toggle(one === leaf);
      one._tabEl.toggleClass("is-active", one === leaf);
      one._tabEl.setAttribute("aria-selected", String(one === leaf));
    }
  }
  _remove(leaf: WorkspaceLeaf): void {
    this._leaves = this._leaves.filter((one) => one !== leaf);
    leaf._tabEl.remove();
    leaf.containerEl.remove();
    if (this._shown === leaf) this._show(this._leaves[this._leaves.length - 1] ?? null);
    if (this._leaves.length === 0 && this._side === "right") this.collapse();
  }
}

export class WorkspaceLeaf extends Events {
  id: string;
  view: View;
  hoverPopover: unknown = null;
  containerEl: HTMLElement;
  _tabEl: HTMLElement;
  _pinned = false;
  _usedAt = 0;
  _attached = true;

  constructor(
    readonly _app: App,
    public parent: Split,
  ) {
    super();
    leaves += 1;
    this.id = `leaf-${leaves}`;
    this.containerEl = createDiv({ cls: "workspace-leaf" });
    this._tabEl = createDiv({ cls: "workspace-tab-header tappable", attr: { role: "tab", tabindex: "0" } });
    this._tabEl.addEventListener("click", () => _app.workspace.setActiveLeaf(this, { focus: true }));
    this._tabEl.addEventListener("keydown", (event) => event.key === "Enter" && _app.workspace.setActiveLeaf(this, { focus: true }));
    const use = (): void => void (_app.workspace.activeLeaf !== this && this._attached ? _app.workspace.setActiveLeaf(this) : undefined);
    this.containerEl.addEventListener("mousedown", use);
    this.containerEl.addEventListener("focusin", use);
    this.view = new EmptyView(this);
    this.containerEl.appendChild(this.view.containerEl);
    this._drawTab();
  }
  /** Whether another file may be opened in its place. */
  get _canNavigate(): boolean {
    return !this._pinned && (this.view.navigation || this.view.getViewType() === "empty");
  }
  get isDeferred(): boolean {
    return false;
  }
  loadIfDeferred(): Promise<void> {
    return Promise.resolve();
  }
  getRoot(): Split {
    return this.parent;
  }
  getContainer(): Split {
    return this.parent;
  }
  _drawTab(): void {
    this._tabEl.empty();
    setIcon(this._tabEl.createSpan({ cls: "workspace-tab-header-inner-icon" }), this.getIcon());
    this._tabEl.createSpan({ cls: "workspace-tab-header-inner-title", text: this.getDisplayText() });
    this._tabEl.setAttribute("aria-label", this.getDisplayText());
    this._tabEl.dataset["type"] = this.view.getViewType();
  }
  async open(view: View): Promise<View> {
    const before = this.view;
    this.view = view;
    await before._close();
    this.containerEl.replaceChildren(view.containerEl);
    await view._open();
    this._drawTab();
    this._app.workspace._layoutChanged();
    return view;
  }
  async setViewState(given: ViewState, eState?: State): Promise<void> {
    if (this.view.getViewType() !== given.type || (this.view instanceof EmptyView && given.type !== "empty")) await this.open(this._app.workspace._makeView(given.type, this));
    if (given.state !== undefined) await this.view.setState(given.state, { history: false });
    this._drawTab();
    if (eState !== undefined) this.view.setEphemeralState(eState);
    if (given.pinned !== undefined) this._pinned = given.pinned;
    if (given.active === true) this._app.workspace.setActiveLeaf(this, { focus: true });
    this._app.workspace._fileMayHaveChanged();
  }
  getViewState(): ViewState {
    return { type: this.view.getViewType(), state: this.view.getState(), pinned: this._pinned };
  }
  async openFile(file: TFile, open: OpenState = {}): Promise<void> {
    const type = file.extension === "md" ? "markdown" : "file";
    await this.setViewState({ type, state: { ...open.state, file: file.path }, active: open.active ?? true });
    if (open.eState !== undefined) this.view.setEphemeralState(open.eState);
  }
  getEphemeralState(): State {
    return this.view.getEphemeralState();
  }
  setEphemeralState(state: unknown): void {
    this.view.setEphemeralState(state);
  }
  setPinned(pinned: boolean): void {
    this._pinned = pinned;
    this.trigger("pinned-change", pinned);
  }
  togglePinned(): void {
    this.setPinned(!this._pinned);
  }
  getIcon(): string {
    return this.view.getIcon();
  }
  getDisplayText(): string {
    return this.view.getDisplayText();
  }
  onResize(): void {
    this.view.onResize();
  }
  detach(): void {
    if (!this._attached) return;
    this._attached = false;
    this.parent._remove(this);
    void this.view._close();
    this._app.workspace._forget(this);
  }
}
