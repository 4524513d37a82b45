/** Prompts to begin with, in the user's language: each shows something else that a prompt can do. */
import type { PromptOutput } from "../templates/prompt_note";
import { SAMPLE_WORDS } from "./sample_words";
import type { Language } from "../texts/section";
import { bound } from "../texts/texts";

export interface SamplePrompt {
  /** The name of the note, without its ending. */
  readonly name: string;
  readonly text: string;
}

export const SAMPLE_IDS = ["tone", "list", "tasks", "outline", "links"] as const;
export type SampleId = (typeof SAMPLE_IDS)[number];

const FORMS: Readonly<Record<SampleId, { readonly output: PromptOutput; readonly icon: string }>> = {
  tone: { output: "replace", icon: "drama" },
  list: { output: "replace", icon: "list" },
  tasks: { output: "insert-after", icon: "list-checks" },
  outline: { output: "new-note", icon: "list-tree" },
  links: { output: "ask-view", icon: "link" },
};

export function samplePrompts(language: Language): SamplePrompt[] {
  return SAMPLE_IDS.map((id) => {
    const { name, description, body } = SAMPLE_WORDS[language][id];
    const { output, icon } = FORMS[id];
    // A prompt is no note to be found: without the last line its words would turn up among the answers.
    const front = ["---", `description: ${JSON.stringify(description)}`, `output: ${output}`, `icon: ${icon}`, "sidecar: false", "---", ""];
    return { name, text: `${front.join("\n")}${bound(body, language)}\n` };
  });
}
