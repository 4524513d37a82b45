/** What stands where a list would be: why there is none, and what can be done about it. */

export interface Remedy {
  readonly text: string;
  readonly run: () => void;
}

export function drawEmptyState(into: HTMLElement, says: string, { detail = "", remedies = [] }: { detail?: string; remedies?: readonly Remedy[] } = {}): void {
  into.empty();
  const box = into.createDiv({ cls: "sidecar-notes-empty" });
  box.createEl("p", { text: says });
  if (detail !== "") box.createEl("p", { text: detail, cls: "sidecar-notes-detail" });
  for (const { text, run } of remedies) box.createEl("button", { text }).addEventListener("click", run);
}
