/** A Problem in the user's language: what is wrong, what to do about it, and what the server itself said. */
import type { Problem } from "../core/problem";
import { ENTRIES, type Key, type Texts } from "../core/texts/texts";

export interface ProblemWords {
  readonly title: string;
  readonly hint: string | null;
  /** In English, as the server said it. */
  readonly told: string | null;
}

/** Codes with words of their own. */
const BY_CODE: Readonly<Record<string, string>> = { no_key: "no_key", no_token_file: "no_token_file", no_address: "no_address", other_key: "other_key", plain_http: "withheld", insufficient_scope: "scope", vault_not_served: "refused" };

export function problemWords(texts: Texts, problem: Problem): ProblemWords {
  const name = BY_CODE[problem.code ?? ""] ?? problem.kind;
  const hint = hintOf(name);
  return { title: texts(`problem.${name}` as Key), hint: hint === null ? null : texts(hint), told: problem.message === "" ? null : problem.message };
}

function hintOf(name: string): Key | null {
  const key = `problem.${name}.hint`;
  return Object.hasOwn(ENTRIES, key) ? (key as Key) : null;
}
