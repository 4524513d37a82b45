/** What is known of the connection now: its line, what is wrong and what to do, and the numbers of this vault's index. */
import { FileSystemAdapter } from "obsidian";
import type { Context } from "../../context";
import type { ConnectionState } from "../../core/connection";
import type { Problem } from "../../core/problem";
import type { VaultStatus } from "../../core/protocol/status";
import { statusLine } from "../../core/status";
import { copyText } from "../clipboard";
import { problemWords } from "../problem_words";

type Online = Extract<ConnectionState, { kind: "online" }>;

export class StateFacts {
  private readonly line: HTMLElement;
  private readonly words: HTMLElement;
  private readonly body: HTMLElement;
  private shown = "";

  constructor(parent: HTMLElement, private readonly context: Context) {
    this.line = parent.createDiv({ cls: "sidecar-line" });
    this.line.createSpan({ cls: "sidecar-tone", attr: { "aria-hidden": "true" } });
    this.words = this.line.createSpan({ attr: { role: "status" } });
    this.body = parent.createDiv();
  }

  show(state: ConnectionState): void {
    const { key, values, tone } = statusLine(state);
    this.line.dataset["tone"] = tone;
    const words = this.context.texts(key, values).replace(/^Sidecar\s?: /, "");
    const sentence = words.charAt(0).toLocaleUpperCase() + words.slice(1);
    // What is said again is read aloud again.
    if (sentence !== this.shown) this.words.setText((this.shown = sentence));
    this.body.empty();
    if (state.kind === "online") this.online(state);
    else if ("problem" in state && state.problem !== null) this.problem(state.problem);
  }

  private problem(problem: Problem): void {
    const { texts } = this.context;
    const { title, hint, told } = problemWords(texts, problem);
    const box = this.body.createDiv({ cls: "sidecar-callout", attr: { "data-tone": problem.kind === "offline" ? "off" : "bad" } });
    box.createDiv({ text: title, cls: "sidecar-strong" });
    if (hint !== null) box.createDiv({ text: hint });
    if (told !== null) box.createDiv({ text: texts("details.server_says", { message: told }), cls: "sidecar-soft" });
  }

  private online(state: Online): void {
    const { texts } = this.context;
    if (state.vault === null) this.unmatched(state);
    else this.vault(state.vault);
    const { url } = state.address;
    const chat = state.status.models.map((model) => model.id).join(", ");
    const list = this.body.createEl("dl", { cls: "sidecar-facts" });
    fact(list, texts("details.address"), url);
    fact(list, texts("details.version"), state.status.version);
    if (state.vault !== null) {
      fact(list, texts("details.vault"), state.vault.name);
      fact(list, texts("details.by_meaning"), this.meaning(state.vault));
    }
    fact(list, texts("details.models"), chat);
    this.attention([...(state.vault?.problems ?? []), ...state.status.notices]);
  }

  private vault(vault: VaultStatus): void {
    const { texts } = this.context;
    const done = vault.files - vault.pending;
    if (vault.pending > 0 && vault.files > 0) {
      const label = texts("details.progress", { done, total: vault.files });
      this.body.createEl("progress", { cls: "sidecar-progress", attr: { max: vault.files, value: done, "aria-label": label } });
    }
    const numbers = this.body.createEl("dl", { cls: "sidecar-numbers" });
    for (const name of ["indexed", "excluded", "failed", "pending"] as const) {
      fact(numbers, texts(`details.${name}`), new Intl.NumberFormat(texts.language).format(vault[name]));
    }
  }

  private meaning(vault: VaultStatus): string {
    const { texts } = this.context;
    const { model } = vault.embedding;
    if (model === null) return texts("details.by_meaning.none");
    const missing = vault.chunks_without_vector;
    if (missing === 0) return model;
    const percent = Math.floor((100 * Math.max(0, vault.chunks - missing)) / Math.max(1, vault.chunks));
    return texts("details.by_meaning.part", { model, percent });
  }

  private unmatched(state: Online): void {
    const { app, texts } = this.context;
    const names = state.status.vaults.map((vault) => vault.name).join(", ") || texts("details.no_vaults");
    const box = this.body.createDiv({ cls: "sidecar-callout", attr: { "data-tone": "bad" } });
    const isHere = state.address.from === "folder";
    box.createDiv({ text: texts(state.unmatched === "several" ? "details.several_vaults" : isHere ? "details.other_vault" : "details.vault_elsewhere", { names }) });
    if (state.unmatched === "several" || !isHere) return;
    const folders = [...state.status.vaults.map((vault) => vault.path), folderOf(app)];
    const command = `sidecar serve ${folders.map((folder) => `"${folder}"`).join(" ")}`;
    const row = box.createDiv({ cls: "sidecar-bar" });
    row.createEl("code", { text: command });
    const copy = row.createEl("button", { text: texts("programs.copy") });
    copy.addEventListener("click", () => void copyText(copy, command, texts));
  }

  private attention(sentences: readonly string[]): void {
    if (sentences.length === 0) return;
    const box = this.body.createDiv({ cls: "sidecar-callout", attr: { "data-tone": "bad" } });
    box.createDiv({ text: this.context.texts("details.attention"), cls: "sidecar-strong" });
    // The server speaks English.
    for (const sentence of sentences) box.createDiv({ text: sentence, attr: { lang: "en" } });
  }
}

function folderOf(app: Context["app"]): string {
  const { adapter } = app.vault;
  return adapter instanceof FileSystemAdapter ? adapter.getBasePath() : app.vault.getName();
}

function fact(list: HTMLElement, name: string, value: string): void {
  const row = list.createDiv();
  row.createEl("dt", { text: name });
  row.createEl("dd", { text: value });
}
