/** The window that proposes links for one note: what is chosen, what will change, and doing it. */
import { Modal, Notice, type TFile } from "obsidian";
import { linkSuggestions, type LinkSuggestion } from "../../core/notes/link_suggestions";
import { linkedText, type LinkWriting } from "../../core/notes/linked_text";
import { asProblem } from "../../core/problem";
import type { RelatedNote } from "../../core/protocol/search";
import { NOTES } from "../../core/texts/notes";
import { LANGUAGES } from "../../core/texts/section";
import type { Context } from "../../context";
import { clientNow } from "../client_now";
import { drawEmptyState } from "./empty_state";
import { drawSuggestion } from "./link_suggestion";
import { namedNotes } from "./named_notes";
import { VerifiedChange, textNow } from "../note_change";
import { sayProblem } from "./saying";
import { spokenLabel } from "../spoken_label";
import { drawLines } from "../difference";

const MOST_ASKED = 60;
const UNDO_MS = 15_000;

export class LinkModal extends Modal {
  private text = "";
  private suggestions: readonly LinkSuggestion[] = [];
  private readonly chosen = new Set<string>();
  private told!: HTMLElement;
  private list!: HTMLElement;
  private preview!: HTMLElement;
  private button!: HTMLButtonElement;
  private closed = false;

  constructor(
    private readonly context: Context,
    private readonly file: TFile,
  ) {
    super(context.app);
  }

  override onOpen(): void {
    const { texts } = this.context;
    this.modalEl.addClass("sidecar-links");
    this.setTitle(texts("links.title", { name: this.file.basename }));
    this.told = this.contentEl.createDiv({ cls: "sidecar-links-told", attr: { role: "status" } });
    this.list = this.contentEl.createDiv({ cls: "sidecar-links-list" });
    const details = this.contentEl.createEl("details", { cls: "sidecar-links-preview", attr: { open: "" } });
    details.createEl("summary", { text: texts("links.preview") });
    this.preview = details.createDiv({ cls: "sidecar-difference", attr: { tabindex: "0", role: "group" } });
    spokenLabel(this.preview, texts("links.preview"));
    const buttons = this.contentEl.createDiv({ cls: "modal-button-container" });
    this.button = buttons.createEl("button", { cls: "mod-cta" });
    this.button.addEventListener("click", () => void this.apply().catch((error: unknown) => this.failed(error)));
    buttons.createEl("button", { text: texts("links.cancel") }).addEventListener("click", () => this.close());
    void this.plan().then(() => this.chooseSure(), (error: unknown) => {
      this.list.empty();
      this.failed(error);
    });
  }

  override onClose(): void {
    this.closed = true;
    this.contentEl.empty();
  }

  /** Look at the note as it is now. */
  private async plan(): Promise<void> {
    const { app, texts, connection } = this.context;
    drawEmptyState(this.list, texts("notes.looking"));
    this.drawChosen();
    const { path } = this.file;
    const asked = await this.related(path).catch((error: unknown) => asProblem(error));
    if (this.closed) return;
    this.text = await textNow(app, this.file);
    const related = asked instanceof Error ? [] : asked;
    this.suggestions = linkSuggestions(path, this.text, { notes: namedNotes(app), related, links: app.metadataCache.resolvedLinks });
    const without = asked instanceof Error && asked.code !== "note_not_found" ? sayProblem(asked, connection.state, texts).says : "";
    this.say(asked instanceof Error ? texts("links.names_only", { why: without || texts("related.missing") }) : "");
    this.drawList();
  }

  private async related(path: string): Promise<readonly RelatedNote[]> {
    return (await (await clientNow(this.context.connection)).related({ path, limit: MOST_ASKED })).results;
  }

  private chooseSure(): void {
    for (const each of this.suggestions) if (each.sure) this.chosen.add(keyOf(each));
    if (!this.closed) this.drawList();
  }

  private drawList(): void {
    const { texts } = this.context;
    const keys = new Set(this.suggestions.map(keyOf));
    for (const key of this.chosen) if (!keys.has(key)) this.chosen.delete(key);
    this.list.empty();
    if (this.suggestions.length === 0) drawEmptyState(this.list, texts("links.none"));
    for (const suggestion of this.suggestions) {
      const key = keyOf(suggestion);
      drawSuggestion(this.list, suggestion, { text: this.text, texts, checked: this.chosen.has(key) }, (checked) => {
        if (checked) this.chosen.add(key);
        else this.chosen.delete(key);
        this.drawChosen();
      });
    }
    this.drawChosen();
  }

  private drawChosen(): void {
    const { size } = this.chosen;
    this.button.setText(this.context.texts("links.apply", { count: size }));
    this.button.disabled = size === 0;
    this.button.toggle(this.suggestions.length > 0);
    drawLines(this.preview, this.context.texts, { before: this.text, after: this.changed() });
    this.preview.parentElement?.toggleAttribute("hidden", size === 0);
  }

  private changed(): string {
    return linkedText(this.text, this.suggestions.filter((each) => this.chosen.has(keyOf(each))), this.writing());
  }

  private writing(): LinkWriting {
    const { app, texts } = this.context;
    const headings = LANGUAGES.map((language) => NOTES["links.section"][language]);
    const link = (path: string, words: string): string | null => {
      const to = app.vault.getFileByPath(path);
      return to === null ? null : app.fileManager.generateMarkdownLink(to, this.file.path, "", words === to.basename ? "" : words);
    };
    return { link, heading: texts("links.section"), headings };
  }

  private async apply(): Promise<void> {
    const { app, texts } = this.context;
    const change = new VerifiedChange(app, this.file, this.text, this.changed());
    this.button.disabled = true;
    if (!(await change.apply())) {
      await this.plan();
      return this.say(texts("links.changed"));
    }
    const count = this.chosen.size;
    this.close();
    this.offerUndo(change, count);
  }

  /** The note cannot be read or written, as when it was deleted meanwhile. */
  private failed(error: unknown): void {
    new Notice(this.context.texts("links.failed", { reason: asProblem(error).message }));
    if (!this.closed) this.drawChosen();
  }

  private offerUndo(change: VerifiedChange, count: number): void {
    const { texts } = this.context;
    const notice = new Notice(
      createFragment((content) => {
        content.createSpan({ text: texts("links.applied", { count, name: this.file.basename }) });
        content.createEl("button", { text: texts("links.undo"), cls: "sidecar-links-undo" }).addEventListener("click", () => {
          notice.hide();
          // A note that is gone has nothing to be taken out of.
          void change.undo().catch(() => false).then((undone) => new Notice(texts(undone ? "links.undone" : "links.not_undone")));
        });
      }),
      UNDO_MS,
    );
  }

  private say(text: string): void {
    this.told.setText(text);
    this.told.toggleAttribute("hidden", text === "");
  }
}

function keyOf({ kind, path }: LinkSuggestion): string {
  return `${kind} ${path}`;
}
