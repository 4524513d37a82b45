/** The plugin as Obsidian loads and unloads it. */
import { Plugin } from "obsidian";
import { addTextCommands } from "./commands/add";
import { KeptSettings } from "./settings/kept_settings";
import { addSettings } from "./settings/add";
import { keepConnected, shellOf } from "./shell";
import { addAsk } from "./views/ask/add";
import { addNotes } from "./views/notes/add";
import { addStatus } from "./views/status/add";

export default class SidecarPlugin extends Plugin {
  private readonly kept = new KeptSettings(this);

  override async onload(): Promise<void> {
    await this.kept.load();
    const shell = shellOf(this, this.kept);
    addStatus(shell);
    addAsk(this, shell.context);
    addNotes(this, shell.context);
    addTextCommands(this, shell.context);
    addSettings(shell, this.kept);
    keepConnected(shell);
  }

  override async onExternalSettingsChange(): Promise<void> {
    await this.kept.load();
  }
}
