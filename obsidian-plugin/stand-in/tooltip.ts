/** Tooltips: Obsidian keeps their text in `aria-label`. */

export function setTooltip(el: HTMLElement, tooltip: string, options?: { placement?: string }): void {
  if (tooltip === "") return el.removeAttribute("aria-label");
  el.setAttribute("aria-label", tooltip);
  if (options?.placement !== undefined) el.dataset["tooltipPosition"] = options.placement;
}
