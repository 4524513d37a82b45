/** The note that is open beside the view, and what is selected in it. */
import { Notice } from "obsidian";
import type { Context } from "../../context";
import type { NoteInUse } from "../note_in_use";
import type { About } from "./about";

/** False when there is none, which is said. */
export function addActiveNote({ inUse, texts }: Pick<Context, "inUse" | "texts">, about: About): boolean {
  const path = activeNote(inUse);
  if (path === null) new Notice(texts("ask.chip.no_note"));
  else about.addNote(path);
  return path !== null;
}

/** False when nothing is selected, which is said. */
export function addSelection({ inUse: { view }, texts }: Pick<Context, "inUse" | "texts">, about: About): boolean {
  const text = view?.getMode() === "source" ? view.editor.getSelection() : "";
  const path = view?.file?.path;
  if (path === undefined || text.trim() === "") {
    new Notice(texts("ask.chip.nothing"));
    return false;
  }
  about.addSelection({ path, text });
  return true;
}

export function activeNote({ file }: NoteInUse): string | null {
  return file?.extension === "md" ? file.path : null;
}
