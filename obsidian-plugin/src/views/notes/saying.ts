/** Why there is no answer, in the user's words. */
import type { ConnectionState } from "../../core/connection";
import type { Problem } from "../../core/problem";
import type { WhyAnswer } from "../../core/protocol/why";
import { ENTRIES, type Key, type Texts } from "../../core/texts/texts";

const OWN_MARKS: readonly string[] = ["private: true", "private:: true", "sidecar: false", "sidecar:: false", "#private"];
// Rules that name what the user set, by their first word.
const RULES: Readonly<Record<string, Key>> = { obsidian: "notes.why.obsidian", glob: "notes.why.glob", templates: "notes.why.templates", hidden: "notes.why.hidden" };

/** Why nothing came, and what to do or what the server said. */
export function sayProblem(problem: Problem, state: ConnectionState, texts: Texts): { says: string; detail: string } {
  if (problem.code === "vault_not_served") return { says: texts("notes.no_vault"), detail: texts("notes.no_vault.detail") };
  if (state.kind === "looking") return { says: texts("notes.connecting"), detail: "" };
  const hint: string = `problem.${problem.kind}.hint`;
  const told = problem.kind === "refused" || problem.kind === "failed" ? problem.message : "";
  return { says: texts(`problem.${problem.kind}`), detail: told !== "" ? told : isKey(hint) ? texts(hint) : "" };
}

/** Why a note is not in the index. */
export function sayWhyNot(why: WhyAnswer, texts: Texts): string {
  if (why.status === "unknown") return texts("notes.why.unknown");
  if (why.status === "failed") return texts("notes.why.failed", { reason: why.reason ?? "" });
  if (why.status !== "excluded" || why.reason === null) return texts("notes.why.pending");
  if (OWN_MARKS.includes(why.reason)) return texts("notes.why.own", { rule: why.reason });
  const [kind = "", ...rule] = why.reason.split(": ");
  const key = RULES[kind];
  return key === undefined ? texts("notes.why.other", { rule: why.reason }) : texts(key, { rule: rule.join(": ") });
}

function isKey(name: string): name is Key {
  return Object.hasOwn(ENTRIES, name);
}
