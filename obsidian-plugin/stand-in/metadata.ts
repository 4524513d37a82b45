/** What is known of notes without reading them anew: their structure, and which link leads where. */
import { Events } from "./events";
import { TFile, type TAbstractFile } from "./files";
import { structureOf, type Structure } from "./note_structure";
import type { Vault } from "./vault";

type Counts = Record<string, Record<string, number>>;

export class MetadataCache extends Events {
  resolvedLinks: Counts = {};
  unresolvedLinks: Counts = {};
  _structures = new Map<string, Structure>();

  constructor(readonly _vault: Vault) {
    super();
    _vault.on("create", (file: TAbstractFile) => this._read(file));
    _vault.on("modify", (file: TAbstractFile) => this._read(file));
    _vault.on("delete", (file: TAbstractFile) => this._forget(file, file.path));
    _vault.on("rename", (file: TAbstractFile, before: string) => this._rename(file, before));
  }

  _readAll(): void {
    for (const file of this._vault.getMarkdownFiles()) this._structures.set(file.path, structureOf(this._vault._texts.get(file.path) ?? ""));
    this._resolveAll();
  }

  // Obsidian reads a changed note in a worker: what `changed` tells comes a moment after `modify`.
  _read(file: TAbstractFile): void {
    if (!(file instanceof TFile) || file.extension !== "md") return;
    window.setTimeout(() => {
      const text = this._vault._texts.get(file.path);
      if (text === undefined) return;
      const structure = structureOf(text);
      this._structures.set(file.path, structure);
      this.trigger("changed", file, text, structure);
      this._resolveAll();
      this.trigger("resolve", file);
      this.trigger("resolved");
    }, 20);
  }

  _forget(file: TAbstractFile, path: string): void {
    const before = this._structures.get(path) ?? null;
    this._structures.delete(path);
    this._resolveAll();
    if (file instanceof TFile) this.trigger("deleted", file, before);
    this.trigger("resolved");
  }

  _rename(file: TAbstractFile, before: string): void {
    const structure = this._structures.get(before);
    if (structure === undefined) return;
    this._structures.delete(before);
    this._structures.set(file.path, structure);
    this._resolveAll();
    this.trigger("resolved");
  }

  _resolveAll(): void {
    this.resolvedLinks = {};
    this.unresolvedLinks = {};
    for (const [path, structure] of this._structures) {
      const resolved: Record<string, number> = (this.resolvedLinks[path] = {});
      const unresolved: Record<string, number> = (this.unresolvedLinks[path] = {});
      for (const { link } of [...(structure.links ?? []), ...(structure.embeds ?? []), ...(structure.frontmatterLinks ?? [])]) {
        const target = getLinkpath(link);
        const found = this.getFirstLinkpathDest(target, path);
        if (found !== null) resolved[found.path] = (resolved[found.path] ?? 0) + 1;
        else if (target !== "") unresolved[target] = (unresolved[target] ?? 0) + 1;
      }
    }
  }

  getFileCache(file: TFile): Structure | null {
    return this.getCache(file.path);
  }
  getCache(path: string): Structure | null {
    return this._structures.get(path) ?? null;
  }

  /** Exact path first, then one relative to the source, then by the end of the path: nearest the source's folder, then shortest. */
  getFirstLinkpathDest(linkpath: string, sourcePath: string): TFile | null {
    if (linkpath === "") return this._vault.getFileByPath(sourcePath);
    const folder = sourcePath.includes("/") ? sourcePath.slice(0, sourcePath.lastIndexOf("/") + 1) : "";
    const wanted = relative(linkpath, folder).toLowerCase();
    const fits = (path: string, tail: string): boolean => path === tail || path === `${tail}.md` || path.endsWith(`/${tail}`) || path.endsWith(`/${tail}.md`);
    const found = this._vault.getFiles().filter((file) => fits(file.path.toLowerCase(), wanted));
    const rank = (file: TFile): number => {
      const path = file.path.toLowerCase();
      if (path === wanted || path === `${wanted}.md`) return 0;
      return file.path.startsWith(folder) && folder !== "" ? 1 : 2;
    };
    return found.sort((a, b) => rank(a) - rank(b) || a.path.length - b.path.length || a.path.localeCompare(b.path))[0] ?? null;
  }

