/** Fuzzy search of short texts: all letters of the query in order, better where they stand together and begin words. */

export type Match = { score: number; matches: [number, number][] };

export function prepareFuzzySearch(query: string): (text: string) => Match | null {
  const wanted = query.toLowerCase().replace(/\s+/g, "");
  return (text) => {
    const low = text.toLowerCase();
    const whole = low.indexOf(query.toLowerCase());
    if (wanted === "") return { score: 0, matches: [] };
    if (whole >= 0) return { score: -whole / 1000 - text.length / 10000, matches: [[whole, whole + query.length]] };
    return scattered(low, wanted);
  };
}

function scattered(text: string, wanted: string): Match | null {
  const matches: [number, number][] = [];
  let at = 0;
  for (const char of wanted) {
    const found = text.indexOf(char, at);
    if (found < 0) return null;
    const last = matches[matches.length - 1];
    if (last !== undefined && last[1] === found) last[1] = found + 1;
    else matches.push([found, found + 1]);
    at = found + 1;
  }
  return { score: -matches.length / 10 - text.length / 1000, matches };
}

export function prepareSimpleSearch(query: string): (text: string) => Match | null {
  const words = query.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return (text) => {
    const found = words.map((word) => [text.toLowerCase().indexOf(word), word.length] as const);
    return found.some(([at]) => at < 0) ? null : { score: -text.length / 1000, matches: found.map(([at, length]): [number, number] => [at, at + length]).sort((a, b) => a[0] - b[0]) };
  };
}

export function renderMatches(el: HTMLElement | DocumentFragment, text: string, matches: [number, number][] | null, offset = 0): void {
  let at = 0;
  for (const [from, to] of matches ?? []) {
    if (from + offset < at) continue;
    el.appendText(text.slice(at, from + offset));
    el.createSpan({ cls: "suggestion-highlight", text: text.slice(from + offset, to + offset) });
    at = to + offset;
  }
  el.appendText(text.slice(at));
}

export const renderResults = (el: HTMLElement, text: string, result: Match, offset?: number): void => renderMatches(el, text, result.matches, offset);
export const sortSearchResults = (results: { match: Match }[]): void => void results.sort((a, b) => b.match.score - a.match.score);
