/** Which model answers, and when notes go with the question. Both are remembered in the settings. */
import type { ModelEntry } from "../../core/protocol/models";
import type { NotesMode } from "../../settings/settings";
import type { Texts } from "../../core/texts/texts";

export interface Choice {
  readonly model: string | null;
  readonly notes: NotesMode;
}

const EXTRACTIVE = "/extractive";
const MODES = ["auto", "always", "never"] as const;

export class ModelPicker {
  private readonly model: HTMLSelectElement;
  private readonly notes: HTMLSelectElement;
  private known: readonly ModelEntry[] = [];
  private vaults: readonly string[] = [];
  private shown = "";

  constructor(
    parent: HTMLElement,
    private readonly texts: Texts,
    chosen: (choice: Partial<Choice>) => void,
  ) {
    this.model = parent.createEl("select", { cls: "dropdown", attr: { "aria-label": texts("ask.model") } });
    this.notes = parent.createEl("select", { cls: "dropdown", attr: { "aria-label": texts("ask.notes") } });
    for (const mode of MODES) this.notes.createEl("option", { value: mode, text: texts(`ask.notes.${mode}`) });
    this.model.addEventListener("change", () => chosen({ model: this.model.value === "" ? null : this.model.value }));
    this.notes.addEventListener("change", () => chosen({ notes: MODES.find((mode) => mode === this.notes.value) ?? "auto" }));
  }

  /** `vaults` are the names of the server's, `here` is the one that is open. A list that somebody has unfolded stays. */
  show(models: readonly ModelEntry[], vaults: readonly string[], here: string | null, { model, notes }: Choice): void {
    const now = JSON.stringify([models, vaults, here, model, notes]);
    if (now === this.shown) return;
    this.shown = now;
    this.vaults = vaults;
    this.known = models.filter((entry) => entry.type === "llm" && entry.id !== "vault" && (!withNotes(entry.id, vaults) || here === null || entry.id.startsWith(`${here}/`)));
    this.model.empty();
    this.option(this.model, "", this.texts("ask.model.default"));
    this.group("ask.model.vault", this.known.filter((entry) => withNotes(entry.id, vaults)));
    this.group("ask.model.plain", this.known.filter((entry) => !withNotes(entry.id, vaults)));
    this.choose({ model, notes });
  }

  private choose(choice: Choice): void {
    const model = choice.model ?? "";
    this.model.querySelector("option[data-gone]")?.remove();
    if (model !== "" && !this.known.some((entry) => entry.id === model)) {
      this.option(this.model, model, this.texts("ask.model.gone", { name: model })).dataset["gone"] = "";
    }
    this.model.value = model;
    this.notes.value = choice.notes;
    this.notes.disabled = model !== "" && !withNotes(model, this.vaults);
  }

  private group(label: "ask.model.vault" | "ask.model.plain", entries: readonly ModelEntry[]): void {
    if (entries.length === 0) return;
    const group = this.model.createEl("optgroup", { attr: { label: this.texts(label) } });
    for (const entry of entries) this.option(group, entry.id, entry.id.endsWith(EXTRACTIVE) ? this.texts("ask.model.extractive") : entry.id);
  }

  private option(parent: HTMLElement, value: string, text: string): HTMLOptionElement {
    return parent.createEl("option", { value, text });
  }
}

/** Whether a model of the list answers with a vault's notes: `VAULT/MODEL`, and `vault` itself. Other ids may have a slash too. */
export function withNotes(id: string, vaults: readonly string[]): boolean {
  return id === "vault" || id.endsWith(EXTRACTIVE) || vaults.some((vault) => id.startsWith(`${vault}/`));
}

/** Whether what answers can only quote: it is asked for by name, or is all that the server has. */
export function onlyQuotes(models: readonly ModelEntry[], model: string | null): boolean {
  if (model !== null && model !== "vault") return model.endsWith(EXTRACTIVE);
  const chat = models.filter((entry) => entry.type === "llm" && entry.id !== "vault");
  return chat.length > 0 && chat.every((entry) => entry.id.endsWith(EXTRACTIVE));
}
