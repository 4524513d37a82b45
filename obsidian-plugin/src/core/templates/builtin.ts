/** The prompts that come with Sidecar, in the language of templates. They are in English, which every model follows best, and
 * ask for an answer in the text's own language. */
import { parseTemplate } from "./parse";
import type { Prompt, PromptOutput } from "./prompt_note";

const KEEP = "Keep its language, its meaning and its Markdown: links, tags, emphasis and lists stay as they are.";
const ONLY = "Answer with the text alone, without a word before or after it.";
const TEXT = "\n\nThe text:\n\n{{selection}}";

interface Builtin {
  readonly id: BuiltinId;
  readonly output: PromptOutput;
  readonly source: string;
}

export const BUILTIN_IDS = ["rewrite", "fix", "shorter", "longer", "summarise", "translate", "continue", "explain", "tasks"] as const;
export type BuiltinId = (typeof BUILTIN_IDS)[number];

const SOURCES: readonly Builtin[] = [
  { id: "rewrite", output: "replace", source: `Rewrite the text so that it reads clearly and naturally. ${KEEP} ${ONLY}${TEXT}` },
  { id: "fix", output: "replace", source: `Correct spelling, grammar and punctuation in the text, and change nothing else. ${KEEP} ${ONLY}${TEXT}` },
  { id: "shorter", output: "replace", source: `Make the text about half as long and leave out nothing that matters. ${KEEP} ${ONLY}${TEXT}` },
  { id: "longer", output: "replace", source: `Write the text out more fully from what it already says, and add no new facts. ${KEEP} ${ONLY}${TEXT}` },
  { id: "summarise", output: "insert-after", source: `Summarise the text in a few sentences, in the text's own language. ${ONLY}\n\nThe text:\n\n{{#if selection}}{{selection}}{{else}}{{note}}{{/if}}` },
  { id: "translate", output: "replace", source: `Translate the text into {{language}}. Keep its Markdown, and leave [[links]], addresses, code and #tags as they are. ${ONLY}${TEXT}` },
  { id: "continue", output: "insert-after", source: `Continue the text where it ends, in its own language, tone and form. Repeat nothing of it. ${ONLY}\n\nThe title is: {{title}}\n\nThe text:\n\n{{before:6000}}` },
  { id: "explain", output: "ask-view", source: `Explain the text in plain words to somebody who does not know the subject, in the text's own language.\n\nThe text:\n\n{{#if selection}}{{selection}}{{else}}{{note}}{{/if}}` },
  { id: "tasks", output: "insert-after", source: `List what there is to do according to the text, each as a line that begins with "- [ ]", in the text's own language. Where a day is named for it, write it as YYYY-MM-DD; today is {{date}}. Invent nothing. ${ONLY}\n\nThe text:\n\n{{#if selection}}{{selection}}{{else}}{{note}}{{/if}}` },
];

/** A built-in prompt by its id; its name and description are said by whoever shows it. */
export function builtin(id: BuiltinId): Prompt {
  const found = SOURCES.find((each) => each.id === id);
  const { template } = parseTemplate(found?.source ?? "");
  if (found === undefined || template === null) throw new RangeError(`no built-in prompt ${id}`);
  return { id, name: id, description: "", icon: null, output: found.output, notes: "never", model: null, temperature: null, system: null, template };
}
