/** A passage of a note as a query: its words alone, as what looks like an operator in it was not meant as one. */
import { queryParts } from "../operators";

// A query takes no more, and a whole note may be selected.
const LONGEST = 10_000;

export function asWords(passage: string): string {
  const text = shownText(passage.slice(0, LONGEST)).replace(/\s+/g, " ");
  const words = queryParts(text).map(({ kind, value, excludes, from, to }) => {
    return kind === "word" ? text.slice(excludes ? from + 1 : from, to) : value;
  });
  return words.map(plainWord).filter((word) => word !== "").join(" ");
}

/** Without what links do not show. */
function shownText(passage: string): string {
  const wikilinks = passage.replace(/!?\[\[([^\]|]*)(?:\|([^\]]*))?\]\]/g, (_, target: string, alias?: string) => alias ?? target);
  return wikilinks.replace(/\]\([^)\s]*\)/g, "]");
}

function plainWord(word: string): string {
  return word.replace(/[[\]#"“”„«»*_`>|]+/g, " ").replace(/\s+/g, " ").trim();
}
