/** The prompts of the folder, as they are now: read anew whenever a note of it is written, renamed or removed. */
import { TFile, type Plugin, type TAbstractFile } from "obsidian";
import type { Context } from "../../context";
import { afterDelete, afterRename, type PromptIds } from "../../core/text_commands/prompt_ids";
import { readPrompt, type Prompt, type PromptProblem } from "../../core/templates/prompt_note";

export interface PromptEntry {
  readonly file: TFile;
  readonly name: string;
  /** `null`: it has a mistake. */
  readonly prompt: Prompt | null;
  readonly problems: readonly PromptProblem[];
}

// Sync and Obsidian's own reading of a note's properties come in bursts.
const QUIET_MS = 300;

export class PromptCatalog {
  entries: readonly PromptEntry[] = [];
  #cancel: () => void = () => undefined;
  #reading = 0;

  constructor(
    private readonly context: Context,
    private readonly changed: (entries: readonly PromptEntry[]) => void,
  ) {}

  follow(plugin: Plugin): void {
    const { app } = this.context;
    const seen = (file: TAbstractFile, before = file.path): void => void (this.#isPrompt(file.path) || this.#isPrompt(before) ? this.#later() : undefined);
    this.context.whenReady(() => {
      plugin.registerEvent(app.vault.on("create", (file) => seen(file)));
      plugin.registerEvent(app.vault.on("delete", (file) => (this.#ids((ids) => afterDelete(ids, file.path)), seen(file))));
      plugin.registerEvent(app.vault.on("rename", (file, before) => (this.#renamed(before, file), seen(file, before))));
      plugin.registerEvent(app.metadataCache.on("changed", (file) => seen(file)));
      void this.read();
    });
    this.context.register(this.context.listenSettings(() => this.#later()));
    this.context.register(() => this.#close());
  }

  async read(): Promise<void> {
    const reading = (this.#reading += 1);
    const { vault } = this.context.app;
    const files = vault.getMarkdownFiles().filter(({ path }) => this.#isPrompt(path));
    files.sort((a, b) => a.path.localeCompare(b.path, this.context.texts.language));
    const entries = await Promise.all(files.map((file) => this.#entry(file)));
    if (reading !== this.#reading) return;
    this.entries = entries.filter((entry) => entry !== null);
    this.changed(this.entries);
  }

  /** A note that leaves the folder is no prompt any more, and leaves its id behind. */
  #renamed(before: string, file: TAbstractFile): void {
    if (!(file instanceof TFile) || !this.#isPrompt(before)) return;
    this.#ids((ids) => (this.#isPrompt(file.path) ? afterRename(ids, before, file.path) : afterDelete(ids, before)));
  }

  #ids(change: (ids: PromptIds) => PromptIds): void {
    const { renamed: ids } = this.context.settings().prompts;
    const next = change(ids);
    if (JSON.stringify(next) !== JSON.stringify(ids)) void this.context.saveSettings({ prompts: { renamed: next } });
  }

  async #entry(file: TFile): Promise<PromptEntry | null> {
    const { app } = this.context;
    // A note that goes while it is read is no prompt any more.
    const text = await app.vault.cachedRead(file).catch(() => null);
    if (text === null) return null;
    const properties = (app.metadataCache.getFileCache(file)?.frontmatter ?? {}) as Record<string, unknown>;
    const { prompt, problems } = readPrompt({ path: file.path, text, properties });
    return { file, prompt, problems, name: prompt?.name ?? file.basename };
  }

  /** In any case of its letters: where that makes no other folder, the note's path has the folder's own. */
  #isPrompt(path: string): boolean {
    const folder = this.context.settings().prompts.folder.replace(/^\/+|\/+$/g, "").toLowerCase();
    const there = path.toLowerCase();
    return folder !== "" && (there === folder || (there.startsWith(`${folder}/`) && (path.endsWith(".md") || !path.includes(".", folder.length))));
  }

  /** What is being read now is heard of no more: it would add commands to a plugin that is off. */
  #close(): void {
    this.#cancel();
    this.#reading += 1;
  }

  #later(): void {
    this.#cancel();
    this.#cancel = this.context.clock.after(QUIET_MS, () => void this.read());
  }
}
