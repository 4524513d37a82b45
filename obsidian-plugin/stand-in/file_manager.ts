/** Changes of files that heed the user's settings: links, new notes' folder, properties, the bin. */
import type { App } from "./app";
import { TFile, type TAbstractFile, type TFolder } from "./files";
import { frontmatterOf } from "./note_structure";
import { Strict } from "./strict";
import { parseYaml, stringifyYaml } from "./yaml";

export class FileManager extends Strict {
  constructor(readonly _app: App) {
    super();
  }
  getNewFileParent(): TFolder {
    return this._app.vault.getRoot();
  }
  generateMarkdownLink(file: TFile, sourcePath: string, subpath = "", alias?: string): string {
    const target = file.path === sourcePath && subpath !== "" ? "" : this._app.metadataCache.fileToLinktext(file, sourcePath, true);
    const embed = file.extension === "md" ? "" : "!";
    return `${embed}[[${target}${subpath}${alias === undefined || alias === "" || alias === target ? "" : `|${alias}`}]]`;
  }
  async processFrontMatter(file: TFile, change: (frontmatter: Record<string, unknown>) => void): Promise<void> {
    await this._app.vault.process(file, (text) => {
      const head = frontmatterOf(text);
      const values = (parseYaml(head.frontmatter) ?? {}) as Record<string, unknown>;
      change(values);
      const body = text.slice(head.contentStart);
      return Object.keys(values).length === 0 ? body : `---\n${stringifyYaml(values)}---\n${body}`;
    });
  }
  // Links to the file in other notes are not rewritten here.
  async renameFile(file: TAbstractFile, path: string): Promise<void> {
    await this._app.vault.rename(file, path);
  }
  async trashFile(file: TAbstractFile): Promise<void> {
    await this._app.vault.trash(file, false);
  }
  getAvailablePathForAttachment(name: string): Promise<string> {
    const dot = name.lastIndexOf(".");
    for (let count = 0; ; count += 1) {
      const path = count === 0 ? name : `${name.slice(0, dot)} ${count}${name.slice(dot)}`;
      if (this._app.vault.getAbstractFileByPath(path) === null) return Promise.resolve(path);
    }
  }
}
