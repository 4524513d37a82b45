/** A link to a place in a note: opened, inserted, copied, dragged, previewed. */
import { Keymap, MarkdownView, Menu, Notice, type App, type HoverParent, type TFile } from "obsidian";
import type { Texts } from "../core/texts/texts";
import { copyText } from "./clipboard";

export interface Place {
  /** A path of the vault, or what a link has in its place. */
  readonly path: string;
  /** `#Heading`, or empty for the whole note. */
  readonly subpath: string;
}

export class NoteLinks {
  constructor(
    private readonly app: App,
    private readonly texts: Texts,
    /** The name under which Page preview knows these links. */
    private readonly hoverSource: string,
  ) {}

  /** The link as it has to stand in the note at `from`, in the form that the user chose for links. `null`: no such note. */
  text(place: Place, from: string, alias = ""): string | null {
    const file = this.file(place.path);
    return file === null ? null : this.app.fileManager.generateMarkdownLink(file, from, place.subpath, alias);
  }

  /** `line` is where to look, counted from 0, where no heading leads there. */
  async open(place: Place, event: MouseEvent | KeyboardEvent | null = null, line: number | null = null): Promise<void> {
    const pane = event === null ? false : Keymap.isModEvent(event);
    await this.app.workspace.openLinkText(place.path + place.subpath, this.source(), pane, line === null ? {} : { eState: { line } });
  }

  async openInTab(place: Place): Promise<void> {
    await this.app.workspace.openLinkText(place.path + place.subpath, this.source(), "tab");
  }

  /** Put the link where the cursor of the note is that was written in last; a selection becomes what it shows. */
  insert(place: Place): boolean {
    const view = this.writtenIn();
    if (view === null) return this.tell(this.texts("notes.insert.no_editor"));
    const selected = view.editor.getSelection();
    const text = this.text(place, view.file?.path ?? "", /[\n[\]|]/.test(selected) ? "" : selected);
    if (text === null) return this.tell(this.texts("notes.insert.no_note"));
    view.editor.replaceSelection(/\n/.test(selected) ? `${selected}${text}` : text);
    view.editor.focus();
    return true;
  }

  async copy(place: Place): Promise<void> {
    const text = this.text(place, this.source());
    if (text === null) return void this.tell(this.texts("notes.insert.no_note"));
    await copyText(activeDocument.body, text, this.texts);
  }

  drag(event: DragEvent, place: Place): void {
    const text = this.text(place, this.source());
    if (text === null || event.dataTransfer === null) return event.preventDefault();
    // The browser puts the address of a link there, which leads nowhere outside this page.
    event.dataTransfer.clearData();
    event.dataTransfer.setData("text/plain", text);
    event.dataTransfer.effectAllowed = "copyLink";
  }

  preview(event: MouseEvent, place: Place, target: HTMLElement, parent: HoverParent): void {
    // From one part of it to another: the preview is there already.
    if (event.relatedTarget instanceof Node && target.contains(event.relatedTarget)) return;
    this.app.workspace.trigger("hover-link", {
      event,
      source: this.hoverSource,
      hoverParent: parent,
      targetEl: target,
      linktext: place.path + place.subpath,
      sourcePath: this.source(),
    });
  }

  menu(event: MouseEvent, place: Place): void {
    event.preventDefault();
    const menu = new Menu();
    const entry = (key: "notes.open" | "notes.open_tab" | "notes.insert" | "notes.copy", icon: string, run: () => void): void => {
      menu.addItem((item) => item.setTitle(this.texts(key)).setIcon(icon).onClick(run));
    };
    entry("notes.open", "file-text", () => void this.open(place));
    entry("notes.open_tab", "file-plus", () => void this.openInTab(place));
    entry("notes.insert", "link", () => void this.insert(place));
    entry("notes.copy", "copy", () => void this.copy(place));
    menu.showAtMouseEvent(event);
  }

  /** The note that is being written in. A side view that has the focus does not count. */
  writtenIn(): MarkdownView | null {
    const recent = this.app.workspace.getMostRecentLeaf()?.view;
    const view = recent instanceof MarkdownView ? recent : this.app.workspace.getActiveViewOfType(MarkdownView);
    return view !== null && view.getMode() === "source" ? view : null;
  }

  file(path: string): TFile | null {
    return this.app.vault.getFileByPath(path) ?? this.app.metadataCache.getFirstLinkpathDest(path, "");
  }

  private source(): string {
    return this.app.workspace.getActiveFile()?.path ?? "";
  }

  private tell(text: string): false {
    new Notice(text);
    return false;
  }
}
