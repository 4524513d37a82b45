/** One program's settings: steps, values to copy, what is good to know, and a test. */
import { allToCopy, callsOf } from "../../core/clients/offering";
import { withKey } from "../../core/clients/trial";
import { KEY_PLACE, type ClientSettings } from "../../core/protocol/clients";
import { ENTRIES, type Key } from "../../core/texts/texts";
import type { Shell } from "../../shell";
import { copyText } from "../clipboard";
import { labelledBy } from "../spoken_label";
import { markedText } from "./marked_text";
import { ProgramTest } from "./program_test";

export class ProgramCard {
  private readonly test: ProgramTest | null;

  constructor(private readonly place: HTMLElement, private readonly shell: Shell, private readonly settings: ClientSettings) {
    place.addClass("sidecar-program");
    this.sentences("ol", "programs.steps", settings.steps ?? [], "unsupported" in settings ? settings.unsupported : null);
    this.values();
    for (const snippet of settings.snippets) this.snippet(snippet);
    if (settings.settings.length + settings.snippets.length > 1) this.copyAll();
    this.test = this.testing();
    this.sentences("ul", "programs.quirks", settings.quirks ?? []);
    this.footnote();
  }

  close(): void {
    this.test?.stop();
  }

  private heading(key: Key): void {
    this.place.createEl("h3", { text: this.shell.context.texts(key), cls: "sidecar-part" });
  }

  private sentences(kind: "ol" | "ul", key: Key, sentences: readonly string[], first: string | null = null): void {
    // The server's sentences are English, as the programs' own settings mostly are.
    if (first !== null) markedText(this.place.createEl("p", { cls: "sidecar-callout", attr: { lang: "en" } }), first);
    if (sentences.length === 0) return;
    this.heading(key);
    const list = this.place.createEl(kind, { attr: { lang: "en" } });
    for (const sentence of sentences) markedText(list.createEl("li"), sentence);
  }

  private values(): void {
    if (this.settings.settings.length === 0) return;
    this.heading("programs.values");
    const list = this.place.createEl("dl", { cls: "sidecar-values" });
    for (const { label, value } of this.settings.settings) {
      const row = list.createDiv();
      const name = this.label(label);
      row.createEl("dt", { text: name });
      const shown = row.createEl("dd");
      this.shown(shown, value);
      this.copyButton(row.createEl("dd", { cls: "sidecar-copy" }), name, value);
    }
  }

  /** The key lies on no screen: it is put in when somebody copies. */
  private shown(place: HTMLElement, value: string): void {
    const { texts } = this.shell.context;
    if (value === KEY_PLACE) place.createSpan({ text: texts("programs.key_hidden"), cls: "sidecar-soft" });
    else place.createEl("code", { text: value.replaceAll(KEY_PLACE, "•••") });
  }

  private snippet({ title, text, path }: ClientSettings["snippets"][number]): void {
    const { texts } = this.shell.context;
    const where = [...new Set(Object.values(path ?? {}))].join(" · ");
    const name = [title ?? texts("programs.snippet"), where].filter((part) => part !== "").join(": ");
    const head = this.place.createDiv({ cls: "sidecar-snippet-head" });
    const label = head.createSpan({ text: name });
    this.copyButton(head, title ?? texts("programs.snippet"), text);
    const block = this.place.createEl("pre", { cls: "sidecar-snippet", attr: { tabindex: "0", role: "group" } });
    labelledBy(block, label);
    block.createEl("code", { text: text.replaceAll(KEY_PLACE, "•••") });
  }

  private copyButton(place: HTMLElement, name: string, value: string): void {
    const { texts } = this.shell.context;
    const button = place.createEl("button", { text: texts("programs.copy"), attr: { "aria-label": texts("programs.copy_named", { name }) } });
    button.addEventListener("click", () => void this.copy(button, value));
  }

  private copyAll(): void {
    const { texts } = this.shell.context;
    const button = this.place.createDiv({ cls: "sidecar-buttons" }).createEl("button", { text: texts("programs.copy_all") });
    button.addEventListener("click", () => void this.copy(button, allToCopy(this.settings, (label) => this.label(label))));
  }

  private copy(from: HTMLElement, value: string): Promise<boolean> {
    const { connection, texts } = this.shell.context;
    return copyText(from, withKey(value, connection.state.kind === "online" ? connection.state.address.key : null), texts);
  }

  private testing(): ProgramTest | null {
    const { texts } = this.shell.context;
    if (this.settings.unsupported !== undefined && this.settings.unsupported !== null) return null;
    if (this.settings.starts_sidecar === true) this.place.createEl("p", { text: texts("programs.starts"), cls: "sidecar-soft" });
    else if (callsOf(this.settings).length > 0) return new ProgramTest(this.place.createDiv(), this.shell, this.settings);
    else this.place.createEl("p", { text: texts("programs.no_calls"), cls: "sidecar-soft" });
    return null;
  }

  private footnote(): void {
    const { texts } = this.shell.context;
    const { read_from: from, settings, snippets } = this.settings;
    if (from !== undefined) this.place.createEl("p", { text: texts("programs.read_from", { version: from }), cls: "sidecar-soft" });
    const keyed = [...settings.map((setting) => setting.value), ...snippets.map((snippet) => snippet.text)].some((text) => text.includes(KEY_PLACE));
    if (keyed) this.place.createEl("p", { text: texts("programs.key_advice"), cls: "sidecar-soft" });
  }

  private label(label: string): string {
    const key = `programs.label.${label}`;
    return Object.hasOwn(ENTRIES, key) ? this.shell.context.texts(key as Key) : label;
  }
}
