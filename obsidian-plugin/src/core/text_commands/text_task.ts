/** What the commands on text do: what each takes, what it asks the model for, and where its answer goes. */
import type { Scope } from "./passage";

/** Where the answer goes: in place of the passage, after it, into a note of its own, or nowhere unless the user takes it. */
export type Outcome = "replace" | "after" | "note" | "show";

export interface TextTask {
  readonly id: string;
  /** What is taken where nothing is selected. */
  readonly scope: Scope;
  readonly outcome: Outcome;
  /** What the model is told to do, in English, which every model follows best. */
  readonly instruction: string;
}

const SUMMARISE = "Summarise the text in a few sentences, in the language of the text.";
const KEEP = "Keep the meaning, the language, the tone and the Markdown.";

export const TASKS = [
  { id: "rewrite", scope: "paragraph", outcome: "replace", instruction: `Rewrite the text so that it reads clearly and naturally. ${KEEP}` },
  { id: "fix", scope: "paragraph", outcome: "replace", instruction: "Correct spelling, grammar and punctuation, and change nothing else: no other words, no other order, no other Markdown." },
  { id: "shorter", scope: "paragraph", outcome: "replace", instruction: `Make the text about half as long and leave out nothing that matters. ${KEEP}` },
  { id: "longer", scope: "paragraph", outcome: "replace", instruction: `Make the text fuller with what it already says or implies, and add no new facts. ${KEEP}` },
  { id: "summarise", scope: "note", outcome: "after", instruction: SUMMARISE },
  { id: "section", scope: "section", outcome: "after", instruction: SUMMARISE },
  { id: "continue", scope: "cursor", outcome: "after", instruction: "Continue the text where it ends, in its language, tone and Markdown. Give only what comes next, and repeat nothing." },
  { id: "explain", scope: "paragraph", outcome: "show", instruction: "Explain the text in plain words to somebody who does not know the subject." },
] as const satisfies readonly TextTask[];

/** Translate into a language, given by its English name. */
export function translation(language: string): TextTask {
  return { id: "translate", scope: "paragraph", outcome: "replace", instruction: `Translate the text into ${language}. Keep the Markdown, and leave [[links]], addresses, code and #tags as they are.` };
}

/** Do what the user wrote. */
export function ownTask(instruction: string): TextTask {
  return { id: "change", scope: "paragraph", outcome: "replace", instruction };
}
