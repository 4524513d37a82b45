/** Changes a note after its change was shown and agreed to; never over what somebody else wrote meanwhile. */
import { Notice, type App, type TFile } from "obsidian";
import type { Texts } from "../../core/texts/texts";
import { ChangePreview } from "./change_preview";
import { shownName } from "./shown_name";

export interface NoteChange {
  readonly title: string;
  readonly confirm: string;
  /** The note as it is to be. */
  write(note: string): string;
}

/** True when the note was changed. */
export async function changeNote(app: App, texts: Texts, file: TFile, change: NoteChange): Promise<boolean> {
  try {
    const before = await app.vault.read(file);
    const after = change.write(before);
    if (!(await ChangePreview.agree(app, texts, { title: change.title, confirm: change.confirm, before, after }))) return false;
    let written = false;
    await app.vault.process(file, (now) => {
      written = now === before;
      return written ? after : now;
    });
    if (!written) new Notice(texts("ask.change.moved", { name: shownName(file.path) }));
    return written;
  } catch (reason) {
    new Notice(texts("ask.save.failed", { reason: reason instanceof Error ? reason.message : String(reason) }));
    return false;
  }
}
