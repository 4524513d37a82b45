/** The vault: its notes in memory, every change written through to the folder and told to who listens. */
import { callsOtherwise, type DataAdapter } from "./disk";
import { Events } from "./events";
import { normalizePath, TAbstractFile, TFile, TFolder, type Stats } from "./files";

export type StoredFile = { path: string; stat: Stats; text: string | null };
type Times = { ctime?: number; mtime?: number };

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
const parentOf = (path: string): string => (path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "/");

export class Vault extends Events {
  configDir = ".obsidian";
  _files = new Map<string, TAbstractFile>();
  _texts = new Map<string, string>();
  _queue: Promise<unknown> = Promise.resolve();
  _root: TFolder;
  /** As most systems' disks are: a name in other letters is the same name. Obsidian's own paths are exact all the same. */
  _caseless = false;

  constructor(public adapter: DataAdapter) {
    super();
    this._root = new TFolder(this, "/");
    adapter._takes = (path) => this._taken(path);
    this._files.set("/", this._root);
  }

  _fill(stored: StoredFile[], folders: string[]): void {
    for (const folder of folders) this._folder(this._called(folder));
    for (const { path, stat, text } of stored) this._add(new TFile(this, this._called(path), stat), text);
  }

  _called(onDisk: string): string {
    const path = normalizePath(onDisk);
    callsOtherwise(path, onDisk);
    return path;
  }

  _folder(path: string): TFolder {
    const known = this._files.get(path);
    if (known instanceof TFolder) return known;
    const folder = new TFolder(this, path);
    this._link(folder);
    return folder;
  }

  _link(file: TAbstractFile): void {
    file.parent = this._folder(parentOf(file.path));
    file.parent.children.push(file);
    this._files.set(file.path, file);
  }

  _add(file: TFile, text: string | null): void {
    this._link(file);
    if (text !== null) this._texts.set(file.path, text);
  }

  _unlink(file: TAbstractFile): void {
    this._files.delete(file.path);
    this._texts.delete(file.path);
    if (file.parent !== null) file.parent.children = file.parent.children.filter((child) => child !== file);
    if (file instanceof TFolder) for (const child of [...file.children]) this._unlink(child);
  }

  // Writes happen one after another, as they do in Obsidian: two processes of one note cannot lose each other's change.
  _inTurn<T>(job: () => Promise<T>): Promise<T> {
    const next = this._queue.then(job);
    this._queue = next.catch(() => undefined);
    return next;
  }

  getName(): string {
    return this.adapter.getName();
  }
  getRoot(): TFolder {
    return this._root;
  }
  getAbstractFileByPath(path: string): TAbstractFile | null {
    return this._files.get(path) ?? null;
  }
  getFileByPath(path: string): TFile | null {
    const found = this._files.get(path);
    return found instanceof TFile ? found : null;
  }
  getFolderByPath(path: string): TFolder | null {
    const found = this._files.get(path);
    return found instanceof TFolder ? found : null;
  }
  getAllLoadedFiles(): TAbstractFile[] {
    return [...this._files.values()];
  }
  getAllFolders(includeRoot = false): TFolder[] {
    return this.getAllLoadedFiles().filter((file): file is TFolder => file instanceof TFolder && (includeRoot || !file.isRoot()));
  }
  getFiles(): TFile[] {
    return this.getAllLoadedFiles().filter((file): file is TFile => file instanceof TFile);
  }
  getMarkdownFiles(): TFile[] {
    return this.getFiles().filter((file) => file.extension === "md");
  }
  getResourcePath(file: TFile): string {
    return this.adapter.getResourcePath(file.path);
  }
  static recurseChildren(root: TFolder, callback: (file: TAbstractFile) => unknown): void {
    callback(root);
    for (const child of root.children) child instanceof TFolder ? Vault.recurseChildren(child, callback) : callback(child);
  }