  fileToLinktext(file: TFile, sourcePath: string, omitMdExtension = true): string {
    const whole = omitMdExtension && file.extension === "md" ? file.path.slice(0, -3) : file.path;
    const short = omitMdExtension && file.extension === "md" ? file.basename : file.name;
    return this.getFirstLinkpathDest(short, sourcePath) === file && this._alone(file) ? short : whole;
  }
  _alone(file: TFile): boolean {
    return this._vault.getFiles().filter((other) => other.name.toLowerCase() === file.name.toLowerCase()).length === 1;
  }
}

function relative(linkpath: string, folder: string): string {
  if (linkpath.startsWith("/")) return linkpath.slice(1);
  if (!linkpath.startsWith("./") && !linkpath.startsWith("../")) return linkpath;
  const parts = folder.split("/").filter((part) => part !== "");
  for (const part of linkpath.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

export function parseLinktext(text: string): { path: string; subpath: string } {
  const at = text.indexOf("#");
  return at < 0 ? { path: text.trim(), subpath: "" } : { path: text.slice(0, at).trim(), subpath: text.slice(at) };
}

export const getLinkpath = (text: string): string => parseLinktext(text).path;

export const stripHeadingForLink = (heading: string): string => heading.replace(/[#|^:%[\]\\]/g, " ").replace(/\s+/g, " ").trim();
export const stripHeading = (heading: string): string => heading.replace(/[!"#$%&()*+,.:;<=>?@^`{|}~/[\]\\]/g, " ").replace(/\s+/g, " ").trim();

export type Subpath = { type: "heading" | "block"; start: { line: number; col: number; offset: number }; end: { line: number; col: number; offset: number } | null };

export function resolveSubpath(structure: Structure, subpath: string): (Subpath & Record<string, unknown>) | null {
  const parts = subpath.split("#").filter((part) => part !== "");
  const last = parts[parts.length - 1];
  if (last === undefined) return null;
  if (last.startsWith("^")) {
    const block = structure.blocks?.[last.slice(1).toLowerCase()];
    return block === undefined ? null : { type: "block", block, start: block.position.start, end: block.position.end };
  }
  const headings = structure.headings ?? [];
  let from = 0;
  let found = -1;
  for (const part of parts) {
    found = headings.findIndex((heading, at) => at >= from && stripHeading(heading.heading).toLowerCase() === stripHeading(part).toLowerCase());
    if (found < 0) return null;
    from = found + 1;
  }
  const current = headings[found];
  if (current === undefined) return null;
  const next = headings.slice(found + 1).find((heading) => heading.level <= current.level) ?? null;
  return { type: "heading", current, next, start: current.position.start, end: next?.position.start ?? null };
}

export function getAllTags(structure: Structure): string[] | null {
  const own = structure.frontmatter?.["tags"] ?? structure.frontmatter?.["tag"];
  const listed = typeof own === "string" ? own.split(/[,\s]+/) : Array.isArray(own) ? own.map(String) : [];
  return [...listed.filter((tag) => tag !== "").map((tag) => (tag.startsWith("#") ? tag : `#${tag}`)), ...(structure.tags ?? []).map(({ tag }) => tag)];
}

export function parseFrontMatterEntry(frontmatter: Record<string, unknown> | null | undefined, key: string | RegExp): unknown {
  const found = Object.entries(frontmatter ?? {}).find(([name]) => (typeof key === "string" ? name.toLowerCase() === key.toLowerCase() : key.test(name)));
  return found?.[1] ?? null;
}

export function parseFrontMatterStringArray(frontmatter: Record<string, unknown> | null | undefined, key: string | RegExp): string[] | null {
  const value = parseFrontMatterEntry(frontmatter, key);
  if (value === null) return null;
  const listed = (Array.isArray(value) ? value : String(value).split(",")).map((one) => String(one).trim()).filter((one) => one !== "");
  return listed.length === 0 ? null : listed;
}

export const parseFrontMatterAliases = (frontmatter: Record<string, unknown> | null | undefined): string[] | null => parseFrontMatterStringArray(frontmatter, /^aliases?$/i);
export const parseFrontMatterTags = (frontmatter: Record<string, unknown> | null | undefined): string[] | null =>
  parseFrontMatterStringArray(frontmatter, /^tags?$/i)?.map((tag) => (tag.startsWith("#") ? tag : `#${tag}`)) ?? null;
