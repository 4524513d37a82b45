/** Saves the conversation as a note when somebody asks for it, and brings that note up to date later. */
import { Notice, normalizePath, type App, type TFile } from "obsidian";
import type { Context } from "../../context";
import { conversationNote, noteNameFor } from "./as_note";
import type { Asking } from "./asking";
import { changeNote } from "./changing";
import { noteName } from "./note_name";

export async function save(context: Context, asking: Asking): Promise<void> {
  const { app, texts } = context;
  if (asking.said.turns.every((turn) => turn.text === "")) return void new Notice(texts("ask.save.nothing"));
  const saved = asking.saved === null ? null : app.vault.getFileByPath(asking.saved.path);
  try {
    await (saved === null ? saveNew(context, asking) : update(context, asking, saved));
  } catch (reason) {
    new Notice(texts("ask.save.failed", { reason: reason instanceof Error ? reason.message : String(reason) }));
  }
}

async function saveNew({ app, texts, settings }: Context, asking: Asking): Promise<void> {
  const text = conversationNote(asking.said);
  const folder = normalizePath(settings().ask.folder);
  if (folder !== "/" && app.vault.getFolderByPath(folder) === null) await app.vault.createFolder(folder);
  const file = await app.vault.create(freePath(app, folder, noteNameFor(asking.said)), text);
  asking.keepSaved({ path: file.path, text });
  new Notice(texts("ask.saved", { name: noteName(file.path) }));
  await app.workspace.getLeaf("tab").openFile(file);
}

/** What somebody wrote into the note stays: then only the turns that are not in it are added at its end. */
async function update({ app, texts }: Context, asking: Asking, file: TFile): Promise<void> {
  const before = asking.saved?.text ?? "";
  const text = conversationNote(asking.said);
  const name = noteName(file.path);
  const write = (note: string): string => (note === before ? text : withAdded(note, before, text));
  if (write(await app.vault.read(file)) === (await app.vault.read(file))) return void new Notice(texts("ask.save.same"));
  const change = { title: texts("ask.update.title", { name }), confirm: texts("ask.update.do"), write };
  if (!(await changeNote(app, texts, file, change))) return;
  asking.keepSaved({ path: file.path, text });
  new Notice(texts("ask.updated", { name }));
}

/** The note with what the conversation's text has more than it had. */
function withAdded(note: string, before: string, text: string): string {
  let same = 0;
  while (same < before.length && before[same] === text[same]) same += 1;
  const from = text.lastIndexOf("\n## ", same) + 1;
  const added = same >= before.trimEnd().length ? text.slice(same) : text.slice(Math.max(from, 0));
  return added.trim() === "" ? note : `${note.trimEnd()}\n\n${added.trim()}\n`;
}

function freePath(app: App, folder: string, name: string): string {
  for (let number = 1; ; number += 1) {
    const path = normalizePath(`${folder}/${name}${number === 1 ? "" : ` ${number}`}.md`);
    if (app.vault.getAbstractFileByPath(path) === null) return path;
  }
}
