/** How a call of a test went, in the user's language. */
import type { Outcome, Result } from "../../core/clients/trial";
import type { Got, Unreadable } from "../../core/clients/unreadable";
import { ENTRIES, type Key, type Texts } from "../../core/texts/texts";
import { problemWords } from "../problem_words";

export type Level = "ok" | "note" | "warning" | "error";

export function levelOf(result: Result): Level {
  switch (result.kind) {
    case "got":
      return "ok";
    case "late":
      return "warning";
    case "keyless":
      return "note";
    default:
      return "error";
  }
}

/** `told` is what the server said, in English. */
export function outcomeWords(texts: Texts, { result, seconds }: Outcome): { words: string; told: string | null } {
  const { words, told } = resultWords(texts, result);
  // What took no time that anybody notices has none to tell.
  const took = seconds === null || seconds < 0.05 ? "" : ` (${texts("programs.seconds", { seconds: Math.round(seconds * 10) / 10 })})`;
  return { words: words + took, told };
}

function resultWords(texts: Texts, result: Result): { words: string; told: string | null } {
  const plain = (words: string): { words: string; told: null } => ({ words, told: null });
  switch (result.kind) {
    case "got":
      return plain(gotWords(texts, result.got));
    case "late":
      return plain(texts("programs.late", { within: result.within }));
    case "unreadable":
      return plain(unreadableWords(texts, result.unreadable));
    case "problem": {
      const { title, hint, told } = problemWords(texts, result.problem);
      return { words: [title, told === null ? hint : null].filter((part) => part !== null).join(". "), told };
    }
    default:
      return plain(texts(`programs.${result.kind}`));
  }
}

function gotWords(texts: Texts, got: Got): string {
  const { kind, ...values } = got;
  return texts(`programs.got.${kind}`, values);
}

function unreadableWords(texts: Texts, { kind, values }: Unreadable): string {
  // What only a programmer tells apart is one thing here.
  const other: Readonly<Record<string, string>> = { no_reason: "no_end", not_whole: "no_end", too_short: "no_end" };
  const key = `programs.unreadable.${other[kind] ?? kind}`;
  return texts(Object.hasOwn(ENTRIES, key) ? (key as Key) : "programs.unreadable.odd", values);
}
