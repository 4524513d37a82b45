/** Where the server is, by the settings: found in its folder on this machine, or as the user has set it; and which vault is open here. */
import { FileSystemAdapter, type App } from "obsidian";
import { absolute } from "../core/datafolder";
import { foldersHere, fromSettings, inFolders, type Address } from "../core/discovery";
import type { KeptKey } from "../core/kept_key";
import type { Here } from "../core/vault_choice";
import type { Desktop } from "../platform/node_files";
import type { NamedFolder } from "./named_folder";
import type { Settings } from "./settings";

export class ServerPlace {
  constructor(
    private readonly app: App,
    private readonly settings: () => Settings,
    private readonly key: KeptKey,
    private readonly desktop: Desktop | null,
    private readonly folder: NamedFolder,
  ) {}

  /** Whether the server can be found by its folder: on the desktop alone. */
  get canBeAutomatic(): boolean {
    return this.desktop !== null;
  }

  /** Throws Problem where what was found, or set, cannot be used. */
  async find(): Promise<Address | null> {
    const { mode, url, trustPlain } = this.settings().connection;
    const trust = trustPlain ? "always" : "https";
    if (this.desktop !== null && mode === "automatic") return inFolders(await this.folders(this.desktop), this.desktop, trust);
    return fromSettings(url, this.key.forAddress(url), trust);
  }

  async here(): Promise<Here> {
    const { adapter } = this.app.vault;
    const folder = this.desktop !== null && adapter instanceof FileSystemAdapter ? await this.desktop.real(adapter.getBasePath()) : null;
    return { name: this.app.vault.getName(), path: folder, chosen: this.settings().connection.vault || null };
  }

  private async folders(desktop: Desktop): Promise<readonly string[]> {
    const folder = this.folder.value;
    if (folder === "") return foldersHere(desktop.machine, desktop);
    const named = absolute(folder, desktop.machine);
    return named === null ? [] : [named];
  }
}
