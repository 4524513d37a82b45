/** Brings a draft's answer into its note, in one step: through the editor where the note is open, so that one undo takes
 * it back; else through the file. What is not the passage any more is not overwritten. */
import type { App, Editor, TFile } from "obsidian";
import type { Draft } from "../core/text_commands/draft";
import { changedFile } from "../core/text_commands/written_change";

export type Written = "written" | "changed" | "gone";

// Named so that the editor's history joins it with no typing before it.
const ORIGIN = "sidecar.write";

/** `editor` is the note's own, `null` while it is closed. */
export async function writeDraft(app: App, { file, editor }: { file: TFile; editor: Editor | null }, draft: Draft, outcome: "replace" | "after"): Promise<Written> {
  if (app.vault.getFileByPath(file.path) !== file) return "gone";
  return editor === null ? writeToFile(app, file, draft, outcome) : writeToEditor(editor, draft, outcome);
}

function writeToEditor(editor: Editor, draft: Draft, outcome: "replace" | "after"): Written {
  draft.follow(editor.getValue());
  const change = draft.written(outcome);
  if (change === null) return "changed";
  const from = editor.offsetToPos(change.from);
  editor.transaction({ changes: [{ from, to: editor.offsetToPos(change.to), text: change.insert }] }, ORIGIN);
  // A step of its own: it keeps what is typed next from being undone together with the answer.
  const end = editor.offsetToPos(change.from + change.insert.length);
  editor.setCursor(end);
  editor.scrollIntoView({ from, to: end });
  return "written";
}

async function writeToFile(app: App, file: TFile, draft: Draft, outcome: "replace" | "after"): Promise<Written> {
  let done: Written = "changed";
  await app.vault.process(file, (data) => {
    draft.follow(data.replaceAll("\r\n", "\n"));
    const change = draft.written(outcome);
    if (change === null) return data;
    done = "written";
    return changedFile(data, change);
  });
  return done;
}
