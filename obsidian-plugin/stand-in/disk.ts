/** The vault's folder, as the preview server gives it; what is written goes there, so that a Sidecar sees it too. */
import { Strict } from "./strict";

/** What files are called on the disk where Obsidian calls them otherwise: it composes accents, and makes odd spaces plain ones. */
const ON_DISK = new Map<string, string>();

export function callsOtherwise(path: string, onDisk: string): void {
  if (path !== onDisk) ON_DISK.set(path, onDisk);
}

const address = (path: string): string => `/preview/vault?path=${encodeURIComponent(ON_DISK.get(path) ?? path)}`;

async function asked(path: string, init?: RequestInit): Promise<Response> {
  const answer = await fetch(address(path), init);
  const failure = answer.headers.get("x-failure");
  if (failure !== null) throw new Error(decodeURIComponent(failure));
  return answer;
}

export type Listing = { files: string[]; folders: string[] };
type Stat = { type: "file" | "folder"; ctime: number; mtime: number; size: number };

export class DataAdapter extends Strict {
  /** Whether the vault has something of that name. */
  _takes: (path: string) => boolean = () => false;

  constructor(
    readonly _name: string,
    readonly _basePath: string,
  ) {
    super();
  }
  getName(): string {
    return this._name;
  }
  async exists(path: string): Promise<boolean> {
    return this._takes(path) || (await this.stat(path)) !== null;
  }
  async stat(path: string): Promise<Stat | null> {
    return (await (await asked(path, { headers: { "x-do": "stat" } })).json()) as Stat | null;
  }
  async list(path: string): Promise<Listing> {
    return (await (await asked(path, { headers: { "x-do": "list" } })).json()) as Listing;
  }
  async read(path: string): Promise<string> {
    return (await asked(path)).text();
  }
  async readBinary(path: string): Promise<ArrayBuffer> {
    return (await asked(path)).arrayBuffer();
  }
  async write(path: string, data: string): Promise<void> {
    await asked(path, { method: "PUT", body: new TextEncoder().encode(data) });
  }
  async writeBinary(path: string, data: ArrayBuffer): Promise<void> {
    await asked(path, { method: "PUT", body: data });
  }
  async append(path: string, data: string): Promise<void> {
    await this.write(path, (await this.read(path)) + data);
  }
  async process(path: string, change: (data: string) => string): Promise<string> {
    const after = change(await this.read(path));
    await this.write(path, after);
    return after;
  }
  getResourcePath(path: string): string {
    return address(path);
  }
  async mkdir(path: string): Promise<void> {
    await asked(path, { method: "PUT", headers: { "x-do": "folder" } });
  }
  async remove(path: string): Promise<void> {
    await asked(path, { method: "DELETE" });
  }
  async rmdir(path: string): Promise<void> {
    await this.remove(path);
  }
  async rename(path: string, next: string): Promise<void> {
    await asked(path, { method: "PUT", headers: { "x-do": "rename", "x-to": encodeURIComponent(next) } });
  }
  async trashLocal(path: string): Promise<void> {
    await this.rename(path, `.trash/${path.split("/").pop() ?? path}`);
  }
  async trashSystem(path: string): Promise<boolean> {
    await this.remove(path);
    return true;
  }
}

/** Desktop's adapter: the vault has a place on the disk. */
export class FileSystemAdapter extends DataAdapter {
  getBasePath(): string {
    return this._basePath;
  }
  getFullPath(path: string): string {
    return `${this._basePath}/${path}`;
  }
  getFilePath(path: string): string {
    return `file://${encodeURI(this.getFullPath(path))}`;
  }
}

/** Mobile's adapter: no place that a plugin could name. */
export class CapacitorAdapter extends DataAdapter {
  getFullPath(path: string): string {
    return path;
  }
}
