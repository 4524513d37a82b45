/** A note's text with links put in: into the words that name the other note, or into a list at its end. */
import type { LinkSuggestion } from "./link_suggestions";

const RULE_OF_TABLE = /^[\s>]*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)+\|?\s*$|^[\s>]*\|\s*:?-+:?\s*\|\s*$/;

export interface LinkWriting {
  /** The link to a note, showing these words; null where there is none to write. */
  link(path: string, words: string): string | null;
  /** The heading of the list of related notes, in the user's language. */
  readonly heading: string;
  /** The same in every language: a list that is there already is gone on with. */
  readonly headings: readonly string[];
}

export function linkedText(text: string, chosen: readonly LinkSuggestion[], writing: LinkWriting): string {
  const mentions = chosen.filter((each) => each.kind === "mention").sort((a, b) => b.mention.from - a.mention.from);
  let result = text;
  for (const { path, mention } of mentions) {
    const link = writing.link(path, mention.words);
    if (link !== null) result = result.slice(0, mention.from) + inPlace(result, mention.from, link) + result.slice(mention.to);
  }
  const entries = chosen.filter((each) => each.kind === "related").map(({ path }) => writing.link(path, ""));
  return withList(result, entries.filter((link) => link !== null), writing);
}

/** In a table a bar ends the cell. */
function inPlace(text: string, at: number, link: string): string {
  const start = text.lastIndexOf("\n\n", at) + 1;
  const end = text.indexOf("\n\n", at);
  const block = text.slice(start, end < 0 ? text.length : end).split("\n");
  return block.some((line) => RULE_OF_TABLE.test(line)) ? link.replace(/\\?\|/g, "\\|") : link;
}

function withList(text: string, entries: readonly string[], { heading, headings }: LinkWriting): string {
  if (entries.length === 0) return text;
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const list = entries.map((entry) => `- ${entry}`).join(end);
  const body = text.trimEnd();
  const there = lastHeading(body);
  if (there !== null && headings.includes(there)) return `${body}${/^\s*[-*+] .*$/.test(lastLine(body)) ? end : end + end}${list}${end}`;
  return `${body}${body === "" ? "" : end + end}## ${heading}${end}${end}${list}${end}`;
}

function lastHeading(text: string): string | null {
  return [...text.matchAll(/^#{1,6}[ \t]+(.+?)[ \t]*\r?$/gm)].at(-1)?.[1] ?? null;
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf("\n") + 1);
}
