/** Where the places of a prompt get their values: the note, the vault, the clipboard, the server, and the user. */
import { getAllTags, type TFile } from "obsidian";
import type { Context } from "../../context";
import type { Question, Values } from "../../core/templates/fill";
import type { FactName } from "../../core/templates/wants";
import { foundNotes, type Found } from "../../core/text_commands/found_notes";
import { bodyStart, type Passage } from "../../core/text_commands/passage";
import { languageName } from "../drafts";
import type { KeptNotes } from "../kept_note";
import { QuestionsModal } from "./questions_modal";

export interface About {
  readonly file: TFile;
  readonly note: string;
  readonly passage: Passage;
}

export class PromptValues implements Values {
  /** Paths of notes that were found and stay out of the prompt. */
  readonly leftOut = new Set<string>();

  constructor(
    private readonly context: Context,
    private readonly about: About,
    private readonly name: string,
    private readonly kept: KeptNotes,
  ) {}

  fact(name: FactName): Promise<string> | string {
    const { file, note, passage } = this.about;
    switch (name) {
      case "selection":
        return passage.text;
      case "note":
        return note.slice(bodyStart(note)).trim();
      case "title":
        return file.basename;
      case "path":
        return file.path;
      case "folder":
        return file.parent?.isRoot() === false ? file.parent.path : "";
      case "tags":
        return this.#tags();
      case "language":
        return this.context.settings().text.translateTo || languageName(this.context.texts.language);
      case "clipboard":
        // A window that is not the active one may not read it. Where none may, it counts as empty.
        return activeWindow.navigator.clipboard.readText().catch(() => "");
    }
  }

  property(name: string): string {
    const value: unknown = this.context.app.metadataCache.getFileCache(this.about.file)?.frontmatter?.[name];
    return written(value);
  }

  around(side: "before" | "after", count: number): string {
    const { note, passage } = this.about;
    if (side === "after") return note.slice(passage.to, passage.to + count);
    return note.slice(Math.max(bodyStart(note), passage.from - count), passage.from);
  }

  ask(questions: readonly Question[]): Promise<readonly string[] | null> {
    return QuestionsModal.ask(this.context.app, this.context.texts, this.name, questions);
  }

  async related(count: number): Promise<string> {
    const { results } = await this.context.connection.client().related({ path: this.about.file.path, limit: count });
    return this.#found(results);
  }

  async search(query: string, count: number): Promise<string> {
    if (query.trim() === "") return "";
    const { results } = await this.context.connection.client().search({ query, limit: count });
    return this.#found(results);
  }

  /** Without notes that the user keeps from models: the server is given this text, and does not know whose it is. */
  async #found(results: readonly (Found & { readonly path: string })[]): Promise<string> {
    const sendable = await this.kept.sendable(results);
    for (const { path } of results) if (!sendable.some((one) => one.path === path)) this.leftOut.add(path);
    return foundNotes(sendable);
  }

  #tags(): string {
    const cache = this.context.app.metadataCache.getFileCache(this.about.file);
    return [...new Set(cache === null ? [] : (getAllTags(cache) ?? []))].join(" ");
  }
}

function written(value: unknown): string {
  if (Array.isArray(value)) return value.map(written).join(", ");
  if (typeof value === "string") return value;
  return value === null || value === undefined ? "" : JSON.stringify(value);
}
