/** The settings window, with a tab for each plugin that has one. */
import type { App } from "./app";
import { Modal } from "./modal";
import type { SettingTab } from "./settings";

export class SettingsWindow extends Modal {
  activeTab: SettingTab | null = null;
  _tabs: SettingTab[] = [];
  _namesEl: HTMLElement;
  _holderEl: HTMLElement;

  constructor(app: App) {
    super(app);
    this.modalEl.addClass("mod-settings", "mod-sidebar-layout");
    this.modalEl.setAttribute("aria-label", "Settings");
    this.contentEl.addClass("vertical-tabs-container");
    this._namesEl = this.contentEl.createDiv({ cls: "vertical-tab-header" });
    this._holderEl = this.contentEl.createDiv({ cls: "vertical-tab-content-container" });
  }
  override onOpen(): void {
    this._namesEl.empty();
    for (const tab of this._tabs) {
      const name = this._namesEl.createEl("button", { cls: "vertical-tab-nav-item", text: tab._name });
      name.addEventListener("click", () => this.openTab(tab));
    }
    const first = this.activeTab ?? this._tabs[0];
    if (first !== undefined) this.openTab(first);
  }
  override onClose(): void {
    this.activeTab?.hide();
    this.activeTab = null;
  }
  openTab(tab: SettingTab): void {
    if (this.activeTab !== null) this.activeTab.hide();
    this.activeTab = tab;
    this._holderEl.replaceChildren(tab.containerEl);
    tab.containerEl.empty();
    tab.display();
  }
  openTabById(id: string): SettingTab | null {
    const tab = this._tabs.find((one) => one._id === id) ?? null;
    if (tab !== null) this.openTab(tab);
    return tab;
  }
  _remove(tab: SettingTab): void {
    this._tabs = this._tabs.filter((one) => one !== tab);
    if (this.activeTab === tab) this.close();
    tab.containerEl.remove();
  }
}
