/** Changes a note after its change was shown and agreed to; never over what somebody else wrote meanwhile. */
import { Notice, type App, type TFile } from "obsidian";
import type { Texts } from "../../core/texts/texts";
import { VerifiedChange, textNow } from "../note_change";
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
    const before = await textNow(app, file);
    const after = change.write(before);
    if (!(await ChangePreview.agree(app, texts, { title: change.title, confirm: change.confirm, before, after }))) return false;
    const written = await new VerifiedChange(app, file, before, after).apply();
    if (!written) new Notice(texts("ask.change.moved", { name: shownName(file.path) }));
    return written;
  } catch (reason) {
    new Notice(texts("ask.save.failed", { reason: reason instanceof Error ? reason.message : String(reason) }));
    return false;
  }
}
