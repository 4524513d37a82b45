/** A link to a place in a note: opened, inserted, copied, dragged, previewed. */
import { Keymap, Menu, normalizePath, Notice, parseLinktext, type App, type HoverParent, type MarkdownView, type PaneType, type TFile } from "obsidian";
import type { Context } from "../context";
import type { Texts } from "../core/texts/texts";
import { copyText } from "./clipboard";
import type { NoteInUse } from "./note_in_use";

export interface Place {
  /** A path of the vault, or what a link has in its place. */
  readonly path: string;
  /** `#Heading`, or empty for the whole note. */
  readonly subpath: string;
}

export class NoteLinks {
  private readonly app: App;
  private readonly texts: Texts;
  private readonly inUse: NoteInUse;

  constructor(
    { app, texts, inUse }: Pick<Context, "app" | "texts" | "inUse">,
    /** The name under which Page preview knows these links; without one there is no preview of them. */
    private readonly hoverSource: string | null = null,
  ) {
    this.app = app;
    this.texts = texts;
    this.inUse = inUse;
  }

  /** The link as it has to stand in the note at `from`, in the form that the user chose for links. `null`: no such note. */
  text(place: Place, from: string, alias = ""): string | null {
    const file = this.file(place.path);
    return file === null ? null : this.app.fileManager.generateMarkdownLink(file, from, place.subpath, alias);
  }

  /** `line` is where to look, counted from 0, where no heading leads there. */
  async open(place: Place, event: MouseEvent | KeyboardEvent | null = null, line: number | null = null): Promise<void> {
    await this.openIn(event === null ? false : Keymap.isModEvent(event), place, line);
  }

  async openInTab(place: Place): Promise<void> {
    await this.openIn("tab", place);
  }

  private async openIn(pane: PaneType | boolean, place: Place, line: number | null = null): Promise<void> {
    const { workspace } = this.app;
    const file = this.file(place.path);
    // A link to a note that has gone would make an empty one of its name.
    if (file === null) return void this.tell(this.texts("notes.insert.no_note"));
    const link = file.path + place.subpath;
    const at = line === null ? {} : { eState: { line } };
    // So would a link to a file whose name has a `#` in it, as other programs allow: what follows counts as a heading.
    if (parseLinktext(link).path === file.path) await workspace.openLinkText(link, this.inUse.path, pane, at);
    else await workspace.getLeaf(pane).openFile(file, at);
  }

  /** Put the link where the cursor of the note is that was written in last; a selection becomes what it shows. */
  insert(place: Place): boolean {
    const view = this.writtenIn();
    if (view === null) return this.tell(this.texts("notes.insert.no_editor"));
    const { editor } = view;
    // Of several selections the main one: the others would all become this link.
    const [from, to] = [editor.getCursor("from"), editor.getCursor("to")];
    const selected = editor.getRange(from, to);
    const text = this.text(place, view.file?.path ?? "", /[\n[\]|]/.test(selected) ? "" : selected);
    if (text === null) return this.tell(this.texts("notes.insert.no_note"));
    const written = /\n/.test(selected) ? `${selected}${text}` : text;
    editor.replaceRange(written, from, to);
    editor.setCursor(editor.offsetToPos(editor.posToOffset(from) + written.length));
    editor.focus();
    return true;
  }

  async copy(place: Place): Promise<void> {
    const text = this.text(place, this.inUse.path);
    if (text === null) return void this.tell(this.texts("notes.insert.no_note"));
    await copyText(activeDocument.body, text, this.texts);
  }

  drag(event: DragEvent, place: Place): void {
    const text = this.text(place, this.inUse.path);
    if (text === null || event.dataTransfer === null) return event.preventDefault();
    // The browser puts the address of a link there, which leads nowhere outside this page.
    event.dataTransfer.clearData();
    event.dataTransfer.setData("text/plain", text);
    event.dataTransfer.effectAllowed = "copyLink";
  }

  preview(event: MouseEvent, place: Place, target: HTMLElement, parent: HoverParent): void {
    // From one part of it to another: the preview is there already.
    if (this.hoverSource === null || target.contains(event.relatedTarget as Node | null)) return;
    this.app.workspace.trigger("hover-link", {
      event,
      source: this.hoverSource,
      hoverParent: parent,
      targetEl: target,
      linktext: place.path + place.subpath,
      sourcePath: this.inUse.path,
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

  /** The note that is being written in. */
  writtenIn(): MarkdownView | null {
    const { view } = this.inUse;
    return view !== null && view.getMode() === "source" ? view : null;
  }

  file(path: string): TFile | null {
    const { vault } = this.app;
    // The server calls a file as the disk does; Obsidian composes its accents, and makes odd spaces plain ones.
    return vault.getFileByPath(path) ?? vault.getFileByPath(normalizePath(path)) ?? this.app.metadataCache.getFirstLinkpathDest(path, "");
  }

  private tell(text: string): false {
    new Notice(text);
    return false;
  }
}
