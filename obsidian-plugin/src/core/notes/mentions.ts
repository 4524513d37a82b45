/** Notes whose title or alias stands in a text and is not linked there: the first place of each. */
import { COVERED, linkableText } from "./linkable_text";

/** A note by what it is called. */
export interface NamedNote {
  readonly path: string;
  readonly names: readonly string[];
}

export interface Mention {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  /** As it stands in the text. */
  readonly words: string;
  /** Whether it is written as the note's name is, in a way that a common word would not be. */
  readonly clear: boolean;
}

interface Name {
  readonly path: string;
  readonly name: string;
  readonly folded: string;
}

const WORD = /[\p{L}\p{M}\p{N}]+/gu;
const NO_SPACES = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const SHORTEST = 3;
const SHORTEST_NO_SPACES = 2;

/** Find the mentions, in the order of the text. The longest name counts where several begin at the same place. */
export function unlinkedMentions(text: string, notes: readonly NamedNote[]): readonly Mention[] {
  const masked = linkableText(text);
  const names = notes.flatMap((note) => note.names.map((name) => ({ path: note.path, name, folded: folded(name) }))).filter(isTelling);
  const spaced = names.filter(({ name }) => !NO_SPACES.test(name));
  const found = [...bySpacedWords(masked, spaced), ...byCharacters(masked, names.filter(({ name }) => NO_SPACES.test(name)))];
  return firstOfEach(found.sort((a, b) => a.from - b.from || b.to - a.to));
}

/** A short name, or a mere number, stands in texts that have nothing to do with the note. */
function isTelling({ name }: Name): boolean {
  const letters = name.match(WORD)?.join("") ?? "";
  return letters.length >= (NO_SPACES.test(name) ? SHORTEST_NO_SPACES : SHORTEST) && (!/^\d+$/.test(letters) || /^\d{4}-\d\d-\d\d$/.test(name));
}

function bySpacedWords(text: string, names: readonly Name[]): Mention[] {
  const byFirst = new Map<string, Name[]>();
  for (const name of names) {
    const first = name.folded.match(WORD)?.[0] ?? "";
    const same = byFirst.get(first);
    if (same === undefined) byFirst.set(first, [name]);
    else same.push(name);
  }
  const found: Mention[] = [];
  for (const word of text.matchAll(WORD)) {
    for (const name of byFirst.get(folded(word[0])) ?? []) {
      const lead = name.folded.search(/[\p{L}\p{M}\p{N}]/u);
      const from = word.index - lead;
      if (from >= 0 && standsAt(text, from, name)) found.push(mention(text, from, name));
    }
  }
  return found;
}

function byCharacters(text: string, names: readonly Name[]): Mention[] {
  const lower = folded(text);
  // Folding changed lengths: offsets would be wrong.
  if (lower.length !== text.length) return [];
  return names.flatMap((name) => {
    const from = lower.indexOf(name.folded);
    return from < 0 ? [] : [mention(text, from, name)];
  });
}

function standsAt(text: string, from: number, name: Name): boolean {
  const to = from + name.name.length;
  const words = text.slice(from, to);
  if (folded(words) !== name.folded || words.includes(COVERED)) return false;
  return !(isWordAt(text, to - 1) && isWordAt(text, to)) && !(isWordAt(text, from) && isWordAt(text, from - 1));
}

function isWordAt(text: string, at: number): boolean {
  return at >= 0 && at < text.length && /[\p{L}\p{M}\p{N}_]/u.test(text.charAt(at));
}

function mention(text: string, from: number, { path, name }: Name): Mention {
  const words = text.slice(from, from + name.length);
  const several = (name.match(WORD)?.length ?? 0) > 1;
  const begins = /(?:^|[.!?:\n]\s*|^\s*(?:[-*+>]|\d+[.)])\s+)$/.test(text.slice(Math.max(0, from - 12), from));
  const named = /\p{Lu}/u.test(name) && words === name;
  return { path, from, to: from + name.length, words, clear: named && (several || !begins) };
}

function firstOfEach(mentions: readonly Mention[]): readonly Mention[] {
  const taken = new Set<string>();
  const kept: Mention[] = [];
  for (const each of mentions) {
    if (taken.has(each.path) || each.from < (kept.at(-1)?.to ?? 0)) continue;
    taken.add(each.path);
    kept.push(each);
  }
  return kept;
}

function folded(text: string): string {
  return text.normalize("NFC").toLowerCase();
}
