/** Files and folders of the vault. */
import { Strict } from "./strict";
import type { Vault } from "./vault";

export type Stats = { ctime: number; mtime: number; size: number };

export class TAbstractFile extends Strict {
  parent: TFolder | null = null;
  constructor(
    public vault: Vault,
    public path: string,
  ) {
    super();
  }
  get name(): string {
    return this.path.split("/").pop() ?? "";
  }
}

export class TFile extends TAbstractFile {
  constructor(
    vault: Vault,
    path: string,
    public stat: Stats,
  ) {
    super(vault, path);
  }
  get extension(): string {
    const dot = this.name.lastIndexOf(".");
    return dot <= 0 ? "" : this.name.slice(dot + 1);
  }
  get basename(): string {
    const dot = this.name.lastIndexOf(".");
    return dot <= 0 ? this.name : this.name.slice(0, dot);
  }
}

export class TFolder extends TAbstractFile {
  children: TAbstractFile[] = [];
  isRoot(): boolean {
    return this.path === "/";
  }
}

export function normalizePath(path: string): string {
  const trimmed = path.replace(/[\u00A0\u202F]/g, " ").replace(/[\\/]+/g, "/").replace(/^\/+|\/+$/g, "");
  return trimmed === "" ? "/" : trimmed.normalize("NFC");
}
