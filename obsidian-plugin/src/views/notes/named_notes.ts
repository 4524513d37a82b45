/** The vault's notes with their names: file name and aliases. */
import { parseFrontMatterAliases, type App } from "obsidian";
import type { NamedNote } from "../../core/notes/mentions";

/** The folders that hold no notes to link to, such as that of templates, are known to the server alone. */
export function namedNotes(app: App): readonly NamedNote[] {
  return app.vault.getMarkdownFiles().map((file) => {
    const aliases = parseFrontMatterAliases(app.metadataCache.getFileCache(file)?.frontmatter ?? null) ?? [];
    return { path: file.path, names: [file.basename, ...aliases] };
  });
}
