/** A choice among the related notes, to put a link to one where the cursor is. */
import { FuzzySuggestModal, Notice } from "obsidian";
import { linkedNow, nameAndFolder } from "../../core/notes/related_row";
import { asProblem } from "../../core/problem";
import type { RelatedNote } from "../../core/protocol/search";
import type { Context } from "../../context";
import type { NoteLinks } from "../note_links";
import { sayProblem } from "./saying";

const MOST_ASKED = 50;

class RelatedChoice extends FuzzySuggestModal<RelatedNote> {
  constructor(
    context: Context,
    private readonly notes: readonly RelatedNote[],
    private readonly chosen: (note: RelatedNote) => void,
  ) {
    super(context.app);
    this.setPlaceholder(context.texts("related.choose"));
    this.emptyStateText = context.texts("related.nothing");
  }

  override getItems(): RelatedNote[] {
    return [...this.notes];
  }

  override getItemText({ path, title }: RelatedNote): string {
    const { name, folder } = nameAndFolder(path);
    return folder === "" ? title || name : `${title || name} · ${folder}`;
  }

  override onChooseItem(note: RelatedNote): void {
    this.chosen(note);
  }
}

/** Ask for the related notes of the note at `path`; those that it links to come last. */
export async function chooseRelated(context: Context, path: string, links: NoteLinks): Promise<void> {
  const { app, connection, texts } = context;
  try {
    const { results } = await connection.client().related({ path, limit: MOST_ASKED });
    const isLinked = (note: RelatedNote): boolean => linkedNow(path, note.path, app.metadataCache.resolvedLinks).to;
    const notes = [...results.filter((note) => !isLinked(note)), ...results.filter(isLinked)];
    new RelatedChoice(context, notes, (note) => links.insert({ path: note.path, subpath: "" })).open();
  } catch (error) {
    const problem = asProblem(error);
    new Notice(problem.code === "note_not_found" ? texts("related.missing") : sayProblem(problem, connection.state, texts).says);
  }
}
