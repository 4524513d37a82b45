/**
 * Markdown within a paragraph, for answers. What is written there may have been written to harm: it becomes a few harmless
 * kinds, nothing that is loaded, and every step is taken once, so that no text takes long.
 */
import { readWikilink, shownText, type Target } from "../wikilink";
import { isAddress, safeAddress } from "./address";
import type { Citing } from "./citing";
import { Ahead } from "./ahead";
import { Stresses } from "./stress";

export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "break" }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "strong" | "em" | "strike" | "mark"; readonly inside: readonly Inline[] }
  | ({ readonly kind: "citation"; /** null for a link that is no citation */ readonly n: number | null; readonly shown: string } & Target)
  /** `bare`: the words are the address itself. Otherwise show `href` beside the words. `image`: it stood there as an image. */
  | { readonly kind: "link"; readonly href: string; readonly inside: readonly Inline[]; readonly bare: boolean; readonly image: boolean }
  | { readonly kind: "footnote"; readonly label: string };

/** How a paragraph is read. `unfinished`: more of it is still to come. */
export interface Reading {
  readonly citing: Citing;
  readonly quoted: boolean;
  readonly unfinished: boolean;
}

const LONGEST_TARGET = 1000;
const SPECIAL = /[\\`*_~=[!<&\nhHoO]/g;
const ENTITY = /&(?:(lt|gt|amp|quot|apos|nbsp)|#(\d{1,7}));/y;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'", nbsp: "\u00a0" };
const ADDRESS = /(?:https?|obsidian):\/\/[^\s<>"'`[\](){}|*\\]+(?:\([^\s<>"'`[\](){}|*\\]*\)[^\s<>"'`[\](){}|*\\]*)*/iy;
const FOOTNOTE = /\[\^([\p{L}\p{N}_-]{1,60})\]/uy;
const WORD = /[\p{L}\p{N}]/u;

interface Found {
  readonly made: readonly Inline[];
  readonly to: number;
}

/** Read a paragraph's text, its lines joined by line ends. */
export function inline(text: string, reading: Reading): Inline[] {
  return new InlineReader(text, reading, false).read();
}

class InlineReader {
  private readonly stresses = new Stresses();
  private readonly ahead: Ahead;

  constructor(
    private readonly text: string,
    private readonly reading: Reading,
    private readonly withinLink: boolean,
  ) {
    this.ahead = new Ahead(text);
  }

  read(): Inline[] {
    let from = 0;
    let at = this.special(0);
    while (at < this.text.length) {
      const run = this.stresses.runAt(this.text, at);
      const found = run === 0 ? this.found(at) : null;
      if (run === 0 && found === null) {
        at = this.special(at + 1);
        continue;
      }
      if (at > from) this.stresses.text(this.text.slice(from, at));
      if (run > 0) this.stresses.run(this.text, at, run);
      for (const made of found?.made ?? []) this.stresses.add(made);
      from = found?.to ?? at + run;
      at = this.special(from);
    }
    if (from < this.text.length) this.stresses.text(this.text.slice(from));
    return this.stresses.finish(this.reading.unfinished);
  }

  private special(from: number): number {
    SPECIAL.lastIndex = from;
    return SPECIAL.exec(this.text)?.index ?? this.text.length;
  }

  private found(at: number): Found | null {
    switch (this.text[at]) {
      case "\\":
        return this.escaped(at);
      case "\n":
        return { made: [{ kind: "break" }], to: at + 1 };
      case "&":
        return this.entity(at);
      case "`":
        return this.code(at);
      case "[":
        return this.bracket(at);
      case "!":
        return this.embed(at);
      case "<":
        return this.angle(at);
      default:
        return this.bare(at);
    }
  }

  private escaped(at: number): Found | null {
    const next = this.text[at + 1] ?? "";
    return /[!-/:-@[-`{-~]/.test(next) ? { made: [words(next)], to: at + 2 } : null;
  }

  /** The server writes `<` so in answers, for pages that take Markdown for markup. */
  private entity(at: number): Found | null {
    ENTITY.lastIndex = at;
    const found = ENTITY.exec(this.text);
    if (found === null) return null;
    const code = Number(found[2]);
    const named = found[1] === undefined ? undefined : ENTITIES[found[1]];
    if (named === undefined && !(code > 31 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff))) return null;
    return { made: [words(named ?? String.fromCodePoint(code))], to: at + found[0].length };
  }

  private code(at: number): Found {
    const run = this.ahead.ticks(at);
    const open = at + run.length;
    if (run.closes !== null) return { made: [{ kind: "code", text: codeText(this.text.slice(open, run.closes)) }], to: run.closes + run.length };
    const rest = this.text.slice(open);
    if (!this.reading.unfinished || rest.includes("\n")) return { made: [words(this.text.slice(at, open))], to: open };
    return { made: rest === "" ? [] : [{ kind: "code", text: codeText(rest) }], to: this.text.length };
  }

  private bracket(at: number): Found | null {
    if (this.withinLink) return null;
    if (this.text[at + 1] === "[") return this.wikilink(at);
    FOOTNOTE.lastIndex = at;
    const footnote = FOOTNOTE.exec(this.text);
    if (footnote !== null) return { made: [{ kind: "footnote", label: footnote[1] ?? "" }], to: at + footnote[0].length };
    return this.link(at, false);
  }

  private embed(at: number): Found | null {
    if (this.withinLink || this.text[at + 1] !== "[") return null;
    if (this.text[at + 2] !== "[") return this.link(at + 1, true);
    const found = this.wikilink(at + 1);
    return found;
  }

  private wikilink(at: number): Found | null {
    const end = this.ahead.find("]]", at + 2);
    const stop = Math.min(this.ahead.find("\n", at), this.ahead.find("[", at + 2));
    if (end >= this.text.length) return stop >= this.text.length ? this.half(at) : null;
    if (stop < end || end - at > LONGEST_TARGET || end === at + 2) return null;
    const link = readWikilink(this.text.slice(at + 2, end));
    if (isAddress(link.path)) return { made: addressed([words(link.alias ?? link.path)], this.text.slice(at + 2, end).split("|")[0] ?? "", true), to: end + 2 };
    // Behind the bar of an embed stands its size.
    const shown = shownText(this.text[at - 1] === "!" ? { ...link, alias: null } : link);
    return { made: [{ kind: "citation", ...this.reading.citing.cite(link, this.reading.quoted), shown }], to: end + 2 };
  }

  /** Half a link at the end of what has come so far: it is shown when it is whole. */
  private half(at: number): Found | null {
    return this.reading.unfinished && this.text.length - at <= LONGEST_TARGET ? { made: [], to: this.text.length } : null;
  }

  private link(at: number, image: boolean): Found | null {
    const middle = this.ahead.find("](", at + 1);
    const next = this.ahead.find("[", at + 1);
    if (middle >= this.text.length || next < middle) {
      return next >= this.text.length && this.ahead.find("]", at) >= this.text.length - 1 ? this.halfWords(at) : null;
    }
    const found = this.destination(middle + 2);
    if (found === null) return next >= this.text.length && this.ahead.find(")", middle) >= this.text.length ? this.half(at) : null;
    const inside = this.text.slice(at + 1, middle);
    const said = image ? [words(inside)] : new InlineReader(inside, { ...this.reading, unfinished: false }, true).read();
    return { made: addressed(inside.trim() === "" ? [words(found.address)] : said, found.address, image), to: found.to };
  }

  /** `[words` at the end may become a link's words or stay what it is: only an unfinished bracket is held back. */
  private halfWords(at: number): Found | null {
    return this.text.length - at <= 200 && !this.text.slice(at).includes("\n") ? this.half(at) : null;
  }

  /** An address with what follows it up to the closing bracket. It has no opening square bracket, so nothing is read twice. */
  private destination(from: number): { address: string; to: number } | null {
    const angled = this.text[from] === "<";
    const stops = angled ? /[>\n[<]/g : /[\s()[<]/g;
    let open = 0;
    stops.lastIndex = angled ? from + 1 : from;
    for (let stop = stops.exec(this.text); stop !== null; stop = stops.exec(this.text)) {
      const at = stop.index;
      if (stop[0] === "(" && open < 32) open += 1;
      else if (stop[0] === ")" && open > 0) open -= 1;
      else if (stop[0] === ")") return { address: this.text.slice(from, at), to: at + 1 };
      else if (angled && stop[0] === ">") return this.closed(this.text.slice(from + 1, at), at + 1);
      else return stop[0] === " " || stop[0] === "\t" ? this.closed(this.text.slice(from, at), at) : null;
    }
    return null;
  }

  /** Behind an address may stand a title, which nobody needs. */
  private closed(address: string, from: number): { address: string; to: number } | null {
    const end = this.ahead.find(")", from);
    const stop = Math.min(this.ahead.find("\n", from), this.ahead.find("[", from));
    return end < this.text.length && end < stop ? { address, to: end + 1 } : null;
  }

  private angle(at: number): Found | null {
    ADDRESS.lastIndex = at + 1;
    const found = this.withinLink ? null : ADDRESS.exec(this.text);
    if (found === null || this.text[at + 1 + found[0].length] !== ">") return null;
    const href = safeAddress(found[0]);
    const made: Inline = href === null ? words(found[0]) : { kind: "link", href, inside: [words(shownAddress(found[0], href))], bare: true, image: false };
    return { made: [made], to: at + found[0].length + 2 };
  }

  private bare(at: number): Found | null {
    if (this.withinLink || WORD.test(this.text[at - 1] ?? "")) return null;
    ADDRESS.lastIndex = at;
    const found = ADDRESS.exec(this.text);
    if (found === null) return null;
    const address = withoutEnd(found[0]);
    const href = safeAddress(address);
    const made: Inline = href === null ? words(address) : { kind: "link", href, inside: [words(shownAddress(address, href))], bare: true, image: false };
    return { made: [made], to: at + address.length };
  }
}

function words(text: string): Inline {
  return { kind: "text", text };
}

/** An address as it is written, or as it is asked for where signs could make it look like another. */
function shownAddress(written: string, href: string): string {
  const host = written.split("/")[2] ?? "";
  return /^[!-~]*$/.test(host) && !/[\p{Cf}\p{Co}\p{Zl}\p{Zp}]/u.test(written) ? written : href;
}

/** Words with their address; an address that may not be followed stands behind them as text. */
function addressed(said: readonly Inline[], address: string, image: boolean): readonly Inline[] {
  const href = safeAddress(address.trim());
  if (href !== null) return [{ kind: "link", href, inside: said, bare: false, image }];
  const short = address.length > 200 ? `${address.slice(0, 200)}…` : address;
  return [...said, words(` (${short})`)];
}

function codeText(text: string): string {
  const line = text.replace(/\n/g, " ");
  return line.startsWith(" ") && line.endsWith(" ") && line.trim() !== "" ? line.slice(1, -1) : line;
}

function withoutEnd(address: string): string {
  let end = address.length;
  while (end > 0 && ".,;:!?_~*'\"".includes(address[end - 1] ?? "")) end -= 1;
  return address.slice(0, end);
}
