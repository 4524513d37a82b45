/**
 * Names a part of the page for those who hear it. Obsidian shows every `aria-label` as a tooltip, which is right for a
 * button; for a box or a whole conversation it would come up wherever the pointer rests.
 */

let labels = 0;

/** The name stands in front of the element, unseen. */
export function spokenLabel(el: HTMLElement, name: string): void {
  const label = createSpan({ cls: "sidecar-spoken", text: name });
  el.before(label);
  labelledBy(el, label);
}

/** The name is what stands in another element. */
export function labelledBy(el: HTMLElement, label: HTMLElement): void {
  label.id ||= `sidecar-label-${(labels += 1)}`;
  el.setAttribute("aria-labelledby", label.id);
}
