/** Plugins: what one adds to the app, and that all of it goes with it. */
import type { Extension } from "@codemirror/state";
import type { App } from "./app";
import { Component } from "./events";
import { setIcon } from "./icons";
import type { WorkspaceLeaf } from "./leaf";
import type { PluginSettingTab } from "./settings";
import { setTooltip } from "./tooltip";
import type { View } from "./views";
import type { Editor } from "./editor";
import type { MarkdownView } from "./markdown_view";

export type Command = {
  id: string;
  name: string;
  icon?: string;
  mobileOnly?: boolean;
  repeatable?: boolean;
  hotkeys?: { modifiers: string[]; key: string }[];
  callback?: () => unknown;
  checkCallback?: (checking: boolean) => boolean | void;
  editorCallback?: (editor: Editor, view: MarkdownView) => unknown;
  editorCheckCallback?: (checking: boolean, editor: Editor, view: MarkdownView) => boolean | void;
};
export type Manifest = { id: string; name: string; version: string; minAppVersion: string; description: string; author: string; isDesktopOnly?: boolean; dir?: string };

export abstract class Plugin extends Component {
  constructor(
    public app: App,
    public manifest: Manifest,
  ) {
    super();
  }
  addCommand(command: Command): Command {
    const id = `${this.manifest.id}:${command.id}`;
    command.id = id;
    command.name = `${this.manifest.name}: ${command.name}`;
    this.app._commands.set(id, command);
    this.register(() => this.app._commands.delete(id));
    return command;
  }
  removeCommand(id: string): void {
    this.app._commands.delete(`${this.manifest.id}:${id}`);
  }
  addRibbonIcon(icon: string, title: string, callback: (event: MouseEvent) => unknown): HTMLElement {
    const el = this.app._ribbonEl.createEl("button", { cls: "clickable-icon side-dock-ribbon-action" });
    setIcon(el, icon);
    setTooltip(el, title, { placement: "right" });
    el.addEventListener("click", callback);
    this.register(() => el.remove());
    return el;
  }
  addStatusBarItem(): HTMLElement {
    const el = this.app._statusBarEl.createDiv({ cls: `status-bar-item plugin-${this.manifest.id}` });
    this.register(() => el.remove());
    return el;
  }
  addSettingTab(tab: PluginSettingTab): void {
    this.app.setting._tabs.push(tab);
    this.register(() => this.app.setting._remove(tab));
  }
  registerView(type: string, maker: (leaf: WorkspaceLeaf) => View): void {
    this.app.workspace._registerView(type, maker);
    this.register(() => this.app.workspace._unregisterView(type));
  }
  registerHoverLinkSource(id: string, info: { display: string; defaultMod: boolean }): void {
    this.app.workspace._hoverSources.set(id, info);
    this.register(() => this.app.workspace._hoverSources.delete(id));
  }
  registerEditorExtension(extension: Extension): void {
    const { workspace } = this.app;
    workspace._editorExtensions = [...workspace._editorExtensions, extension];
    workspace.updateOptions();
    this.register(() => {
      workspace._editorExtensions = workspace._editorExtensions.filter((one) => one !== extension);
      workspace.updateOptions();
    });
  }
  registerObsidianProtocolHandler(action: string, handler: (params: Record<string, string>) => unknown): void {
    this.app._protocolHandlers.set(action, handler);
    this.register(() => this.app._protocolHandlers.delete(action));
  }
  get _dataFile(): string {
    return `${this.app.vault.configDir}/plugins/${this.manifest.id}/data.json`;
  }
  async loadData(): Promise<unknown> {
    const { adapter } = this.app.vault;
    return (await adapter.exists(this._dataFile)) ? (JSON.parse(await adapter.read(this._dataFile)) as unknown) : null;
  }
  async saveData(data: unknown): Promise<void> {
    await this.app.vault.adapter.write(this._dataFile, JSON.stringify(data, undefined, 2));
  }
  onUserEnable(): void {}
}
