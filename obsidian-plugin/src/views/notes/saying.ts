/** Why there is no answer, in the user's words. */
import type { ConnectionState } from "../../core/connection";
import type { Problem } from "../../core/problem";
import type { WhyAnswer } from "../../core/protocol/why";
import type { Texts } from "../../core/texts/texts";
import { problemWords } from "../problem_words";
import { ruleWords } from "../status/rule_words";

/** Why nothing came, and what the server said or what to do. */
export function sayProblem(problem: Problem, state: ConnectionState, texts: Texts): { says: string; detail: string } {
  if (problem.code === "vault_not_served") return { says: texts("notes.no_vault"), detail: texts("notes.no_vault.detail") };
  if (state.kind === "looking") return { says: texts("notes.connecting"), detail: "" };
  const { title, hint, told } = problemWords(texts, problem);
  return { says: title, detail: told ?? hint ?? "" };
}

/** The same in one line of text. */
export function sayProblemInLine(problem: Problem, state: ConnectionState, texts: Texts): string {
  const { says, detail } = sayProblem(problem, state, texts);
  return [says, detail].filter((part) => part !== "").join(". ");
}

/** Why a note is not in the index. */
export function sayWhyNot({ status, reason }: WhyAnswer, texts: Texts): string {
  if (status === "unknown") return texts("notes.why.unknown");
  if (status === "failed") return [texts("why.failed"), reason ?? ""].join(" ").trim();
  return status === "excluded" && reason !== null ? ruleWords(texts, reason) : texts("notes.why.pending");
}
