/** A wikilink taken apart, and put together: the note, the place in it, the words that are shown. */

/** Where a wikilink leads. `path` is as written, or a vault path; empty for a place in the same note. */
export interface Target {
  readonly path: string;
  /** The heading, or several joined with `#`, the outermost first. */
  readonly heading: string | null;
  readonly block: string | null;
}

export interface Wikilink extends Target {
  /** What stands behind the bar. */
  readonly alias: string | null;
}

/** Take apart what stands between `[[` and `]]`. A bar behind a backslash, as in a table, is a bar. */
export function readWikilink(inside: string): Wikilink {
  const bar = inside.indexOf("|");
  const target = (bar < 0 ? inside : inside.slice(0, bar)).replace(/\\$/, "");
  const alias = bar < 0 ? "" : inside.slice(bar + 1).trim();
  return { ...readTarget(target), alias: alias === "" ? null : alias };
}

/** Take apart `Note#Heading` or `Note#^block`. */
export function readTarget(target: string): Target {
  const hash = target.indexOf("#");
  if (hash < 0) return { path: target.trim(), heading: null, block: null };
  const path = target.slice(0, hash).trim();
  const places = target.slice(hash + 1).split("#").map((place) => place.trim()).filter((place) => place !== "");
  const last = places.at(-1) ?? "";
  if (last.startsWith("^")) return { path, heading: null, block: last.slice(1) };
  return { path, heading: places.length === 0 ? null : places.join("#"), block: null };
}

/** Write a target as Obsidian's `openLinkText` takes it: `Note#Heading`, `Note#^block`. */
export function linkText(target: Target): string {
  if (target.block !== null) return `${target.path}#^${target.block}`;
  return target.heading === null ? target.path : `${target.path}#${target.heading}`;
}

/** What a wikilink shows: its alias, or the note and the heading as Obsidian shows them. */
export function shownText(link: Wikilink): string {
  if (link.alias !== null) return link.alias;
  const place = link.block === null ? link.heading : `^${link.block}`;
  const places = place === null ? [] : place.split("#");
  return (link.path === "" ? places : [link.path, ...places]).join(" > ");
}
