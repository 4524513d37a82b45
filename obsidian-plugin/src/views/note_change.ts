/** One change of a note's text, done only to the very text that was shown, and undone only while nothing came after. */
import { MarkdownView, type App, type TFile } from "obsidian";

export class VerifiedChange {
  constructor(
    private readonly app: App,
    private readonly file: TFile,
    private readonly before: string,
    private readonly after: string,
  ) {}

  /** False when the note is not any more what it was; it is then left as it is. */
  async apply(): Promise<boolean> {
    return this.swap(this.before, this.after);
  }

  async undo(): Promise<boolean> {
    return this.swap(this.after, this.before);
  }

  private async swap(expected: string, wanted: string): Promise<boolean> {
    await saveOpen(this.app, this.file);
    let same = false;
    await this.app.vault.process(this.file, (text) => {
      same = text === expected;
      return same ? wanted : text;
    });
    return same;
  }
}

/** The note's text with what has been typed: an editor that has not saved yet would write over what is changed. */
export async function textNow(app: App, file: TFile): Promise<string> {
  await saveOpen(app, file);
  return app.vault.read(file);
}

async function saveOpen(app: App, file: TFile): Promise<void> {
  const views = app.workspace.getLeavesOfType("markdown").map((leaf) => leaf.view);
  const open = views.filter((view) => view instanceof MarkdownView && view.file?.path === file.path);
  await Promise.all(open.map((view) => (view as MarkdownView).save()));
}
