/** A problem shown in its place: what happened, what to do, and a way to try again. */
import type { ConnectionState } from "../../core/connection";
import { Problem } from "../../core/problem";
import type { Texts } from "../../core/texts/texts";
import { problemWords, type ProblemWords } from "../problem_words";
import { Drawing, drawn, type Drawn, type Part } from "./drawing";
import { withCode } from "./inline";

/** What a Problem has as its code when the server is there and has not this vault. */
const NO_VAULT = "vault_not_served";

/** What keeps the vault from being asked; `null` when nothing does, or nobody knows yet. */
export function problemOf(state: ConnectionState): Problem | null {
  if (state.kind === "looking") return null;
  if (state.kind !== "online") return state.problem ?? new Problem("offline");
  return state.vault === null ? new Problem("refused", "", { code: NO_VAULT }) : null;
}

export class ProblemBox {
  private readonly el: HTMLElement;
  private readonly drawing: Drawing;
  private readonly retry: HTMLButtonElement;

  constructor(
    parent: HTMLElement,
    private readonly texts: Texts,
    retry: () => void,
  ) {
    this.el = parent.createDiv({ cls: "sidecar-ask-problem" });
    this.drawing = new Drawing(this.el.createDiv({ attr: { role: "alert" } }));
    this.retry = this.el.createEl("button", { text: texts("ask.retry"), attr: { type: "button" } });
    this.retry.addEventListener("click", retry);
    this.show(null);
  }

  show(problem: Problem | null): void {
    const there = problem !== null && problem.kind !== "stopped";
    this.el.toggle(there);
    this.drawing.draw(there ? this.lines(problem) : []);
  }

  private lines(problem: Problem): Drawn[] {
    if (problem.kind === "stopped") return [];
    const line = (...parts: readonly Part[]): Drawn => drawn("p", {}, ...parts);
    const { title, hint, told } = problem.code === NO_VAULT ? this.noVault() : problemWords(this.texts, problem);
    const lines = [line(drawn("strong", {}, title))];
    // The server's words are in English; they say which model, which file.
    if (told !== null) lines.push(line(...withCode(told)));
    for (const each of [hint, problem.hint ?? null]) if (each !== null) lines.push(line(...withCode(each)));
    return lines;
  }

  private noVault(): ProblemWords {
    return { title: this.texts("ask.no_vault"), hint: this.texts("ask.no_vault.hint"), told: null };
  }
}
