/** Where a draft's panel is shown: between the lines of its note, or, with the note closed, in a corner of the window. */
import type { App, Editor, TFile } from "obsidian";
import type { Span } from "../core/text_commands/passage";
import { hasInline, hideInline, showInline } from "./inline_panel";
import { codeMirror, openNote } from "./note_editor";

export class DraftPlace {
  #editor: Editor | null;

  /** `editor` is the one in which the command was run. */
  constructor(
    private readonly app: App,
    private readonly file: TFile,
    private readonly element: HTMLElement,
    editor: Editor,
  ) {
    this.#editor = editor;
  }

  /** The note's editor, while it is open to be edited. */
  get editor(): Editor | null {
    return openNote(this.app, this.file, this.#editor)?.editor ?? null;
  }

  /** Show the panel where its note is now. Whoever has the focus in the panel keeps it. */
  settle(span: () => Span): void {
    const open = openNote(this.app, this.file, this.#editor);
    if (this.#isSettled(open?.editor ?? null)) return;
    this.#leave();
    const focused = this.element.contains(this.element.doc.activeElement) ? (this.element.doc.activeElement as HTMLElement) : null;
    this.#editor = open?.editor ?? null;
    const view = open === null ? null : codeMirror(open.editor);
    this.element.toggleClass("is-inline", view !== null);
    if (view !== null) showInline(view, this.element, span());
    else (open?.pane ?? stackIn(this.app.workspace.containerEl)).append(this.element);
    focused?.focus({ preventScroll: true });
  }

  /** The panel has another height. */
  resized(): void {
    if (this.#editor !== null) codeMirror(this.#editor)?.requestMeasure();
  }

  remove(): void {
    this.#leave();
    this.#editor?.focus();
  }

  #isSettled(editor: Editor | null): boolean {
    if (editor !== this.#editor) return false;
    const view = editor === null ? null : codeMirror(editor);
    return view === null ? this.element.isConnected : hasInline(view, this.element);
  }

  #leave(): void {
    const view = this.#editor === null ? null : codeMirror(this.#editor);
    if (view !== null) hideInline(view, this.element);
    this.element.remove();
  }
}

/** Where the panels stand whose notes are closed: one above the other. */
function stackIn(window: HTMLElement): HTMLElement {
  return window.querySelector<HTMLElement>(":scope > .sidecar-draft-stack") ?? window.createDiv({ cls: "sidecar-draft-stack" });
}
