/** What a prompt of one's own works on, and where its answer goes. */
import { uses } from "../templates/template";
import type { Prompt } from "../templates/prompt_note";
import type { Outcome } from "./text_task";
import { passageAt, type Passage, type Span } from "./passage";

const OUTCOMES = { replace: "replace", "insert-after": "after", "new-note": "note", "ask-view": "show" } as const satisfies Record<Prompt["output"], Outcome>;

export function outcomeOf(prompt: Prompt): Outcome {
  return OUTCOMES[prompt.output];
}

/** The passage: what is selected; else the paragraph, where the prompt is about a text to select; else the cursor. `null`
 * where there is nothing that could be replaced. */
export function promptPassage(prompt: Prompt, note: string, selection: Span): Passage | null {
  const { nodes } = prompt.template;
  const selected = passageAt(note, selection, "cursor");
  const chosen = note.slice(selection.from, selection.to).trim() === "" ? null : passageAt(note, selection, "paragraph");
  if (chosen !== null) return chosen;
  if (prompt.output === "replace") return passageAt(note, selection, uses(nodes, "note") && !uses(nodes, "selection") ? "note" : "paragraph");
  const aboutText = uses(nodes, "selection") && !uses(nodes, "note");
  return (aboutText ? passageAt(note, selection, "paragraph") : null) ?? selected;
}
