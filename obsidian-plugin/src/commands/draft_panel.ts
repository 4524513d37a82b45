/** The panel of a draft: what is being written, what would change, and what can be done with it. It knows no note. */
import { setIcon } from "obsidian";
import type { Problem } from "../core/problem";
import type { Phase } from "../core/text_commands/draft";
import type { Texts } from "../core/texts/texts";
import { drawWords } from "../views/difference";
import { problemWords } from "../views/problem_words";
import { labelledBy, spokenLabel } from "../views/spoken_label";

export type Action = "stop" | "replace" | "after" | "note" | "copy" | "change" | "again" | "discard" | "open";
export interface Shown {
  readonly phase: Phase;
  readonly running: boolean;
  readonly answer: string;
  readonly original: string;
  /** What can be done with the answer, the first thing first. */
  readonly actions: readonly Action[];
  /** Sentences on what the user should know before. */
  readonly remarks: readonly string[];
  readonly problem: Problem | null;
  /** Whether what would change can be shown. */
  readonly comparable: boolean;
}

const ICONS: Partial<Record<Action, string>> = { copy: "copy", discard: "trash-2" };
const ORDER: readonly Action[] = ["stop", "replace", "after", "note", "open", "change", "again", "copy", "discard"];

export class DraftPanel {
  readonly element: HTMLElement;
  /** Whether the changes are shown rather than the text; `null`: for a whole text, as half a text has half removed. */
  #compare: boolean | null = null;
  #drawn = "";
  readonly #parts: { status: HTMLElement; compare: HTMLButtonElement; body: HTMLElement; remarks: HTMLElement };
  readonly #buttons = new Map<Action, HTMLButtonElement>();

  constructor(
    private readonly texts: Texts,
    private readonly about: { readonly title: string; /** Whether what is inserted goes below the passage. */ readonly below: boolean },
    private readonly does: (action: Action) => void,
  ) {
    const { title } = about;
    this.element = createDiv({ cls: "sidecar-draft", attr: { role: "group", tabindex: "-1" } });
    const head = this.element.createDiv({ cls: "sidecar-draft-head" });
    labelledBy(this.element, head.createSpan({ cls: "sidecar-draft-title", text: title }));
    const compare = head.createEl("button", { text: texts("text.compare"), attr: { type: "button" } });
    const status = head.createDiv({ cls: "sidecar-draft-status", attr: { role: "status" } });
    const body = this.element.createDiv({ cls: "sidecar-draft-body", attr: { tabindex: "0", role: "group" } });
    spokenLabel(body, texts("text.answer"));
    const remarks = this.element.createDiv({ cls: "sidecar-draft-remarks", attr: { role: "alert" } });
    this.#parts = { status, compare, body, remarks };
    const row = this.element.createDiv({ cls: "sidecar-draft-actions" });
    for (const action of ORDER) this.#buttons.set(action, this.#button(row, action));
    this.element.addEventListener("keydown", (event) => this.#key(event));
  }

  show(shown: Shown): void {
    const { status, compare, remarks } = this.#parts;
    const said = this.texts(`text.phase.${shown.phase}`, { count: words(shown.answer) });
    if (status.textContent !== said) status.setText(said);
    this.element.toggleClass("is-running", shown.running);
    this.element.setAttribute("aria-busy", String(shown.running));
    compare.toggle(shown.comparable);
    compare.onclick = () => this.#toggle(shown);
    this.#drawBody(shown);
    this.#drawRemarks(remarks, shown);
    this.#drawButtons(shown);
  }

  focus(): void {
    const first = ORDER.map((action) => this.#buttons.get(action)).find((button) => button?.isShown());
    (first ?? this.element).focus();
  }

  #toggle(shown: Shown): void {
    this.#compare = !this.#compares(shown);
    this.#drawBody(shown);
  }

  #compares(shown: Shown): boolean {
    return shown.comparable && (this.#compare ?? shown.phase === "done");
  }

  #drawBody(shown: Shown): void {
    const { body, compare } = this.#parts;
    const compares = this.#compares(shown);
    compare.setAttribute("aria-pressed", String(compares));
    const now = `${compares}\n${shown.answer}`;
    if (now === this.#drawn) return;
    const atEnd = body.scrollHeight - body.scrollTop - body.clientHeight < 24;
    this.#drawn = now;
    body.empty();
    body.toggle(shown.answer !== "");
    if (compares) drawWords(body, this.texts, shown.original, shown.answer);
    else body.setText(shown.answer);
    if (shown.running && atEnd) body.scrollTop = body.scrollHeight;
  }

  #drawRemarks(el: HTMLElement, { remarks, problem }: Shown): void {
    const lines = [...(problem === null ? [] : problemLines(this.texts, problem)), ...remarks];
    if (el.textContent === lines.join("")) return;
    el.empty();
    for (const line of lines) el.createEl("p", { text: line });
  }

  #drawButtons({ actions }: Shown): void {
    const hadFocus = [...this.#buttons.values()].some((button) => button === button.doc.activeElement);
    for (const [action, button] of this.#buttons) {
      button.toggle(actions.includes(action));
      button.toggleClass("mod-cta", actions[0] === action && action !== "stop");
    }
    const focused = this.element.doc.activeElement;
    // A button that goes away takes the focus with it, and the keyboard would be nowhere.
    if (hadFocus && !(focused !== null && this.element.contains(focused) && (focused as HTMLElement).isShown())) this.focus();
  }

  #button(row: HTMLElement, action: Action): HTMLButtonElement {
    const label = this.texts(action === "after" && this.about.below ? "text.do.below" : `text.do.${action}`);
    const icon = ICONS[action];
    const button = row.createEl("button", { cls: icon === undefined ? "" : "clickable-icon", attr: { type: "button", "data-action": action } });
    if (icon === undefined) button.setText(label);
    else {
      setIcon(button, icon);
      button.setAttribute("aria-label", label);
    }
    button.addEventListener("click", () => this.does(action));
    return button;
  }

  #key(event: KeyboardEvent): void {
    // What is pressed here is not for the editor around it.
    event.stopPropagation();
    if (event.key !== "Escape") return;
    event.preventDefault();
    this.does("stop");
  }
}

export function problemLines(texts: Texts, problem: Problem): string[] {
  if (problem.kind === "stopped") return [];
  const { title, hint, told } = problemWords(texts, problem);
  return [title, told, hint].filter((line) => line !== null);
}

function words(text: string): number {
  return text.match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu)?.length ?? 0;
}

