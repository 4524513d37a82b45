/** The plugin's tab of Obsidian's settings: its sections, in the order in which somebody needs them. */
import { PluginSettingTab, Setting } from "obsidian";
import type { Shell } from "../shell";
import { ProgramsModal } from "../views/programs/programs_modal";
import { askSettings } from "./ask_section";
import { ConnectionSection } from "./connection_section";
import { relatedSettings } from "./related_section";
import { textSettings } from "./text_section";

export class SidecarSettingTab extends PluginSettingTab {
  private connection: ConnectionSection | null = null;

  constructor(private readonly shell: Shell) {
    super(shell.context.app, shell.plugin);
  }

  override display(): void {
    this.hide();
    this.containerEl.empty();
    this.containerEl.addClass("sidecar-settings");
    const { context } = this.shell;
    this.connection = new ConnectionSection(this.containerEl.createDiv(), this.shell);
    this.programs();
    askSettings(this.containerEl, context);
    relatedSettings(this.containerEl, context);
    textSettings(this.containerEl, context);
  }

  override hide(): void {
    this.connection?.close();
    this.connection = null;
  }

  private programs(): void {
    const { texts } = this.shell.context;
    new Setting(this.containerEl)
      .setName(texts("settings.programs"))
      .setDesc(texts("settings.programs.about"))
      .addButton((button) => button.setButtonText(texts("settings.programs.open")).onClick(() => new ProgramsModal(this.shell).open()));
  }
}
