/** Makes a note of a text, under a name that the user gives. A note that is there is never overwritten. */
import { Modal, Notice, normalizePath, Setting, type App, type TFile } from "obsidian";
import { asProblem } from "../core/problem";
import type { Texts } from "../core/texts/texts";

export interface NewNote {
  /** The note in whose folder new notes may go, as the user's settings say. */
  readonly beside: TFile;
  readonly text: string;
  readonly made: () => void;
}

// What Windows, Android or a link in Obsidian cannot have in a name.
const UNUSABLE = /[\\/:*?"<>|#^[\]]/;

export class NewNoteModal extends Modal {
  #name = "";
  #remark: HTMLElement | null = null;

  constructor(
    app: App,
    private readonly texts: Texts,
    private readonly note: NewNote,
  ) {
    super(app);
  }

  override onOpen(): void {
    this.setTitle(this.texts("text.note.title"));
    const form = this.contentEl.createEl("form");
    new Setting(form).setName(this.texts("text.note.name")).addText((field) => {
      field.setValue(this.note.beside.basename).onChange((name) => (this.#name = name));
      field.inputEl.setAttribute("aria-label", this.texts("text.note.name"));
      this.#name = field.getValue();
      field.inputEl.focus();
      field.inputEl.select();
    });
    this.#remark = form.createEl("p", { cls: "sidecar-draft-remarks", attr: { role: "alert" } });
    form.createEl("pre", { cls: "sidecar-draft-body", text: this.note.text, attr: { tabindex: "0" } });
    const row = form.createDiv({ cls: "modal-button-container" });
    row.createEl("button", { cls: "mod-cta", text: this.texts("text.do.create"), attr: { type: "submit" } });
    row.createEl("button", { text: this.texts("text.do.cancel"), attr: { type: "button" } }).addEventListener("click", () => this.close());
    form.addEventListener("submit", (event) => (event.preventDefault(), void this.#make()));
  }

  override onClose(): void {
    this.contentEl.empty();
  }

  async #make(): Promise<void> {
    const name = this.#name.trim();
    if (name === "" || name.startsWith(".") || UNUSABLE.test(name)) return this.#say(this.texts("text.note.unusable"));
    const folder = this.app.fileManager.getNewFileParent(this.note.beside.path, `${name}.md`);
    const path = normalizePath(`${folder.path}/${name}.md`);
    if (await this.app.vault.adapter.exists(path)) return this.#say(this.texts("text.note.there", { name }));
    try {
      const file = await this.app.vault.create(path, `${this.note.text}\n`);
      this.close();
      this.note.made();
      await this.app.workspace.getLeaf(true).openFile(file);
    } catch (thrown) {
      new Notice(asProblem(thrown).message);
    }
  }

  #say(remark: string): void {
    this.#remark?.setText(remark);
  }
}
