/** The app: one of each part. */
import type { DataAdapter } from "./disk";
import { FileManager } from "./file_manager";
import { Keymap, Scope } from "./keymap";
import { MetadataCache } from "./metadata";
import type { Command } from "./plugin";
import { SecretStorage } from "./secrets";
import { SettingsWindow } from "./settings_window";
import { Strict } from "./strict";
import { Vault } from "./vault";
import { Workspace } from "./workspace";

export class App extends Strict {
  scope = new Scope();
  keymap = new Keymap(this.scope);
  vault: Vault;
  metadataCache: MetadataCache;
  fileManager: FileManager;
  workspace: Workspace;
  secretStorage = new SecretStorage();
  lastEvent: unknown = null;
  renderContext = { hoverPopover: null };
  setting: SettingsWindow;
  _commands = new Map<string, Command>();
  _protocolHandlers = new Map<string, (params: Record<string, string>) => unknown>();
  _ribbonEl = createDiv({ cls: "side-dock-actions" });
  _statusBarEl = createDiv({ cls: "status-bar", attr: { role: "status" } });

  constructor(adapter: DataAdapter) {
    super();
    this.vault = new Vault(adapter);
    this.metadataCache = new MetadataCache(this.vault);
    this.fileManager = new FileManager(this);
    this.workspace = new Workspace(this);
    this.keymap._viewScope = () => this.workspace.activeLeaf?.view.scope ?? null;
    this.setting = new SettingsWindow(this);
  }
  isDarkMode(): boolean {
    return document.body.hasClass("theme-dark");
  }
  loadLocalStorage(key: string): unknown {
    const text = window.localStorage.getItem(`${this.vault.getName()}-${key}`);
    return text === null ? null : (JSON.parse(text) as unknown);
  }
  saveLocalStorage(key: string, data: unknown): void {
    const name = `${this.vault.getName()}-${key}`;
    if (data === null || data === undefined) window.localStorage.removeItem(name);
    else window.localStorage.setItem(name, JSON.stringify(data));
  }

  /** May the command run now? Its own check says so, as in the palette. */
  _offers(command: Command): boolean {
    const view = this.workspace.activeEditor;
    if (command.editorCheckCallback) return view !== null && command.editorCheckCallback(true, view.editor, view) === true;
    if (command.editorCallback) return view !== null;
    return command.checkCallback ? command.checkCallback(true) === true : command.callback !== undefined;
  }
  _run(command: Command): boolean {
    if (!this._offers(command)) return false;
    const view = this.workspace.activeEditor;
    if (command.editorCheckCallback && view !== null) command.editorCheckCallback(false, view.editor, view);
    else if (command.editorCallback && view !== null) command.editorCallback(view.editor, view);
    else if (command.checkCallback) command.checkCallback(false);
    else command.callback?.();
    return true;
  }
}
