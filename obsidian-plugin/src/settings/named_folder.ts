/**
 * The server's data folder, where the user named one. It is kept on this device: a synchronised file would bring the path of
 * another machine here, and whoever writes that file could lead the plugin to a server of theirs.
 */
import type { App } from "obsidian";

const KEY = "sidecar-data-folder";

export class NamedFolder {
  constructor(private readonly app: Pick<App, "loadLocalStorage" | "saveLocalStorage">) {}

  /** Empty where it is the usual one. */
  get value(): string {
    const kept: unknown = this.app.loadLocalStorage(KEY);
    return typeof kept === "string" ? kept : "";
  }

  keep(folder: string): void {
    this.app.saveLocalStorage(KEY, folder.trim() || null);
  }
}
