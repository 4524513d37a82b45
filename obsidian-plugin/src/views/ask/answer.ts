/** An answer on the page: what it says, what it is, and what became of it. Changes with every piece that comes. */
import { readAnswer } from "../../core/answer/blocks";
import type { Cited } from "../../core/answer/citing";
import type { Turn } from "../../core/conversation";
import type { Key, Texts } from "../../core/texts/texts";
import { shownName } from "./shown_name";
import { blockParts } from "./answer_blocks";
import { isRunning, type AskedTurn } from "./turn_facts";
import { Drawing, drawn, type Drawn } from "./drawing";
import { withCode } from "./inline";

export class AnswerText {
  private readonly above: Drawing;
  private readonly blocks: Drawing;
  private readonly below: Drawing;
  private readonly text: HTMLElement;
  cited: readonly Cited[] = [];

  constructor(
    parent: HTMLElement,
    private readonly texts: Texts,
  ) {
    this.above = new Drawing(parent.createDiv({ cls: "sidecar-ask-above" }));
    this.text = parent.createDiv({ cls: "sidecar-ask-text markdown-rendered" });
    this.blocks = new Drawing(this.text);
    this.below = new Drawing(parent.createDiv({ cls: "sidecar-ask-below" }));
  }

  show(asked: AskedTurn): void {
    const { turn } = asked;
    const answer = readAnswer(turn.text, turn.sources, { unfinished: isRunning(turn) });
    this.cited = answer.cited;
    this.text.toggleClass("is-streaming", turn.state === "streaming");
    this.above.draw([...this.kinds(asked), ...this.waiting(asked), ...this.reasoning(turn)]);
    this.blocks.draw(blockParts(answer.blocks, this.texts));
    this.below.draw(this.notices(asked));
  }

  /** What sort of answer it is, where that is not plain. */
  private kinds(asked: AskedTurn): Drawn[] {
    const { turn } = asked;
    if (isRunning(turn) || turn.text === "") return [];
    const { texts } = this;
    if (asked.quotes) return [this.kind("ask.extractive", "quotes", withCode(texts("ask.extractive.why")))];
    if (!asked.searched) return [this.kind("ask.plain", "plain", [])];
    // An answer about a selection rests on that.
    return turn.sources?.length === 0 && turn.state === "done" && asked.selection === null ? [this.kind("ask.unsupported", "unsupported", [texts("ask.unsupported.why")])] : [];
  }

  private kind(key: Key, name: string, why: readonly (Drawn | string)[]): Drawn {
    const badge = drawn("span", { class: "sidecar-ask-badge" }, this.texts(key));
    if (why.length === 0) return drawn("div", { class: "sidecar-ask-kind", "data-kind": name }, badge);
    return drawn("details", { class: "sidecar-ask-kind", "data-kind": name }, drawn("summary", {}, badge), drawn("p", {}, ...why));
  }

  private waiting({ turn, searched, whole }: AskedTurn): Drawn[] {
    if (turn.state !== "waiting") return [];
    const looking = drawn("span", { class: "sidecar-ask-pulse" }, this.texts(searched ? "ask.looking" : "ask.waiting"));
    return [drawn("p", { class: "sidecar-ask-waiting" }, looking, ...(whole ? [" ", this.texts("ask.whole")] : []))];
  }

  private reasoning(turn: Turn): Drawn[] {
    if (turn.reasoning === "") return [];
    const summary = drawn("summary", {}, this.texts("ask.reasoning"));
    return [drawn("details", { class: "sidecar-ask-reasoning" }, summary, drawn("div", { class: "sidecar-ask-reasoning-text" }, turn.reasoning))];
  }

  private notices({ turn, keptOut }: AskedTurn): Drawn[] {
    const { texts } = this;
    const told = keptOut.map(({ path, because, explanation }) => [texts(`ask.kept_out.${because}`, { name: shownName(path) }), explanation ?? ""].join(" ").trim());
    if (turn.state === "stopped") told.push(texts("ask.stopped"));
    if (turn.reason === "length") told.push(texts("ask.length"));
    if (turn.leftOut?.stillReading) told.push(texts("ask.still_reading"));
    if (turn.leftOut && turn.leftOut.trimmed > 0) told.push(texts("ask.trimmed", { count: turn.leftOut.trimmed }));
    if (turn.leftOut && turn.leftOut.withheld > 0) told.push(texts("ask.withheld", { count: turn.leftOut.withheld }));
    return told.map((line) => drawn("p", { class: "sidecar-ask-notice" }, line));
  }
}
