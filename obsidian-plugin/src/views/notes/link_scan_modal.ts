/** The window that lists the notes with the most missing links, while they are looked for. */
import { Modal } from "obsidian";
import { scanLinks, type ScanProgress } from "../../core/notes/link_scan";
import { nameAndFolder } from "../../core/notes/related_row";
import { asProblem } from "../../core/problem";
import type { RelatedNote } from "../../core/protocol/search";
import type { Context } from "../../context";
import { labelledBy } from "../spoken_label";
import { clientNow } from "../client_now";
import { drawEmptyState } from "./empty_state";
import { LinkModal } from "./link_modal";
import { sayProblemInLine } from "./saying";

// A vault has more notes than somebody links in one go: those changed last come first.
const MOST_NOTES = 500;

export class LinkScanModal extends Modal {
  private readonly stop = new AbortController();
  private told!: HTMLElement;
  private bar!: HTMLProgressElement;
  private list!: HTMLElement;
  private button!: HTMLButtonElement;
  private drawn = "";

  constructor(private readonly context: Context) {
    super(context.app);
  }

  override onOpen(): void {
    const { texts } = this.context;
    this.modalEl.addClass("sidecar-links");
    this.setTitle(texts("links.scan.title"));
    this.told = this.contentEl.createDiv({ cls: "sidecar-links-told", text: texts("notes.looking"), attr: { role: "status" } });
    this.bar = this.contentEl.createEl("progress", { cls: "sidecar-links-progress" });
    labelledBy(this.bar, this.titleEl);
    this.list = this.contentEl.createEl("ul", { cls: "sidecar-links-scanned", attr: { role: "list" } });
    const buttons = this.contentEl.createDiv({ cls: "modal-button-container" });
    this.button = buttons.createEl("button", { text: texts("links.scan.stop") });
    this.button.addEventListener("click", () => this.stop.abort());
    void this.scan();
  }

  override onClose(): void {
    this.stop.abort();
    this.contentEl.empty();
  }

  private async scan(): Promise<void> {
    const { app, texts, connection } = this.context;
    const files = app.vault.getMarkdownFiles().sort((a, b) => b.stat.mtime - a.stat.mtime);
    const paths = files.slice(0, MOST_NOTES).map((file) => file.path);
    let done = 0;
    const told = (progress: ScanProgress): void => {
      done = progress.done;
      this.draw(progress);
    };
    try {
      await clientNow(connection);
      await scanLinks(paths, (path, limit) => this.related(path, limit), { links: () => app.metadataCache.resolvedLinks, signal: this.stop.signal, told });
      this.told.setText(texts(done < files.length ? "links.scan.recent" : "links.scan.done", { count: done }));
      if (this.list.childElementCount === 0) drawEmptyState(this.list, texts("links.scan.none"));
    } catch (error) {
      this.told.setText(sayProblemInLine(asProblem(error), connection.state, texts));
      this.stop.abort();
    }
    this.bar.remove();
    this.button.remove();
  }

  private async related(path: string, limit: number): Promise<readonly RelatedNote[] | null> {
    try {
      return (await this.context.connection.client().related({ path, limit }, this.stop.signal)).results;
    } catch (error) {
      if (asProblem(error).code === "note_not_found" || this.stop.signal.aborted) return null;
      throw error;
    }
  }

  private draw({ done, total, found }: ScanProgress): void {
    const { texts } = this.context;
    this.bar.max = total;
    this.bar.value = done;
    // What is read out at every note would never end.
    if (done % 25 === 1) this.told.setText(texts("links.scan.progress", { done, total }));
    const wanted = JSON.stringify(found);
    if (wanted === this.drawn) return;
    this.drawn = wanted;
    const focused = this.list.querySelector<HTMLElement>(":focus")?.dataset["path"];
    this.list.empty();
    for (const { path, missing } of found) this.drawFound(path, missing, path === focused);
  }

  private drawFound(path: string, missing: number, focused: boolean): void {
    const { app, texts } = this.context;
    const { name, folder } = nameAndFolder(path);
    const button = this.list.createEl("li").createEl("button", { cls: "sidecar-links-found", attr: { type: "button", "data-path": path } });
    button.createSpan({ cls: "sidecar-links-name", text: name });
    if (folder !== "") button.createSpan({ cls: "sidecar-links-folder", text: folder });
    button.createSpan({ cls: "sidecar-links-score", text: texts("links.scan.missing", { count: missing }) });
    button.addEventListener("click", () => {
      const file = app.vault.getFileByPath(path);
      if (file !== null) new LinkModal(this.context, file).open();
    });
    if (focused) button.focus();
  }
}
