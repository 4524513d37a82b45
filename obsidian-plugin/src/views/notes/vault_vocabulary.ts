/** The vault's tags, folders, notes and properties, as Obsidian knows them. Each is gathered once, when first asked for. */
import { getAllTags, type App } from "obsidian";
import type { Vocabulary } from "../../core/notes/completion";

const MOST_VALUES = 500;

export class VaultVocabulary implements Vocabulary {
  private readonly gathered = new Map<string, readonly string[]>();

  constructor(private readonly app: App) {}

  tags(): readonly string[] {
    return this.once("tags", () => byFrequency(this.caches().flatMap((cache) => getAllTags(cache) ?? []).map((tag) => tag.replace(/^#/, ""))));
  }

  folders(): readonly string[] {
    const folders = (): string[] => this.app.vault.getAllFolders(false).map((folder) => `${folder.path}/`);
    return this.once("folders", () => folders().sort());
  }

  files(): readonly string[] {
    return this.once("files", () => this.app.vault.getMarkdownFiles().map((file) => file.basename).sort());
  }

  properties(): readonly string[] {
    return this.once("properties", () => byFrequency(this.caches().flatMap((cache) => Object.keys(cache.frontmatter ?? {}))).filter((name) => name !== "position"));
  }

  values(property: string): readonly string[] {
    return this.once(`value ${property}`, () => {
      const kept: unknown[] = this.caches().flatMap((cache) => cache.frontmatter?.[property] as unknown);
      const values = kept.filter((value) => ["string", "number", "boolean"].includes(typeof value)).map(String);
      return byFrequency(values.filter((value) => !/[[\]]/.test(value))).slice(0, MOST_VALUES);
    });
  }

  private caches() {
    const caches = this.app.vault.getMarkdownFiles().map((file) => this.app.metadataCache.getFileCache(file));
    return caches.filter((cache) => cache !== null);
  }

  private once(name: string, gather: () => readonly string[]): readonly string[] {
    const known = this.gathered.get(name) ?? gather();
    this.gathered.set(name, known);
    return known;
  }
}

function byFrequency(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts.keys()].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0) || a.localeCompare(b));
}
