/** What will change in a text, as lines with the words that go and the words that come. */
import { diffLines, diffWords, type Difference } from "../../core/text_diff";

export function drawDifference(into: HTMLElement, before: string, after: string): void {
  into.empty();
  const parts = diffLines(before, after);
  parts.forEach((part, place) => {
    const next = parts[place + 1];
    if (part.kind === "same" || (part.kind === "added" && parts[place - 1]?.kind === "removed")) return;
    if (part.kind === "removed" && next?.kind === "added") drawWords(into, diffWords(part.text, next.text));
    else drawWords(into, [part]);
  });
}

function drawWords(into: HTMLElement, words: readonly Difference[]): void {
  const lines = into.createDiv({ cls: "sidecar-difference-lines" });
  for (const { kind, text } of words) {
    // Blank lines around a change show nothing.
    const shown = words.length === 1 ? text.replace(/^\n+|\n+$/g, "") : text;
    if (kind === "same") lines.appendText(shown);
    else lines.createEl(kind === "added" ? "ins" : "del", { text: shown });
  }
}
