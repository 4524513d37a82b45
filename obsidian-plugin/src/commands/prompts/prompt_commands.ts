/** The prompts in the command palette. A prompt's command keeps its id, so that a shortcut given to it stays. */
import type { Plugin } from "obsidian";
import type { Where } from "../drafts";
import type { PromptEntry } from "./prompt_catalog";

interface Added {
  readonly name: string;
  entry: PromptEntry;
}

export class PromptCommands {
  readonly #added = new Map<string, Added>();

  constructor(
    private readonly plugin: Plugin,
    private readonly id: (path: string) => string,
    private readonly named: (entry: PromptEntry) => string,
    private readonly run: (entry: PromptEntry, where: Where) => void,
  ) {}

  show(entries: readonly PromptEntry[]): void {
    const wanted = new Map(entries.map((entry) => [`prompt:${this.id(entry.file.path)}`, entry]));
    for (const [id, { name }] of [...this.#added]) {
      const entry = wanted.get(id);
      if (entry === undefined || this.named(entry) !== name) this.#remove(id);
    }
    for (const [id, entry] of wanted) {
      const there = this.#added.get(id);
      if (there !== undefined) there.entry = entry;
      else this.#add(id, entry);
    }
  }

  #add(id: string, entry: PromptEntry): void {
    const added: Added = { name: this.named(entry), entry };
    this.#added.set(id, added);
    const icon = entry.prompt?.icon ?? "message-square";
    this.plugin.addCommand({ id, name: added.name, icon, editorCallback: (editor, info) => this.run(added.entry, { editor, file: info.file }) });
  }

  #remove(id: string): void {
    this.#added.delete(id);
    this.plugin.removeCommand(id);
  }
}
