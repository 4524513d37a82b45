/** The numbers of an answer's citations: in the order of their first appearance, the same place always the same. */
import type { Target, Wikilink } from "../wikilink";
import { readTarget } from "../wikilink";

/** A source as the server lists it in `vault.sources`; only what is needed to tell which citation leads to it. */
export interface AnswerSource {
  readonly path: string;
  readonly title?: string | undefined;
  readonly link?: string | undefined;
  readonly heading_path?: readonly string[] | undefined;
}

/** A place that an answer cites. `sources` are places in the list of sources. */
export interface Cited extends Target {
  readonly n: number;
  readonly sources: readonly number[];
}

/** Where a citation leads, and its number; none for a link that is no citation. */
export interface Numbered extends Target {
  readonly n: number | null;
}

/** Gives citations their numbers while an answer is read. `sources` is null as long as nothing is known of them. */
export class Citing {
  private readonly byPlace = new Map<string, number[]>();
  private readonly byNote = new Map<string, string>();
  private readonly numbers = new Map<string, Cited>();

  constructor(private readonly sources: readonly AnswerSource[] | null) {
    (sources ?? []).forEach((source, index) => this.know(source, index));
  }

  /** Number a link. In a quotation it is the note's own link, unless it leads to a source. */
  cite(link: Wikilink, quoted: boolean): Numbered {
    const found = this.byPlace.get(placeKey(link));
    const path = found === undefined ? this.byNote.get(nameKey(link.path)) ?? link.path : this.pathOf(found, link.path);
    const target = { path, heading: link.heading, block: link.block };
    const known = this.numbers.get(placeKey(target));
    if (known !== undefined) return { ...target, n: known.n };
    if (link.path === "" || (found === undefined && (quoted || this.sources !== null))) return { ...target, n: null };
    const cited = { ...target, n: this.numbers.size + 1, sources: found ?? [] };
    this.numbers.set(placeKey(target), cited);
    return { ...target, n: cited.n };
  }

  cited(): Cited[] {
    return [...this.numbers.values()];
  }

  private pathOf(found: readonly number[], written: string): string {
    return this.sources?.[found[0] ?? -1]?.path ?? written;
  }

  private know(source: AnswerSource, index: number): void {
    const heading = source.heading_path?.at(-1) ?? null;
    const names = [source.path, source.path.slice(source.path.lastIndexOf("/") + 1), source.title ?? ""].filter((name) => name !== "");
    for (const name of names) if (!this.byNote.has(nameKey(name))) this.byNote.set(nameKey(name), source.path);
    const places = names.map((path) => placeKey({ path, heading, block: null }));
    if (source.link !== undefined) places.push(placeKey(readTarget(source.link)));
    for (const place of new Set(places)) this.byPlace.set(place, [...(this.byPlace.get(place) ?? []), index]);
  }
}

function placeKey(target: Target): string {
  const place = target.block === null ? (target.heading ?? "") : `^${target.block}`;
  return `${nameKey(target.path)}#${folded(place)}`;
}

function nameKey(path: string): string {
  return folded(path).replace(/\.md$/, "");
}

function folded(text: string): string {
  return text.normalize("NFC").toLowerCase().replace(/\s+/g, " ").trim();
}
