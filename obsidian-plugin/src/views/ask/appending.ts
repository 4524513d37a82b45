/** Puts an answer at the end of a note, after showing what will stand there. */
import { FuzzySuggestModal, Notice, type App, type TFile } from "obsidian";
import type { Texts } from "../../core/texts/texts";
import { changeNote } from "./changing";
import { shownName } from "./shown_name";

export class NotePicker extends FuzzySuggestModal<TFile> {
  constructor(
    app: App,
    texts: Texts,
    private readonly chosen: (file: TFile) => void,
  ) {
    super(app);
    this.setPlaceholder(texts("ask.append.choose"));
  }

  /** The latest first: it is mostly one of those. */
  override getItems(): TFile[] {
    return this.app.vault.getMarkdownFiles().sort((a, b) => b.stat.mtime - a.stat.mtime);
  }

  override getItemText(file: TFile): string {
    return file.path.replace(/\.md$/, "");
  }

  override onChooseItem(file: TFile): void {
    this.chosen(file);
  }
}

export async function append(app: App, texts: Texts, file: TFile, markdown: string): Promise<void> {
  const name = shownName(file.path);
  const change = { title: texts("ask.append.title", { name }), confirm: texts("ask.append.do"), write: (note: string) => appended(note, markdown) };
  if (await changeNote(app, texts, file, change)) new Notice(texts("ask.appended", { name }));
}

/** An empty line stands between what was there and what comes. */
export function appended(note: string, markdown: string): string {
  const before = note.trimEnd();
  return `${before}${before === "" ? "" : "\n\n"}${markdown.trim()}\n`;
}
