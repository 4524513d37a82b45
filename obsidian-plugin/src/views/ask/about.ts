/** What the next question is about beside its words: a note, a selection. Knows neither the page nor the server. */

export interface Selected {
  readonly path: string;
  readonly text: string;
}

/** The note that goes with a question; one that is not pinned changes with the active note. */
export interface AboutNote {
  readonly path: string;
  readonly pinned: boolean;
}

export class About {
  note: AboutNote | null = null;
  selection: Selected | null = null;

  constructor(private readonly changed: () => void) {}

  addNote(path: string): void {
    this.note = { path, pinned: this.note?.pinned ?? false };
    this.changed();
  }

  addSelection(selection: Selected): void {
    this.selection = selection;
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
    this.selection = null;
    this.changed();
  }
}
