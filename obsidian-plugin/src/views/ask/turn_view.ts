/** One question with its answer on the page. */
import { asProblem } from "../../core/problem";
import type { Citation } from "../../core/protocol/chat";
import type { Context } from "../../context";
import { ActionBar } from "./actions";
import { answerMarkdown } from "./as_note";
import { AnswerText } from "./answer";
import { Drawing, drawn, type Drawn } from "./drawing";
import { iconButton } from "./icon_button";
import { linkAttributes } from "./note_links";
import { shownName } from "./shown_name";
import { ProblemBox } from "./problem_box";
import { Sources } from "./sources";
import { isRunning, type AskedTurn } from "./turn_facts";
import { spokenLabel } from "../spoken_label";

export interface TurnActions {
  edit(id: number): void;
  regenerate(id: number): void;
  reasons(source: Citation, asked: AskedTurn): Promise<string[]>;
}

export class TurnView {
  readonly el: HTMLElement;
  private readonly question: Drawing;
  private readonly answer: AnswerText;
  private readonly problem: ProblemBox;
  private readonly sources: Sources;
  private readonly bar: ActionBar;
  private asked: AskedTurn;
  private drawn: readonly unknown[] = [];

  constructor(parent: HTMLElement, context: Pick<Context, "app" | "texts" | "inUse">, asked: AskedTurn, actions: TurnActions) {
    const { app, texts } = context;
    this.asked = asked;
    const { id } = asked.turn;
    this.el = parent.createDiv({ cls: "sidecar-ask-turn", attr: { "data-turn": String(id) } });
    const question = this.el.createDiv({ cls: "sidecar-ask-question", attr: { role: "group" } });
    spokenLabel(question, texts("ask.you"));
    this.question = new Drawing(question.createDiv({ cls: "sidecar-ask-question-text" }));
    iconButton(question, "pencil", texts("ask.edit"), () => actions.edit(id));
    const answer = this.el.createDiv({ cls: "sidecar-ask-answer", attr: { role: "group" } });
    spokenLabel(answer, texts("ask.answer"));
    this.answer = new AnswerText(answer, texts);
    this.problem = new ProblemBox(answer, texts, () => actions.regenerate(id));
    this.sources = new Sources(answer, texts, (source) => actions.reasons(source, this.asked));
    this.bar = new ActionBar(answer, context, { markdown: (from) => answerMarkdown(app, this.asked.turn, from), regenerate: () => actions.regenerate(id) });
  }

  show(asked: AskedTurn, last: boolean): void {
    this.asked = asked;
    const { turn } = asked;
    const now = [turn, asked.keptOut, asked.whole, last];
    if (now.every((each, place) => each === this.drawn[place])) return;
    this.drawn = now;
    this.question.draw([drawn("p", {}, turn.question), ...about(asked)]);
    this.answer.show(asked);
    this.problem.show(turn.state === "failed" ? asProblem(turn.problem) : null);
    this.sources.show(turn.sources ?? [], this.answer.cited);
    this.bar.show(!isRunning(turn) && turn.text !== "", last);
  }
}

/** What went with the question. */
function about({ note, selection }: AskedTurn): Drawn[] {
  const paths = [...new Set([note, selection?.path ?? null])].filter((path) => path !== null);
  if (paths.length === 0) return [];
  const links = paths.map((path) => drawn("a", { class: "internal-link", ...linkAttributes(path) }, shownName(path)));
  const quote = selection === null ? [] : [drawn("blockquote", {}, selection.text.length > 200 ? `${selection.text.slice(0, 200)}…` : selection.text)];
  return [drawn("p", { class: "sidecar-ask-about" }, ...links.flatMap((link, place) => (place === 0 ? [link] : [" · ", link]))), ...quote];
}
