/** Shows what the next question is about, and lets it be added, kept and removed. */
import { setIcon } from "obsidian";
import { shownName } from "./shown_name";
import type { Texts } from "../../core/texts/texts";
import type { About, AboutPrompt } from "./about";
import { iconButton } from "./icon_button";
import { spokenLabel } from "../spoken_label";

export interface ChipActions {
  addNote(): void;
  addSelection(): void;
  /** An edit of an earlier question is given up. */
  cancelEdit(): void;
}

const LONGEST_EXCERPT = 60;

export class Chips {
  private readonly el: HTMLElement;
  private shown = "";

  constructor(
    parent: HTMLElement,
    private readonly texts: Texts,
    private readonly actions: ChipActions,
  ) {
    this.el = parent.createDiv({ cls: "sidecar-ask-chips", attr: { role: "group" } });
    spokenLabel(this.el, texts("ask.context"));
  }

  show(about: About, editing: boolean): void {
    const now = JSON.stringify([about.note, about.selection, about.prompt, editing]);
    if (now === this.shown) return;
    this.shown = now;
    const focused = this.el.contains(this.el.doc.activeElement) ? this.el.doc.activeElement?.getAttribute("data-part") : null;
    this.el.empty();
    if (editing) this.editing();
    if (about.prompt !== null) this.prompt(about, about.prompt);
    if (about.note !== null) this.note(about, about.note.path, about.note.pinned);
    else this.adding("note", "file-plus", this.texts("ask.chip.add_note"), () => this.actions.addNote());
    if (about.selection !== null) this.selection(about, about.selection.path, about.selection.text);
    else this.adding("selection", "text-select", this.texts("ask.chip.add_selection"), () => this.actions.addSelection());
    if (focused) this.el.querySelector<HTMLElement>(`[data-part^="${focused.split("-")[0] ?? ""}"]`)?.focus();
  }

  private adding(part: string, icon: string, label: string, pressed: () => void): void {
    const button = this.el.createEl("button", { cls: "sidecar-ask-chip sidecar-ask-chip-add", attr: { type: "button", "data-part": part } });
    setIcon(button.createSpan({ cls: "sidecar-ask-chip-icon", attr: { "aria-hidden": "true" } }), icon);
    button.createSpan({ text: label });
    button.addEventListener("click", pressed);
  }

  private note(about: About, path: string, pinned: boolean): void {
    const name = shownName(path);
    const chip = this.chip("file-text", name, path);
    const pin = iconButton(chip, "pin", this.texts("ask.chip.pinned", { name }), () => about.pin(!pinned));
    pin.setAttribute("aria-pressed", String(pinned));
    pin.dataset["part"] = "note-pin";
    pin.toggleClass("is-active", pinned);
    this.removing(chip, "note-remove", name, () => about.removeNote());
  }

  private selection(about: About, path: string, text: string): void {
    const name = this.texts("ask.chip.selection", { name: shownName(path) });
    const chip = this.chip("text-select", name, text.length > LONGEST_EXCERPT ? `${text.slice(0, LONGEST_EXCERPT)}…` : text);
    this.removing(chip, "selection-remove", name, () => about.removeSelection());
  }

  private prompt(about: About, { name: prompt, system, temperature }: AboutPrompt): void {
    const name = this.texts("text.prompt.command", { name: prompt });
    const warmth = temperature === null ? null : this.texts("ask.chip.temperature", { value: temperature });
    const chip = this.chip("message-square", name, [warmth, system].filter((line) => line !== null).join("\n") || null);
    this.removing(chip, "prompt-remove", name, () => about.removePrompt());
  }

  private editing(): void {
    const chip = this.chip("pencil", this.texts("ask.editing"), null);
    const cancel = iconButton(chip, "x", this.texts("ask.cancel"), () => this.actions.cancelEdit());
    cancel.dataset["part"] = "edit-cancel";
  }

  private removing(chip: HTMLElement, part: string, name: string, pressed: () => void): void {
    iconButton(chip, "x", this.texts("ask.chip.remove", { name }), pressed).dataset["part"] = part;
  }

  private chip(icon: string, name: string, title: string | null): HTMLElement {
    const chip = this.el.createSpan({ cls: "sidecar-ask-chip" });
    setIcon(chip.createSpan({ cls: "sidecar-ask-chip-icon", attr: { "aria-hidden": "true" } }), icon);
    chip.createSpan({ cls: "sidecar-ask-chip-name", text: name, attr: title === null ? {} : { title } });
    return chip;
  }
}
