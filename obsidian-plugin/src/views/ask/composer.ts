/** The box in which a question is written, and the button that sends it or stops the answer. */
import { setIcon } from "obsidian";
import type { Texts } from "../../core/texts/texts";
import { composes } from "../composing";
import { spokenLabel } from "../spoken_label";

export interface ComposerActions {
  send(question: string): void;
  stop(): void;
  /** Questions asked so far, the latest last. */
  asked(): readonly string[];
  /** What was typed, kept while the view is closed. */
  typed(text: string): void;
}

export class Composer {
  readonly box: HTMLTextAreaElement;
  private readonly frame: HTMLElement;
  private readonly button: HTMLButtonElement;
  private running = false;
  /** How many questions back the box shows; 0: what is being written. */
  private back = 0;

  constructor(
    parent: HTMLElement,
    bar: HTMLElement,
    private readonly texts: Texts,
    private readonly actions: ComposerActions,
  ) {
    this.frame = parent.createDiv({ cls: "sidecar-ask-box", prepend: true });
    this.box = this.frame.createEl("textarea", {
      attr: { rows: "1", placeholder: texts("ask.placeholder"), enterkeyhint: "send" },
    });
    spokenLabel(this.box, texts("ask.box"));
    this.button = bar.createEl("button", { cls: "sidecar-ask-send", attr: { type: "button" } });
    this.box.addEventListener("input", () => this.edited());
    this.box.addEventListener("keydown", (event) => this.pressed(event));
    this.box.addEventListener("focus", () => this.frame.scrollIntoView({ block: "nearest" }));
    this.button.addEventListener("click", () => (this.running ? this.actions.stop() : this.send()));
    this.show(false);
  }

  focus(): void {
    this.box.focus();
    this.box.setSelectionRange(this.box.value.length, this.box.value.length);
  }

  fill(text: string): void {
    this.box.value = text;
    this.back = 0;
    this.grown();
    this.actions.typed(text);
  }

  setRunning(running: boolean): void {
    if (this.running !== running) this.show(running);
  }

  private show(running: boolean): void {
    this.running = running;
    this.button.empty();
    setIcon(this.button, running ? "square" : "arrow-up");
    this.button.setAttribute("aria-label", this.texts(running ? "ask.stop" : "ask.send"));
    this.button.toggleClass("mod-cta", !running);
    this.enable();
  }

  private send(): void {
    const question = this.box.value.trim();
    if (question === "" || this.running) return;
    this.fill("");
    this.actions.send(question);
  }

  private pressed(event: KeyboardEvent): void {
    if (composes(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.send();
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") this.recall(event);
  }

  /** Up goes back through the questions, as long as nothing else was written. */
  private recall(event: KeyboardEvent): void {
    const asked = this.actions.asked();
    const shown = this.back === 0 ? "" : (asked.at(-this.back) ?? "");
    const back = this.back + (event.key === "ArrowUp" ? 1 : -1);
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || this.box.value !== shown || back < 0 || back > asked.length) return;
    event.preventDefault();
    this.fill(back === 0 ? "" : (asked.at(-back) ?? ""));
    this.back = back;
    this.focus();
  }

  private edited(): void {
    this.grown();
    this.actions.typed(this.box.value);
  }

  /** The box is as high as a copy of its text, which the style sheet lays under it. */
  private grown(): void {
    this.frame.dataset["text"] = this.box.value;
    this.enable();
  }

  private enable(): void {
    this.button.disabled = !this.running && this.box.value.trim() === "";
  }
}
