/** Saves the conversation as a note when somebody asks for it, and brings that note up to date later. */
import { Notice, normalizePath, type App, type TFile } from "obsidian";
import type { Context } from "../../context";
import { conversationName } from "../../core/conversation_note";
import { freeName } from "../../core/note_name";
import { madeFolder } from "../../platform/vault_folder";
import { partOfNote, wholeNote } from "./as_note";
import type { Asking, Saved } from "./asking";
import { changeNote } from "./changing";
import { shownName } from "./shown_name";

export async function save(context: Context, asking: Asking): Promise<void> {
  const { app, texts } = context;
  if (asking.said.turns.every((turn) => turn.text === "")) return void new Notice(texts("ask.save.nothing"));
  const file = asking.saved === null ? null : app.vault.getFileByPath(asking.saved.path);
  try {
    if (asking.saved === null || file === null) await saveNew(context, asking);
    else await update(context, asking, asking.saved, file);
  } catch (reason) {
    new Notice(texts("ask.save.failed", { reason: reason instanceof Error ? reason.message : String(reason) }));
  }
}

async function saveNew(context: Context, asking: Asking): Promise<void> {
  const { app, texts, clock } = context;
  const folder = await madeFolder(app.vault, context.settings().ask.folder);
  const path = freePath(app, folder, conversationName(asking.said, texts("ask.conversation")));
  const saved = { path, created: clock.now(), turns: asking.said.turns };
  const text = wholeNote(app, texts, asking.said, saved);
  const file = await app.vault.create(path, text);
  asking.keepSaved({ ...saved, text });
  new Notice(texts("ask.saved", { name: shownName(path) }));
  await app.workspace.getLeaf("tab").openFile(file);
}

/** What somebody wrote into the note stays: then only the turns that are not in it are added at its end. */
async function update({ app, texts }: Context, asking: Asking, saved: Saved, file: TFile): Promise<void> {
  const { turns } = asking.said;
  const text = wholeNote(app, texts, asking.said, { ...saved, path: file.path });
  const added = partOfNote(app, texts, turns.filter((turn) => !saved.turns.includes(turn)), file.path);
  const write = (note: string): string => (note === saved.text ? text : `${note.trimEnd()}\n\n${added.trim()}`.trimEnd() + "\n");
  const name = shownName(file.path);
  const before = await app.vault.read(file);
  if (turns.every((turn) => saved.turns.includes(turn)) || write(before) === before) return void new Notice(texts("ask.save.same"));
  if (!(await changeNote(app, texts, file, { title: texts("ask.update.title", { name }), confirm: texts("ask.update.do"), write }))) return;
  asking.keepSaved({ ...saved, turns, text: write(before) });
  new Notice(texts("ask.updated", { name }));
}

function freePath(app: App, folder: string, name: string): string {
  const at = (free: string): string => normalizePath(`${folder}/${free}.md`);
  const taken = new Set(app.vault.getAllLoadedFiles().map((file) => file.path.toLowerCase()));
  return at(freeName(name, (free) => taken.has(at(free).toLowerCase())));
}
