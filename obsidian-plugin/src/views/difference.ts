/** Draws what changes between two texts: what goes is struck through, what comes is marked, and both are said to those who do
 * not see it. */
import { diffLines, diffWords, type Difference } from "../core/text_diff";
import type { Texts } from "../core/texts/texts";

/** The whole text, with the words that go and the words that come. */
export function drawWords(into: HTMLElement, texts: Texts, before: string, after: string): void {
  into.empty();
  for (const part of diffWords(before, after)) drawPart(into, texts, part);
}

/** The lines that change; of those that stay, `around` on either side, and how many there are. */
export function drawLines(into: HTMLElement, texts: Texts, { before, after, around = 0 }: { before: string; after: string; around?: number }): void {
  into.empty();
  const parts = diffLines(before, after);
  parts.forEach((part, place) => {
    const next = parts[place + 1];
    if (part.kind === "same") drawSame(into, texts, part.text, { head: place === 0 ? 0 : around, tail: next === undefined ? 0 : around });
    else if (part.kind === "removed" && next?.kind === "added") drawChanged(into, texts, diffWords(part.text, next.text));
    else if (part.kind === "removed" || parts[place - 1]?.kind !== "removed") drawChanged(into, texts, [part]);
  });
}

function drawChanged(into: HTMLElement, texts: Texts, words: readonly Difference[]): void {
  const lines = into.createDiv({ cls: "sidecar-difference-lines is-changed" });
  // Blank lines around a change show nothing.
  for (const { kind, text } of words) drawPart(lines, texts, { kind, text: words.length === 1 ? text.replace(/^\n+|\n+$/g, "") : text });
}

function drawSame(into: HTMLElement, texts: Texts, text: string, shown: { head: number; tail: number }): void {
  if (shown.head + shown.tail === 0) return;
  const lines = text.replace(/\n$/, "").split("\n");
  const head = lines.slice(0, shown.head);
  const tail = shown.tail === 0 ? [] : lines.slice(Math.max(head.length, lines.length - shown.tail));
  const hidden = lines.length - head.length - tail.length;
  if (head.length > 0) into.createDiv({ cls: "sidecar-difference-lines", text: head.join("\n") });
  if (hidden > 0) into.createDiv({ cls: "sidecar-difference-hidden", text: texts("change.same", { count: hidden }) });
  if (tail.length > 0) into.createDiv({ cls: "sidecar-difference-lines", text: tail.join("\n") });
}

function drawPart(into: HTMLElement, texts: Texts, { kind, text }: Difference): void {
  if (kind === "same") return into.appendText(text);
  into.createSpan({ cls: "sidecar-spoken", text: `${texts(`change.${kind}`)}: ` });
  into.createEl(kind === "added" ? "ins" : "del", { text });
}