  async read(file: TFile): Promise<string> {
    const text = await this.adapter.read(file.path);
    this._texts.set(file.path, text);
    return text;
  }
  async cachedRead(file: TFile): Promise<string> {
    return this._texts.get(file.path) ?? this.read(file);
  }
  readBinary(file: TFile): Promise<ArrayBuffer> {
    return this.adapter.readBinary(file.path);
  }

  create(path: string, data: string, times: Times = {}): Promise<TFile> {
    return this._inTurn(async () => {
      this._refuseTaken(path);
      await this.adapter.write(path, data);
      const file = new TFile(this, path, { ctime: times.ctime ?? Date.now(), mtime: times.mtime ?? Date.now(), size: bytesOf(data) });
      this._add(file, data);
      this.trigger("create", file);
      return file;
    });
  }
  createFolder(path: string): Promise<TFolder> {
    return this._inTurn(async () => {
      if (this._taken(path)) throw new Error("Folder already exists.");
      await this.adapter.mkdir(path);
      const folder = this._folder(path);
      this.trigger("create", folder);
      return folder;
    });
  }
  _taken(path: string): boolean {
    return this._files.has(path) || (this._caseless && [...this._files.keys()].some((known) => known.toLowerCase() === path.toLowerCase()));
  }
  _refuseTaken(path: string): void {
    if (path !== normalizePath(path)) throw new Error(`The stand-in was given a path that is not normalised: ${path}`);
    if (this._taken(path)) throw new Error("File already exists.");
    if (!(this._files.get(parentOf(path)) instanceof TFolder)) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
  }

  async _write(file: TFile, data: string, times: Times = {}): Promise<void> {
    if (this._files.get(file.path) !== file) throw new Error(`ENOENT: no such file or directory, open '${file.path}'`);
    await this.adapter.write(file.path, data);
    this._texts.set(file.path, data);
    file.stat = { ctime: times.ctime ?? file.stat.ctime, mtime: times.mtime ?? Date.now(), size: bytesOf(data) };
    this.trigger("modify", file);
  }
  modify(file: TFile, data: string, times?: Times): Promise<void> {
    return this._inTurn(() => this._write(file, data, times));
  }
  append(file: TFile, data: string, times?: Times): Promise<void> {
    return this._inTurn(async () => this._write(file, (await this.read(file)) + data, times));
  }
  process(file: TFile, change: (data: string) => string, times?: Times): Promise<string> {
    return this._inTurn(async () => {
      const before = await this.read(file);
      const after = change(before);
      if (typeof after !== "string") throw new Error("Vault.process: the function gave no text.");
      if (after !== before) await this._write(file, after, times);
      return after;
    });
  }
  rename(file: TAbstractFile, next: string): Promise<void> {
    return this._inTurn(async () => {
      this._refuseTaken(next);
      await this.adapter.rename(file.path, next);
      this._move(file, next);
    });
  }
  _move(file: TAbstractFile, next: string): void {
    const before = file.path;
    const text = this._texts.get(before);
    const children = file instanceof TFolder ? [...file.children] : [];
    this._files.delete(before);
    this._texts.delete(before);
    if (file.parent !== null) file.parent.children = file.parent.children.filter((child) => child !== file);
    file.path = next;
    this._link(file);
    if (text !== undefined) this._texts.set(next, text);
    for (const child of children) this._move(child, `${next}/${child.name}`);
    this.trigger("rename", file, before);
  }
  delete(file: TAbstractFile): Promise<void> {
    return this._inTurn(async () => {
      await this.adapter.remove(file.path);
      this._unlink(file);
      this.trigger("delete", file);
    });
  }
  trash(file: TAbstractFile, system: boolean): Promise<void> {
    return this._inTurn(async () => {
      await (system ? this.adapter.trashSystem(file.path) : this.adapter.trashLocal(file.path));
      this._unlink(file);
      this.trigger("delete", file);
    });
  }
  async copy(file: TFile, next: string): Promise<TFile> {
    return this.create(next, await this.read(file));
  }
}
