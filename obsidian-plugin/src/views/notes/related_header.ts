/** The head of the view of related notes: which note it is about, and the switches. */
import { setIcon } from "obsidian";
import type { Texts } from "../../core/texts/texts";

export interface Switches {
  /** Stay with this note, or follow again. */
  pin(): void;
  hideLinked(): void;
}

export interface HeaderState {
  readonly title: string;
  readonly pinned: boolean;
  readonly pinnable: boolean;
  readonly hidden: boolean;
}

export class RelatedHeader {
  private readonly heading: HTMLElement;
  private readonly pin: HTMLElement;
  private readonly hide: HTMLElement;

  constructor(into: HTMLElement, texts: Texts, switches: Switches) {
    const header = into.createDiv({ cls: "sidecar-related-header" });
    this.heading = header.createEl("h2", { cls: "sidecar-related-heading" });
    this.pin = drawSwitch(header, "pin", texts("related.pin"), () => switches.pin());
    this.hide = drawSwitch(header, "link-2-off", texts("related.hide_linked"), () => switches.hideLinked());
  }

  show({ title, pinned, pinnable, hidden }: HeaderState): void {
    this.heading.setText(title);
    this.pin.setAttr("aria-pressed", String(pinned));
    this.pin.toggleAttribute("disabled", !pinnable);
    this.hide.setAttr("aria-pressed", String(hidden));
  }
}

function drawSwitch(header: HTMLElement, icon: string, label: string, run: () => void): HTMLElement {
  const button = header.createEl("button", { cls: "clickable-icon", attr: { type: "button", "aria-label": label } });
  setIcon(button, icon);
  button.addEventListener("click", run);
  return button;
}
