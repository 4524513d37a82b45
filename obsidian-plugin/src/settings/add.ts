/** The plugin's tab of Obsidian's settings, and the command for other programs' settings. */
import { Notice } from "obsidian";
import type { Shell } from "../shell";
import { ProgramsModal } from "../views/programs/programs_modal";
import type { KeptSettings } from "./kept_settings";
import { SidecarSettingTab } from "./tab";

export function addSettings(shell: Shell, kept: KeptSettings): void {
  const { plugin, context } = shell;
  plugin.addSettingTab(new SidecarSettingTab(shell));
  plugin.addCommand({ id: "set-up-programs", name: context.texts("programs.title"), callback: () => new ProgramsModal(shell).open() });
  if (!kept.readable) new Notice(context.texts("settings.broken"));
}
