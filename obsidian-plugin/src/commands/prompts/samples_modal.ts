/** Shows the sample prompts that would be created, and creates those that are not there yet. Nothing is overwritten. */
import { Modal, Notice, normalizePath, type App } from "obsidian";
import { asProblem } from "../../core/problem";
import { samplePrompts, type SamplePrompt } from "../../core/text_commands/sample_prompts";
import type { Texts } from "../../core/texts/texts";
import { madeFolder } from "../../platform/vault_folder";

interface Planned extends SamplePrompt {
  readonly path: string;
  readonly there: boolean;
}

export class SamplesModal extends Modal {
  constructor(
    app: App,
    private readonly texts: Texts,
    private readonly folder: string,
  ) {
    super(app);
  }

  override async onOpen(): Promise<void> {
    const { texts, folder } = this;
    this.setTitle(texts("text.samples.title"));
    const planned = await this.#planned();
    this.contentEl.createEl("p", { text: texts("text.samples.about", { folder }) });
    for (const sample of planned) this.#show(sample);
    const row = this.contentEl.createDiv({ cls: "modal-button-container" });
    const missing = planned.filter(({ there }) => !there);
    const create = row.createEl("button", { cls: "mod-cta", text: texts("text.samples.create", { count: missing.length }), attr: { type: "button" } });
    create.disabled = missing.length === 0;
    create.addEventListener("click", () => void this.#create(missing));
    const cancel = row.createEl("button", { text: texts("text.do.cancel"), attr: { type: "button" } });
    cancel.addEventListener("click", () => this.close());
    (create.disabled ? cancel : create).focus();
  }

  override onClose(): void {
    this.contentEl.empty();
  }

  async #planned(): Promise<Planned[]> {
    const samples = samplePrompts(this.texts.language).map((sample) => ({ ...sample, path: normalizePath(`${this.folder}/${sample.name}.md`) }));
    return Promise.all(samples.map(async (sample) => ({ ...sample, there: await this.app.vault.adapter.exists(sample.path) })));
  }

  #show({ path, text, there }: Planned): void {
    const sample = this.contentEl.createEl("details", { cls: "sidecar-sample" });
    sample.createEl("summary", { text: there ? this.texts("text.samples.there", { path }) : path });
    sample.createEl("pre", { cls: "sidecar-draft-body", text });
  }

  async #create(samples: readonly Planned[]): Promise<void> {
    const { vault } = this.app;
    try {
      const folder = await madeFolder(vault, this.folder);
      // What has come to be there meanwhile makes the creation fail, and stays.
      for (const { name, text } of samples) await vault.create(normalizePath(`${folder}/${name}.md`), text);
      new Notice(this.texts("text.samples.created", { count: samples.length }));
      this.close();
    } catch (thrown) {
      new Notice(asProblem(thrown).message);
    }
  }
}
