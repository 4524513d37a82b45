/** What can be done with an answer: take it along, put it into a note, have another. */
import { Notice } from "obsidian";
import type { Context } from "../../context";
import { copyText } from "../clipboard";
import { activeNote } from "./active_note";
import { iconButton } from "./icon_button";
import { shownName } from "./shown_name";
import { NotePicker, append } from "./appending";
import { spokenLabel } from "../spoken_label";

export interface AnswerActions {
  /** The answer as Markdown that is safe in a note, with links from that note. */
  markdown(from: string): string;
  regenerate(): void;
}

export class ActionBar {
  private readonly el: HTMLElement;
  private readonly again: HTMLButtonElement;

  constructor(
    parent: HTMLElement,
    private readonly context: Pick<Context, "app" | "texts" | "inUse">,
    private readonly actions: AnswerActions,
  ) {
    const { texts } = context;
    this.el = parent.createDiv({ cls: "sidecar-ask-actions", attr: { role: "toolbar" } });
    spokenLabel(this.el, texts("ask.actions"));
    iconButton(this.el, "copy", texts("ask.copy"), () => void copyText(this.el, actions.markdown(""), texts));
    iconButton(this.el, "text-cursor-input", texts("ask.insert"), () => this.insert());
    iconButton(this.el, "file-plus-2", texts("ask.append"), () => this.append());
    this.again = iconButton(this.el, "refresh-cw", texts("ask.regenerate"), () => actions.regenerate());
    this.dragged();
    this.el.addEventListener("keydown", (event) => this.move(event));
    this.el.querySelectorAll("button").forEach((button, place) => (button.tabIndex = place === 0 ? 0 : -1));
  }

  /** Only the last answer can be had again: what follows another would go with it. */
  show(there: boolean, last: boolean): void {
    this.el.toggle(there);
    this.again.toggle(last);
  }

  private buttons(): HTMLButtonElement[] {
    return [...this.el.querySelectorAll("button")].filter((button) => button.isShown());
  }

  /** One stop for Tab; the arrows go from one button to the next, as in any toolbar. */
  private move(event: KeyboardEvent): void {
    const buttons = this.buttons();
    const at = buttons.findIndex((button) => button === this.el.doc.activeElement);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next = step === undefined ? { Home: 0, End: buttons.length - 1 }[event.key] : (at + step + buttons.length) % buttons.length;
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    buttons.forEach((button, place) => (button.tabIndex = place === next ? 0 : -1));
    buttons[next]?.focus();
  }

  private dragged(): void {
    const grip = this.el.createSpan({ cls: "sidecar-ask-grip", attr: { draggable: "true", title: this.context.texts("ask.drag"), "aria-hidden": "true" }, text: "⠿" });
    grip.addEventListener("dragstart", (event) => {
      event.dataTransfer?.setData("text/plain", this.actions.markdown(activeNote(this.context.inUse) ?? ""));
      if (event.dataTransfer) event.dataTransfer.effectAllowed = "copy";
    });
  }

  /** One transaction of the editor: one undo takes it out. */
  private insert(): void {
    const { inUse: { view }, texts } = this.context;
    if (view === null || view.getMode() !== "source") return void new Notice(texts("ask.insert.nowhere"));
    const { editor } = view;
    const text = this.actions.markdown(view.file?.path ?? "");
    // Behind what is selected: that was not to be replaced.
    const at = editor.getCursor("to");
    editor.replaceRange(text, at);
    editor.setCursor(editor.offsetToPos(editor.posToOffset(at) + text.length));
    new Notice(texts("ask.inserted", { name: shownName(view.file?.path ?? "") }));
  }

  private append(): void {
    const { app, texts } = this.context;
    new NotePicker(app, texts, (file) => void append(app, texts, file, this.actions.markdown(file.path))).open();
  }
}
