/** Opens the plugin's own tab of Obsidian's settings. */
import type { App } from "obsidian";
import type { Shell } from "../shell";

/** Obsidian's window of settings, which its types leave out; every plugin that opens its own tab uses it. */
interface WithSettings extends App {
  readonly setting?: { open(): void; openTabById(id: string): void };
}

export function openSettings({ plugin, context }: Shell): void {
  const { setting } = context.app as WithSettings;
  setting?.open();
  setting?.openTabById(plugin.manifest.id);
}
