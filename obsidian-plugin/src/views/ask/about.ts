/** What goes with the next question beside its words: a note, a selection, a prompt's rules. Knows neither the page nor the server. */
import type { NotesMode } from "../../settings/settings";

export interface Selected {
  readonly path: string;
  readonly text: string;
}

/** The note that goes with a question; one that is not pinned changes with the active note. */
export interface AboutNote {
  readonly path: string;
  readonly pinned: boolean;
}

/** How a prompt of one's own wants its question to be asked. */
export interface AboutPrompt {
  readonly name: string;
  readonly system: string | null;
  readonly temperature: number | null;
  /** `null`: the server's own choice. */
  readonly model: string | null;
  readonly notes: NotesMode;
}

export class About {
  note: AboutNote | null = null;
  selection: Selected | null = null;
  prompt: AboutPrompt | null = null;

  constructor(private readonly changed: () => void) {}

  addNote(path: string): void {
    this.note = { path, pinned: this.note?.pinned ?? false };
    this.changed();
  }

  addSelection(selection: Selected): void {
    this.selection = selection;
    this.changed();
  }

  addPrompt(prompt: AboutPrompt): void {
    this.prompt = prompt;
    this.changed();
  }

  removePrompt(): void {
    this.prompt = null;
    this.changed();
  }

  removeNote(): void {
    this.note = null;
    this.changed();
  }

  removeSelection(): void {
    this.selection = null;
    this.changed();
  }

  pin(pinned: boolean): void {
    if (this.note !== null) this.note = { ...this.note, pinned };
    this.changed();
  }

  /** Another note is active. */
  follow(path: string): void {
    if (this.note === null || this.note.pinned || this.note.path === path) return;
    this.note = { path, pinned: false };
    this.changed();
  }

  renamed(from: string, to: string): void {
    if (this.note?.path === from) this.note = { ...this.note, path: to };
    if (this.selection?.path === from) this.selection = { ...this.selection, path: to };
    this.changed();
  }

  deleted(path: string): void {
    if (this.note?.path === path) this.note = null;
    if (this.selection?.path === path) this.selection = null;
    this.changed();
  }

  clear(): void {
    this.note = null;
    this.prompt = null;
    this.selection = null;
    this.changed();
  }
}
