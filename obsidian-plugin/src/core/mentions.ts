/** Notes that a text names without linking to them: titles and aliases in its prose, the longest first, each with its place. */
import { prose } from "./prose";

/** A name that a note goes by: its title, or an alias. */
export interface NoteName {
  readonly path: string;
  readonly name: string;
}

/** A name in a text. `paths` are the notes that go by it, mostly one. */
export interface Mention {
  readonly from: number;
  readonly to: number;
  /** As it stands in the text. */
  readonly text: string;
  readonly paths: readonly string[];
}

interface Branch {
  readonly next: Map<string, Branch>;
  readonly paths: string[];
}

const SPACELESS = "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}";
const TOKEN = new RegExp(`[${SPACELESS}]\\p{M}*|(?:(?![${SPACELESS}])[\\p{L}\\p{N}_])(?:(?![${SPACELESS}])[\\p{L}\\p{N}\\p{M}_])*|\\s+|[^\\s]`, "gu");
const STARTS_WORDLESS = new RegExp(`^[${SPACELESS}]`, "u");
const MOST_TOKENS = 40;

/** The names of a vault's notes, made ready once for looking through many texts. */
export class MentionFinder {
  private readonly root: Branch = { next: new Map(), paths: [] };

  /** Names shorter than `shortest` characters are not looked for; of scripts without spaces, two characters are enough. */
  constructor(names: readonly NoteName[], { shortest = 3 }: { shortest?: number } = {}) {
    for (const { path, name } of names) {
      const length = Array.from(name.trim()).length;
      const enough = length >= (STARTS_WORDLESS.test(name.trim()) ? Math.min(2, shortest) : shortest);
      // Numbers and signs alone name too much.
      if (enough && /\p{L}/u.test(name)) this.know(path, tokensOf(name.trim()).map((token) => token.key));
    }
  }

  /** The names in a note's prose. `except` are notes that are not looked for: the note itself, those that are linked. */
  find(note: string, except: ReadonlySet<string> = new Set()): Mention[] {
    return prose(note).flatMap(({ from, to }) => {
      const tokens = tokensOf(note.slice(from, to));
      const found: Mention[] = [];
      for (let at = 0; at < tokens.length; at += 1) {
        const match = this.longest(tokens, at, except);
        const last = match === null ? undefined : tokens[at + match.length - 1];
        if (match === null || last === undefined) continue;
        const start = from + (tokens[at]?.from ?? 0);
        found.push({ from: start, to: from + last.to, text: note.slice(start, from + last.to), paths: match.paths });
        at += match.length - 1;
      }
      return found;
    });
  }

  private know(path: string, keys: readonly string[]): void {
    if (keys.length > MOST_TOKENS) return;
    let branch = this.root;
    for (const key of keys) {
      let next = branch.next.get(key);
      if (next === undefined) branch.next.set(key, (next = { next: new Map(), paths: [] }));
      branch = next;
    }
    if (!branch.paths.includes(path)) branch.paths.push(path);
  }

  private longest(tokens: readonly Token[], at: number, except: ReadonlySet<string>): { length: number; paths: readonly string[] } | null {
    let branch: Branch | undefined = this.root;
    let found: { length: number; paths: readonly string[] } | null = null;
    for (let length = 1; branch !== undefined && at + length <= tokens.length; length += 1) {
      branch = branch.next.get(tokens[at + length - 1]?.key ?? "");
      if (branch === undefined || branch.paths.length === 0) continue;
      // A longer name of a note that is not wanted still covers the shorter names in it.
      found = { length, paths: branch.paths.filter((path) => !except.has(path)) };
    }
    return found === null || found.paths.length === 0 ? null : found;
  }
}

/**
 * Put links in the place of mentions; null when the text has changed since they were found. `linkFor` gives the link; in a
 * table its bar is escaped here.
 */
export function linkMentions(note: string, mentions: readonly Mention[], linkFor: (mention: Mention) => string): string | null {
  const ordered = [...mentions].sort((one, other) => one.from - other.from);
  const parts: string[] = [];
  let at = 0;
  for (const mention of ordered) {
    if (mention.from < at || note.slice(mention.from, mention.to) !== mention.text) return null;
    const link = linkFor(mention);
    parts.push(note.slice(at, mention.from), isInTable(note, mention.from) ? link.replace(/\\?\|/g, "\\|") : link);
    at = mention.to;
  }
  return parts.join("") + note.slice(at);
}

interface Token {
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

function tokensOf(text: string): Token[] {
  return Array.from(text.matchAll(TOKEN), (match) => ({ key: keyOf(match[0]), from: match.index, to: match.index + match[0].length }));
}

/** Any blank is one blank, but an empty line ends what belongs together. */
function keyOf(token: string): string {
  if (/^\s/.test(token)) return /\n[^\S\n]*\n/.test(token) ? "\n\n" : " ";
  return token.normalize("NFC").toLowerCase().replace(/[’ʼ]/g, "'").replace(/[‐‑]/g, "-");
}

function isInTable(note: string, at: number): boolean {
  const from = note.lastIndexOf("\n", at - 1) + 1;
  return /^[ \t>]*\|/.test(note.slice(from, at));
}
