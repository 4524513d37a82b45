/** Says that the server has no model that writes, and how to add one: quotations are no use in place of a text. */
import { Modal, type App } from "obsidian";
import type { Texts } from "../core/texts/texts";
import { copyText } from "../views/clipboard";

const COMMANDS = ["sidecar models recommend", "sidecar serve --model PATH.gguf", "sidecar serve --upstream http://127.0.0.1:11434/v1"];

export class NoWriterModal extends Modal {
  constructor(
    app: App,
    private readonly texts: Texts,
    private readonly why: "none" | "quotes",
  ) {
    super(app);
  }

  override onOpen(): void {
    const { texts } = this;
    this.setTitle(texts("text.no_writer.title"));
    this.contentEl.createEl("p", { text: texts(`text.no_writer.${this.why}`) });
    if (this.why === "quotes") return;
    this.contentEl.createEl("p", { text: texts("text.no_writer.how") });
    const list = this.contentEl.createEl("ul", { cls: "sidecar-no-writer" });
    COMMANDS.forEach((command, place) => this.#command(list, command, texts(place === 0 ? "text.no_writer.recommend" : place === 1 ? "text.no_writer.model" : "text.no_writer.upstream")));
  }

  override onClose(): void {
    this.contentEl.empty();
  }

  #command(list: HTMLElement, command: string, what: string): void {
    const item = list.createEl("li");
    item.createSpan({ text: what });
    item.createEl("code", { text: command });
    const copy = item.createEl("button", { text: this.texts("text.do.copy"), attr: { type: "button", "aria-label": `${this.texts("text.do.copy")}: ${command}` } });
    copy.addEventListener("click", () => void copyText(copy, command, this.texts));
  }
}
