/** A few lines of a chunk, with the words that were found marked. */
import { snippetOf } from "../../core/notes/snippet";

export function drawSnippet(into: HTMLElement, chunk: string, words: readonly string[]): void {
  for (const { text, marked } of snippetOf(chunk, words)) {
    if (marked) into.createEl("mark", { text });
    else into.appendText(text);
  }
}
