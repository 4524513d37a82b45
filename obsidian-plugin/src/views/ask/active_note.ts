/** The note that is open beside the view, and what is selected in it. */
import { Notice, type App } from "obsidian";
import type { Context } from "../../context";
import { noteInUse, viewInUse } from "../note_in_use";
import type { About } from "./about";

/** False when there is none, which is said. */
export function addActiveNote({ app, texts }: Pick<Context, "app" | "texts">, about: About): boolean {
  const path = activeNote(app);
  if (path === null) new Notice(texts("ask.chip.no_note"));
  else about.addNote(path);
  return path !== null;
}

/** False when nothing is selected, which is said. */
export function addSelection({ app, texts }: Pick<Context, "app" | "texts">, about: About): boolean {
  const view = viewInUse(app);
  const text = view?.getMode() === "source" ? view.editor.getSelection() : "";
  const path = view?.file?.path;
  if (path === undefined || text.trim() === "") {
    new Notice(texts("ask.chip.nothing"));
    return false;
  }
  about.addSelection({ path, text });
  return true;
}

export function activeNote(app: App): string | null {
  const file = noteInUse(app);
  return file?.extension === "md" ? file.path : null;
}
