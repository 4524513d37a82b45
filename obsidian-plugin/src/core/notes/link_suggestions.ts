/** Which notes should be linked from a note: those that its text names, and those that are related and not linked. */
import type { RelatedNote } from "../protocol/search";
import { unlinkedMentions, type Mention, type NamedNote } from "./mentions";
import { linkedNow, type LinkTable } from "./related_row";

/**
 * The least score with which an unlinked related note is proposed.
 *
 * Chosen by hiding a fifth of the links of four vaults and looking which come back among the first 20 related notes.
 * Per note shown / share of hidden links among them / share of hidden links found, at 0.15, 0.22 and 0.30: demonstration
 * vault 4.6/.20/.64, 2.3/.35/.57, 1.4/.36/.36; a documentation vault of 118 notes 8.6/.16/.56, 3.6/.28/.40,
 * 1.1/.39/.17; a Chinese one of 3,176 notes 8.4/.10/.47, 5.1/.13/.37, 3.1/.15/.25. Below it the lists become long
 * quickly; above it few of the links come back. Notes that nobody had linked count as wrong there, so the second
 * figure is the least that it can be.
 */
export const RELATED_ENOUGH = 0.22;
const MOST_RELATED = 8;

export type LinkSuggestion =
  | { readonly kind: "mention"; readonly path: string; readonly mention: Mention; readonly score: number | null; readonly sure: boolean }
  | { readonly kind: "related"; readonly path: string; readonly score: number; readonly sure: false };

/**
 * Suggestions in the order of the text, then the related ones that it does not name, best first.
 *
 * `sure` ones are chosen beforehand. In the same vaults, with the words of the hidden links left in the text, mentions
 * brought 100, 82 and 79 % of the hidden links back (demonstration, documentation, Chinese), and 89, 37 and 41 % of
 * what they proposed were such; of those that are clear by themselves 100, 74 and 77 %.
 */
export function linkSuggestions(
  path: string,
  text: string,
  { notes, related, links }: { notes: readonly NamedNote[]; related: readonly RelatedNote[]; links: LinkTable },
): readonly LinkSuggestion[] {
  const scores = new Map(related.map((note) => [note.path, note.score]));
  const others = notes.filter((note) => note.path !== path && !linkedNow(path, note.path, links).to);
  const mentions = unlinkedMentions(text, others).map((mention): LinkSuggestion => {
    const score = scores.get(mention.path) ?? null;
    return { kind: "mention", path: mention.path, mention, score, sure: mention.clear || (score ?? 0) >= RELATED_ENOUGH };
  });
  const named = new Set(mentions.map((each) => each.path));
  return [...mentions, ...unlinkedRelated(path, related, links).filter((each) => !named.has(each.path))];
}

/** The related notes that neither link to the note nor are linked from it, as far as they are near enough. */
export function unlinkedRelated(path: string, related: readonly RelatedNote[], links: LinkTable): readonly LinkSuggestion[] {
  const near = related.filter((note) => note.score >= RELATED_ENOUGH && isApart(linkedNow(path, note.path, links)));
  return near.slice(0, MOST_RELATED).map((note) => ({ kind: "related", path: note.path, score: note.score, sure: false }));
}

function isApart({ to, from }: { to: boolean; from: boolean }): boolean {
  return !to && !from;
}
