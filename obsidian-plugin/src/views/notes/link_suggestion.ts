/** One proposed link: the note, why, and the line it would stand in. */
import type { LinkSuggestion } from "../../core/notes/link_suggestions";
import { nameAndFolder } from "../../core/notes/related_row";
import type { Texts } from "../../core/texts/texts";

const AROUND = 80;

export interface Shown {
  readonly text: string;
  readonly texts: Texts;
  readonly checked: boolean;
}

export function drawSuggestion(into: HTMLElement, suggestion: LinkSuggestion, { text, texts, checked }: Shown, chosen: (checked: boolean) => void): void {
  const label = into.createEl("label", { cls: "sidecar-links-suggestion" });
  const box = label.createEl("input", { type: "checkbox" });
  box.checked = checked;
  box.addEventListener("change", () => chosen(box.checked));
  const about = label.createDiv({ cls: "sidecar-links-about" });
  const line = about.createDiv({ cls: "sidecar-links-line" });
  const { name, folder } = nameAndFolder(suggestion.path);
  line.createSpan({ cls: "sidecar-links-name", text: name });
  if (folder !== "") line.createSpan({ cls: "sidecar-links-folder", text: folder });
  if (suggestion.score !== null) line.createSpan({ cls: "sidecar-links-score", text: texts("related.score", { percent: Math.round(suggestion.score * 100) }) });
  if (suggestion.kind === "mention") drawPlace(about.createDiv({ cls: "sidecar-links-place" }), text, suggestion.mention);
  else about.createDiv({ cls: "sidecar-links-place", text: texts("links.at_end") });
}

/** The line of a mention, or what of a long one is near. */
function drawPlace(into: HTMLElement, text: string, { from, to }: { from: number; to: number }): void {
  const start = text.lastIndexOf("\n", from - 1) + 1;
  const end = text.indexOf("\n", to);
  const stop = end < 0 ? text.length : end;
  const first = Math.max(start, from - AROUND);
  const last = Math.min(stop, to + AROUND);
  into.appendText((first > start ? "…" : "") + text.slice(first, from));
  into.createEl("mark", { text: text.slice(from, to) });
  into.appendText(text.slice(to, last) + (last < stop ? "…" : ""));
}
