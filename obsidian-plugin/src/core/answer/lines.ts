/** How the blocks of Markdown begin, each told by its line alone. */

export const FENCE = /^( {0,3})(`{3,}|~{3,})([^`]*)$/;
export const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*)$/;
export const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
export const BULLET = /^([ \t]{0,12})([-*+]|\d{1,9}[.)])(?:[ \t]{1,4}|$)(.*)$/;
export const QUOTE = /^ {0,3}> ?(.*)$/;
export const CALLOUT = /^\[!([\w-]{1,40})\][+-]?(?:[ \t]+(.*))?$/;
export const FOOTNOTE = /^\[\^([\p{L}\p{N}_-]{1,60})\]:[ \t]*(.*)$/u;

/** Whether a line may be one of a table. */
export function isRow(line: string): boolean {
  return line.includes("|") && line.trim() !== "|";
}

/** A row's cells. A bar behind a backslash is part of its cell, as in a wikilink with another name. */
export function cells(line: string): string[] {
  const row = line.trim();
  const from = row.startsWith("|") ? 1 : 0;
  const to = row.endsWith("|") && !row.endsWith("\\|") && row.length > 1 ? row.length - 1 : row.length;
  const found = [""];
  for (const piece of row.slice(from, to).match(/(?:\\[^]|[^\\|])+|\\$|\|/g) ?? []) {
    if (piece === "|") found.push("");
    else found[found.length - 1] += piece;
  }
  return found.map((cell) => cell.trim());
}

/** Whether a line is the one below a table's heads, of which there are so many. */
export function isBelowHeads(line: string, heads: number): boolean {
  if (!line.includes("-") || !/^[\s|:-]+$/.test(line) || !line.includes("|")) return false;
  const marks = cells(line);
  return marks.length === heads && marks.every((mark) => /^:?-+:?$/.test(mark));
}
