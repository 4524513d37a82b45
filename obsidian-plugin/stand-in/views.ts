/** Views: what fills a leaf. */
import type { App } from "./app";
import { Component } from "./events";
import type { TFile } from "./files";
import { setIcon } from "./icons";
import type { Scope } from "./keymap";
import { Menu } from "./menu";
import type { WorkspaceLeaf } from "./leaf";
import { setTooltip } from "./tooltip";

export type State = Record<string, unknown>;

export abstract class View extends Component {
  app: App;
  icon = "file";
  navigation = false;
  scope: Scope | null = null;
  containerEl: HTMLElement;

  constructor(public leaf: WorkspaceLeaf) {
    super();
    this.app = leaf._app;
    this.containerEl = createDiv({ cls: "workspace-leaf-content" });
  }
  abstract getViewType(): string;
  abstract getDisplayText(): string;
  protected onOpen(): Promise<void> {
    return Promise.resolve();
  }
  protected onClose(): Promise<void> {
    return Promise.resolve();
  }
  getState(): State {
    return {};
  }
  setState(_state: unknown, _result: { history: boolean }): Promise<void> {
    return Promise.resolve();
  }
  getEphemeralState(): State {
    return {};
  }
  setEphemeralState(_state: unknown): void {}
  getIcon(): string {
    return this.icon;
  }
  onResize(): void {}
  onPaneMenu(_menu: Menu, _source: string): void {}

  async _open(): Promise<void> {
    this.containerEl.dataset["type"] = this.getViewType();
    this.load();
    await this.onOpen();
  }
  async _close(): Promise<void> {
    await this.onClose();
    this.unload();
    this.containerEl.remove();
  }
}

export abstract class ItemView extends View {
  contentEl: HTMLElement;
  _titleEl: HTMLElement;
  _actionsEl: HTMLElement;

  constructor(leaf: WorkspaceLeaf) {
    super(leaf);
    const header = this.containerEl.createDiv({ cls: "view-header" });
    this._titleEl = header.createDiv({ cls: "view-header-title-container" }).createDiv({ cls: "view-header-title" });
    this._actionsEl = header.createDiv({ cls: "view-actions" });
    this.contentEl = this.containerEl.createDiv({ cls: "view-content" });
    this._action("ellipsis-vertical", "More options", (event) => this._showMenu(event));
  }
  addAction(icon: string, title: string, callback: (event: MouseEvent) => unknown): HTMLElement {
    const el = this._action(icon, title, callback);
    this._actionsEl.prepend(el);
    return el;
  }
  _action(icon: string, title: string, callback: (event: MouseEvent) => unknown): HTMLElement {
    const el = this._actionsEl.createEl("button", { cls: "clickable-icon view-action" });
    setIcon(el, icon);
    setTooltip(el, title);
    el.addEventListener("click", callback);
    return el;
  }
  _showMenu(event: MouseEvent): void {
    const menu = new Menu();
    this.onPaneMenu(menu, "more-options");
    const file = (this as { file?: TFile | null } & object) && "file" in this ? (this as unknown as { file: TFile | null }).file : null;
    if (file !== null) this.app.workspace.trigger("file-menu", menu, file, "more-options", this.leaf);
    menu.addItem((item) => item.setTitle("Close").setIcon("x").onClick(() => this.leaf.detach()));
    menu.showAtMouseEvent(event);
  }
  override async _open(): Promise<void> {
    await super._open();
    this._titleEl.setText(this.getDisplayText());
  }
}

/** What stands where a view was whose plugin is gone, and in an empty tab. */
export class EmptyView extends ItemView {
  constructor(
    leaf: WorkspaceLeaf,
    readonly _type = "empty",
  ) {
    super(leaf);
    this.contentEl.createDiv({ cls: "empty-state", text: _type === "empty" ? "No file is open" : "Plugin no longer active" });
  }
  getViewType(): string {
    return this._type;
  }
  getDisplayText(): string {
    return this._type === "empty" ? "New tab" : "Plugin no longer active";
  }
}

export abstract class FileView extends ItemView {
  allowNoFile = false;
  file: TFile | null = null;
  override navigation = true;

  getDisplayText(): string {
    return this.file?.basename ?? "No file";
  }
  override getState(): State {
    return { file: this.file?.path ?? null };
  }
  override async setState(state: unknown): Promise<void> {
    const path = (state as { file?: string }).file;
    const file = path === undefined ? null : this.app.vault.getFileByPath(path);
    if (file === this.file) return;
    if (this.file !== null) await this.onUnloadFile(this.file);
    this.file = file;
    if (file !== null) await this.onLoadFile(file);
    this._titleEl.setText(this.getDisplayText());
  }
  onLoadFile(_file: TFile): Promise<void> {
    return Promise.resolve();
  }
  onUnloadFile(_file: TFile): Promise<void> {
    return Promise.resolve();
  }
  onRename(_file: TFile): Promise<void> {
    this._titleEl.setText(this.getDisplayText());
    return Promise.resolve();
  }
  canAcceptExtension(_extension: string): boolean {
    return false;
  }
  override async _close(): Promise<void> {
    if (this.file !== null) await this.onUnloadFile(this.file);
    await super._close();
  }
}

export abstract class EditableFileView extends FileView {}

export abstract class TextFileView extends EditableFileView {
  data = "";
  requestSave: () => void = () => undefined;
  abstract getViewData(): string;
  abstract setViewData(data: string, clear: boolean): void;
  abstract clear(): void;
}
