/** Why a note is not found: what became of its file, and, for words that somebody searched with, what kept it back. */
import { Modal, Setting } from "obsidian";
import type { Context } from "../../context";
import { asProblem } from "../../core/problem";
import type { WhyAnswer, WhyQuery } from "../../core/protocol/why";
import type { Key } from "../../core/texts/texts";
import { clientNow } from "../client_now";
import { problemWords } from "../problem_words";
import { ruleWords } from "./rule_words";

const KNOWN = ["indexed", "excluded", "failed"];

export class WhyModal extends Modal {
  private readonly query: HTMLInputElement;
  private readonly answer: HTMLElement;
  private asked = 0;

  constructor(private readonly context: Context, private readonly path: string) {
    super(context.app);
    const { texts } = context;
    this.setTitle(texts("why.command"));
    this.modalEl.addClass("sidecar-modal");
    this.contentEl.createDiv({ text: path, cls: "sidecar-path" });
    const form = this.contentEl.createEl("form", { cls: "sidecar-bar" });
    this.query = form.createEl("input", { type: "search", placeholder: texts("why.query"), attr: { "aria-label": texts("why.query") } });
    form.createEl("button", { text: texts("why.look"), cls: "mod-cta", type: "submit" });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.look();
    });
    this.answer = this.contentEl.createDiv({ cls: "sidecar-why", attr: { role: "status" } });
  }

  override onOpen(): void {
    void this.look();
  }

  private async look(): Promise<void> {
    const { connection, texts } = this.context;
    const now = ++this.asked;
    try {
      const query = this.query.value.trim();
      const client = await clientNow(connection);
      const told = await client.why({ path: this.path, ...(query === "" ? {} : { query }) });
      if (now === this.asked) this.show(told);
    } catch (error) {
      if (now !== this.asked) return;
      const { title, hint } = problemWords(texts, asProblem(error));
      this.answer.empty();
      this.answer.createDiv({ text: title, cls: "sidecar-strong" });
      if (hint !== null) this.answer.createDiv({ text: hint });
    }
  }

  private show(told: WhyAnswer): void {
    const { texts } = this.context;
    this.answer.empty();
    const status = KNOWN.includes(told.status) ? told.status : "unknown";
    this.answer.createDiv({ text: texts(`why.${status}` as Key), cls: "sidecar-strong" });
    if (told.status === "excluded" && told.reason !== null) this.answer.createDiv({ text: ruleWords(texts, told.reason) });
    if (told.status === "failed" && told.reason !== null) this.answer.createDiv({ text: told.reason, attr: { lang: "en" } });
    if (told.local !== null) this.answer.createDiv({ text: texts("why.local") });
    for (const { message } of told.problems) this.answer.createDiv({ text: message, cls: "sidecar-soft", attr: { lang: "en" } });
    if (told.candidates.length > 0) this.candidates(told.candidates);
    if (told.query !== undefined) this.searched(told.query);
  }

  private candidates(paths: readonly string[]): void {
    this.answer.createDiv({ text: this.context.texts("why.candidates") });
    const list = this.answer.createEl("ul");
    for (const path of paths) list.createEl("li", { text: path, cls: "sidecar-path" });
  }

  private searched(told: WhyQuery): void {
    const { texts } = this.context;
    this.answer.createDiv({ text: this.place(told), cls: "sidecar-strong" });
    const reasons = told.reasons ?? [];
    if (reasons.length > 0) {
      const list = this.answer.createEl("ul", { attr: { lang: "en" } });
      for (const { message } of reasons) list.createEl("li", { text: message });
    }
    if (told.words_rank !== undefined || told.vector_rank !== undefined) {
      const rank = (value: number | null | undefined): string => (value === null || value === undefined ? texts("why.no_rank") : String(value));
      this.answer.createDiv({ text: texts("why.ranks", { words: rank(told.words_rank), meaning: rank(told.vector_rank) }), cls: "sidecar-soft" });
    }
    this.words(told.words ?? []);
  }

  private place({ found, shown, rank }: WhyQuery): string {
    if (!found || rank === undefined) return this.context.texts("why.not_found");
    return this.context.texts(shown ? "why.found" : "why.found_low", { rank });
  }

  private words(words: NonNullable<WhyQuery["words"]>): void {
    if (words.length === 0) return;
    const { texts } = this.context;
    new Setting(this.answer).setName(texts("why.words")).setHeading();
    const list = this.answer.createEl("dl", { cls: "sidecar-facts" });
    for (const { word, notes, in_note: inNote } of words) {
      const row = list.createDiv();
      row.createEl("dt", { text: word });
      row.createEl("dd", { text: notes === 0 ? texts("why.word.nowhere") : texts(inNote ? "why.word.in" : "why.word.out", { count: notes }) });
    }
  }
}
