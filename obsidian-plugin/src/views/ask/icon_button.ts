/** A button that shows an icon and tells its name to those who do not see it. */
import { setIcon } from "obsidian";

export function iconButton(parent: HTMLElement, icon: string, label: string, pressed: () => void): HTMLButtonElement {
  const button = parent.createEl("button", { cls: "clickable-icon sidecar-ask-icon", attr: { type: "button" } });
  setIcon(button, icon);
  renamed(button, label);
  button.addEventListener("click", pressed);
  return button;
}

/** Obsidian shows an element's label as its tooltip. */
export function renamed(button: HTMLElement, label: string): void {
  button.setAttribute("aria-label", label);
}
