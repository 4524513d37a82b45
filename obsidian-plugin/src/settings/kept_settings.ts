/** The settings over time: read once, changed by the windows, kept in data.json, and read again when a sync replaced it. */
import { changed, keptBeside, readSettings, type Settings, type SettingsChange } from "./settings";

/** Where the settings lie: the two methods of Obsidian's `Plugin`. */
export interface Shelf {
  loadData(): Promise<unknown>;
  saveData(data: unknown): Promise<void>;
}

export class KeptSettings {
  /** Whether the file could be read; without that, it is replaced only when somebody changes a setting. */
  readable = true;
  private kept: unknown = null;
  private current: Settings = readSettings(null);
  private readonly listeners = new Set<(settings: Settings) => void>();
  private saving: Promise<void> = Promise.resolve();

  constructor(private readonly shelf: Shelf) {}

  get value(): Settings {
    return this.current;
  }

  async load(): Promise<void> {
    try {
      this.kept = await this.shelf.loadData();
      this.readable = true;
    } catch {
      this.kept = null;
      this.readable = false;
    }
    this.replace(readSettings(this.kept));
  }

  async save(change: SettingsChange): Promise<void> {
    this.replace(changed(this.current, change));
    const next = (this.kept = keptBeside(this.kept, this.current));
    // One after the other: the last change is the one that stays.
    this.saving = this.saving.catch(() => undefined).then(() => this.shelf.saveData(next));
    await this.saving;
    this.readable = true;
  }

  listen(listener: (settings: Settings) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private replace(settings: Settings): void {
    if (JSON.stringify(settings) === JSON.stringify(this.current)) return;
    this.current = settings;
    for (const listener of [...this.listeners]) listener(settings);
  }
}
