/** One hit of a search: where it is, the words that were found in it, and how it was found. */
import { nameAndFolder } from "../../core/notes/related_row";
import type { SearchHit } from "../../core/protocol/search";
import type { Texts } from "../../core/texts/texts";
import { drawSnippet } from "./snippet";

export function drawHit(into: HTMLElement, hit: SearchHit, texts: Texts): void {
  const { name, folder } = nameAndFolder(hit.path);
  const line = into.createDiv({ cls: "sidecar-hit-line" });
  line.createSpan({ cls: "sidecar-hit-title", text: hit.title || name });
  const headings = hit.heading_path.filter((heading, place) => place > 0 || heading !== hit.title);
  if (headings.length > 0) line.createSpan({ cls: "sidecar-hit-headings", text: headings.join(" › ") });
  const where = [folder, dateOf(hit, texts.language)].filter((part) => part !== "");
  line.createSpan({ cls: "sidecar-hit-where", text: where.join(" · ") });
  drawSnippet(into.createDiv({ cls: "sidecar-hit-snippet" }), hit.text, hit.why?.matched ?? []);
  into.createDiv({ cls: "sidecar-hit-why", text: reasonsOf(hit, texts) });
}

function dateOf(hit: SearchHit, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(hit.modified * 1000);
}

function reasonsOf(hit: SearchHit, texts: Texts): string {
  const score = texts("search.score", { percent: Math.round(hit.score * 100) });
  const { matched = [], similarity = null } = hit.why ?? {};
  const words = matched.length > 0 ? texts("search.words", { words: matched.join(", ") }) : "";
  const meaning = similarity === null || similarity <= 0 ? "" : texts("search.meaning", { percent: Math.round(similarity * 100) });
  return [score, words, meaning].filter((part) => part !== "").join(" · ");
}
