/** What stands within a paragraph of an answer, as elements. Links lead where they say; nothing is loaded. */
import type { Inline } from "../../core/answer/inline";
import { linkText } from "../../core/wikilink";
import type { Texts } from "../../core/texts/texts";
import { showsName } from "./citation_form";
import { drawn, type Part } from "./drawing";
import { linkAttributes } from "./note_links";

type Citation = Extract<Inline, { kind: "citation" }>;
type Link = Extract<Inline, { kind: "link" }>;

const STRESSED = { strong: "strong", em: "em", strike: "s", mark: "mark" } as const;

export function inlineParts(line: readonly Inline[], texts: Texts): Part[] {
  return line.flatMap((part, place) => inlinePart(part, showsName(line, place), texts));
}

function inlinePart(part: Inline, named: boolean, texts: Texts): Part[] {
  switch (part.kind) {
    case "text":
      return [part.text];
    case "break":
      return [drawn("br", {})];
    case "code":
      return [drawn("code", {}, part.text)];
    case "citation":
      return citation(part, named, texts);
    case "link":
      return link(part, texts);
    case "footnote":
      return [drawn("sup", {}, part.label)];
    default:
      return [drawn(STRESSED[part.kind], {}, ...inlineParts(part.inside, texts))];
  }
}

function citation(part: Citation, named: boolean, texts: Texts): Part[] {
  const attributes = (label?: string): Record<string, string> => linkAttributes(linkText(part), label);
  const parts: Part[] = named ? [drawn("a", { class: "internal-link", ...attributes() }, part.shown)] : [];
  if (part.n === null) return parts;
  const label = texts("ask.source", { n: part.n, name: part.shown });
  return [...parts, drawn("a", { class: "internal-link sidecar-ask-citation", ...attributes(label) }, String(part.n))];
}

function link(part: Link, texts: Texts): Part[] {
  const attributes = { class: "external-link", href: part.href, rel: "noopener noreferrer nofollow", target: "_blank" };
  const words = inlineParts(part.inside, texts);
  const shown = part.image ? [drawn("span", { class: "sidecar-ask-image" }, `${texts("ask.image")}: `), ...words] : words;
  const made = drawn("a", attributes, ...shown);
  // Where it leads stands beside what it is called: the two may differ by intent.
  return part.bare ? [made] : [made, drawn("span", { class: "sidecar-ask-address" }, ` (${part.href})`)];
}

/** A text of the plugin's own, in which backticks stand around what is typed into a terminal. */
export function withCode(text: string): Part[] {
  return text.split("`").map((part, place) => (place % 2 === 1 ? drawn("code", {}, part) : part));
}
