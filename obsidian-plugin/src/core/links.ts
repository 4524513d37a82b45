/** Links between notes as Obsidian writes them: the shortest path that is unique, and which notes are linked already. */
import type { Target } from "./wikilink";

/** Which paths a vault has, by name: made once for a list of paths. */
export class Names {
  private readonly byName = new Map<string, string[]>();

  constructor(paths: readonly string[]) {
    for (const path of paths) {
      const name = folded(nameOf(path));
      const same = this.byName.get(name);
      if (same === undefined) this.byName.set(name, [path]);
      else same.push(path);
    }
  }

  /** The shortest way to name a note: its name where no other has it, else its path; without `.md`. */
  shortest(path: string): string {
    const same = this.byName.get(folded(nameOf(path))) ?? [];
    return withoutEnding(same.length > 1 ? path : nameOf(path));
  }

  /** The path that a link's target leads to from a note, as far as names tell; null for none. */
  resolve(target: string, source = ""): string | null {
    const wanted = folded(withEnding(target.replace(/^\/+/, "")));
    const same = (this.byName.get(nameOf(wanted)) ?? []).filter((path) => folded(path) === wanted || folded(path).endsWith(`/${wanted}`));
    const beside = `${folded(folderOf(source))}${wanted}`;
    return same.find((path) => folded(path) === wanted) ?? same.find((path) => folded(path) === beside) ?? shortestOf(same);
  }
}

/** The wikilink to a note, or to a place in it. `alias` is what it shows. */
export function wikilink(target: Target, names: Names, alias: string | null = null): string {
  const name = names.shortest(target.path);
  const place = target.block === null ? (target.heading === null ? "" : `#${headingText(target.heading)}`) : `#^${target.block}`;
  const shown = alias === null ? "" : aliasText(alias);
  const bar = shown === "" || (place === "" && shown === name) ? "" : `|${shown}`;
  return isLinkable(name) ? `[[${name}${place}${bar}]]` : markdownLink(target.path, place, shown === "" ? name : shown);
}

/** A heading as a link may have it: Obsidian leaves out the signs that mean something in a link. */
export function headingText(heading: string): string {
  return heading.split("#").map((part) => part.replace(/[|^[\]:%\\]+/g, " ").replace(/\s+/g, " ").trim()).filter((part) => part !== "").join("#");
}

/** Which of the notes are linked to already. `targets` are what the note's links lead to: paths, or links as written. */
export function linkedPaths(targets: readonly string[], paths: readonly string[], names: Names, source = ""): ReadonlySet<string> {
  const linked = new Set<string>();
  for (const target of targets) {
    const path = names.resolve(target.split(/[#|]/)[0] ?? "", source);
    if (path !== null) linked.add(path);
  }
  return new Set(paths.filter((path) => linked.has(path)));
}

/** Words that a link may show: one line, nothing that ends the link. */
function aliasText(alias: string): string {
  return alias.replace(/\s+/g, " ").replace(/\[\[|\]\]/g, "").replace(/\]$/, "").replace(/\|/g, "¦").trim();
}

/** Whether a name can stand in a wikilink at all. */
function isLinkable(name: string): boolean {
  return !/[|#^\]\\]|\[\[|%%/.test(name);
}

function markdownLink(path: string, place: string, shown: string): string {
  const words = shown.replace(/[\\[\]]/g, "\\$&");
  return `[${words}](<${encodeURI(path).replace(/[#?<>|^]/g, encodeURIComponent)}${encodeURI(place)}>)`;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

function withoutEnding(path: string): string {
  return path.replace(/\.md$/i, "");
}

function withEnding(target: string): string {
  return /\.[A-Za-z0-9]{1,8}$/.test(target) ? target : `${target}.md`;
}

function shortestOf(paths: readonly string[]): string | null {
  return [...paths].sort((one, other) => one.split("/").length - other.split("/").length || one.length - other.length)[0] ?? null;
}

function folded(text: string): string {
  return text.normalize("NFC").toLowerCase();
}
