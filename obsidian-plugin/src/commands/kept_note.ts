/** Asks before text of a note that the user keeps from models goes to one: the server sees the text, not whose it is. */
import { Modal, Notice, parseYaml, type App, type TFile } from "obsidian";
import type { Context } from "../context";
import { marksItselfKept } from "../core/kept_marks";
import { asProblem } from "../core/problem";
import type { Texts } from "../core/texts/texts";
import { textNow } from "../views/note_change";
import { problemLines } from "./draft_panel";

export class KeptNotes {
  /** Those that the user has agreed to send since the plugin was loaded. */
  readonly #agreed = new WeakSet<TFile>();

  constructor(private readonly context: Pick<Context, "app" | "texts" | "connection">) {}

  /** Whether the note, of which `note` is the text as it is now, may be sent. Where the server does not say, it may not, and the user is told. */
  async maySend(file: TFile, note: string): Promise<boolean> {
    const { app, texts } = this.context;
    try {
      if (this.#agreed.has(file) || !(await this.#isKept(file.path, note))) return true;
    } catch (thrown) {
      new Notice(problemLines(texts, asProblem(thrown)).join("\n"));
      return false;
    }
    const agreed = await KeptNoteModal.ask(app, texts, file.basename);
    if (agreed) this.#agreed.add(file);
    return agreed;
  }

  /** Those of what a search found whose notes may be sent; nobody is asked. Throws Problem where the server does not say. */
  async sendable<T extends { readonly path: string }>(found: readonly T[]): Promise<T[]> {
    const paths = [...new Set(found.map(({ path }) => path))];
    const kept = await Promise.all(paths.map((path) => this.#staysHere(path)));
    return found.filter(({ path }) => kept[paths.indexOf(path)] === false);
  }

  async #staysHere(path: string): Promise<boolean> {
    const file = this.context.app.vault.getFileByPath(path);
    if (file !== null && this.#agreed.has(file)) return false;
    // One that cannot be read here is the server's to tell of; other files than notes have no marks of their own.
    const note = file?.extension === "md" ? await textNow(this.context.app, file).catch(() => "") : "";
    return this.#isKept(path, note);
  }

  async #isKept(path: string, note: string): Promise<boolean> {
    // What the note says now: neither the server nor Obsidian's cache may have read it since.
    return marksItselfKept(note, parseYaml) || this.#isKeptByServer(path);
  }

  async #isKeptByServer(path: string): Promise<boolean> {
    const { status, local } = await this.context.connection.client().why({ path });
    return status === "excluded" || local !== null;
  }
}

class KeptNoteModal extends Modal {
  #agreed = false;

  private constructor(
    app: App,
    private readonly texts: Texts,
    private readonly note: string,
    private readonly answered: (agreed: boolean) => void,
  ) {
    super(app);
  }

  static ask(app: App, texts: Texts, note: string): Promise<boolean> {
    return new Promise((resolve) => new KeptNoteModal(app, texts, note, resolve).open());
  }

  override onOpen(): void {
    const { texts } = this;
    this.setTitle(texts("text.kept.title"));
    this.contentEl.createEl("p", { text: texts("text.kept.about", { note: this.note }) });
    const row = this.contentEl.createDiv({ cls: "modal-button-container" });
    row.createEl("button", { text: texts("text.kept.send"), attr: { type: "button" } }).addEventListener("click", () => {
      this.#agreed = true;
      this.close();
    });
    const cancel = row.createEl("button", { text: texts("text.do.cancel"), attr: { type: "button" } });
    cancel.addEventListener("click", () => this.close());
    cancel.focus();
  }

  override onClose(): void {
    this.contentEl.empty();
    this.answered(this.#agreed);
  }
}
