/** Notices of problems that the user has to do something about: each once, not at every look. */
import { Notice } from "obsidian";
import type { Context } from "../../context";
import type { ConnectionState } from "../../core/connection";
import { problemWords } from "../problem_words";

// Long enough to read two sentences.
const SHOWN = 12_000;
// Who has not set it up yet knows: the status bar and the settings say what is missing.
const SETTING_UP: ReadonlySet<string> = new Set(["no_key", "plain_http"]);

/** Follow the connection; the result ends it. A server that does not run is no news: the status bar says so. */
export function tellProblems({ connection, texts }: Context): () => void {
  const told = new Set<string>();
  return connection.listen((state) => {
    if (state.kind === "problem" && !SETTING_UP.has(state.problem.code ?? "")) {
      const { title, hint } = problemWords(texts, state.problem);
      once(told, `${state.problem.kind} ${state.problem.code ?? ""}`, [title, hint]);
    }
    for (const problem of ofVault(state)) once(told, problem, [problem]);
    // Solved problems are news again when they come back; a vault's own may come and go with a disk.
    if (state.kind === "online") forget(told, ofVault(state));
  });
}

function ofVault(state: ConnectionState): readonly string[] {
  return state.kind === "online" ? (state.vault?.problems ?? []) : [];
}

function once(told: Set<string>, name: string, sentences: readonly (string | null)[]): void {
  if (told.has(name)) return;
  told.add(name);
  new Notice(`Sidecar: ${sentences.filter((part) => part !== null).join(". ")}`, SHOWN);
}

function forget(told: Set<string>, stay: readonly string[]): void {
  for (const name of told) if (!stay.includes(name)) told.delete(name);
}
