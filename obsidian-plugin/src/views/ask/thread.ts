/**
 * The conversation on the page, one turn below the other. While an answer grows its end stays in sight, as long as its
 * question does too: whoever reads from the beginning is not carried off. Nobody who reads further up is moved.
 */
import { readAnswer } from "../../core/answer/blocks";
import type { Context } from "../../context";
import type { Texts } from "../../core/texts/texts";
import { said } from "./citation_form";
import { TurnView, type TurnActions } from "./turn_view";
import type { AskedTurn } from "./turn_facts";
import { spokenLabel } from "../spoken_label";

/** How far from the end still counts as at the end, in pixels. */
const NEAR = 48;
/** What is read aloud of an answer at once. */
const LONGEST_SPOKEN = 600;

export class Thread {
  readonly el: HTMLElement;
  private readonly texts: Texts;
  private readonly spoken: HTMLElement;
  private readonly views = new Map<number, TurnView>();
  private shown: readonly AskedTurn[] = [];

  constructor(
    parent: HTMLElement,
    private readonly context: Pick<Context, "app" | "texts" | "inUse">,
    private readonly actions: TurnActions,
  ) {
    this.texts = context.texts;
    // Announced when it is finished, not word by word.
    this.el = parent.createDiv({ cls: "sidecar-ask-thread", attr: { role: "log", "aria-live": "off", tabindex: "0" } });
    spokenLabel(this.el, this.texts("ask.conversation"));
    this.spoken = parent.createDiv({ cls: "sidecar-spoken", attr: { role: "status", "aria-live": "polite" } });
  }

  show(turns: readonly AskedTurn[]): void {
    const atEnd = this.el.scrollHeight - this.el.scrollTop - this.el.clientHeight < NEAR;
    const asked = turns.at(-1)?.turn.id !== this.shown.at(-1)?.turn.id;
    const ids = new Set(turns.map(({ turn }) => turn.id));
    for (const [id, view] of this.views) {
      if (ids.has(id)) continue;
      view.el.remove();
      this.views.delete(id);
    }
    turns.forEach((turn, place) => this.turn(turn, place === turns.length - 1));
    this.announce(turns.at(-1));
    this.shown = turns;
    if (asked || atEnd) this.follow();
  }

  private follow(): void {
    const question = this.el.lastElementChild?.getBoundingClientRect().top ?? 0;
    const toQuestion = this.el.scrollTop + question - this.el.getBoundingClientRect().top;
    this.el.scrollTop = Math.min(this.el.scrollHeight - this.el.clientHeight, toQuestion);
  }

  private turn(asked: AskedTurn, last: boolean): void {
    const { id } = asked.turn;
    const view = this.views.get(id) ?? new TurnView(this.el, this.context, asked, this.actions);
    this.views.set(id, view);
    view.show(asked, last);
  }

  /** Say what has become of the last turn, once. A problem says itself, where it is shown. */
  private announce(now: AskedTurn | undefined): void {
    const before = this.shown.at(-1);
    if (now === undefined || (before?.turn.id === now.turn.id && before.turn.state === now.turn.state)) return;
    const { state, sources } = now.turn;
    if (state === "waiting") this.spoken.setText(this.texts(now.searched ? "ask.looking" : "ask.waiting"));
    else if (state === "done") this.spoken.setText(`${this.texts("ask.finished", { count: sources?.length ?? 0 })} ${plain(now)}`);
    else if (state === "stopped") this.spoken.setText(this.texts("ask.stopped"));
  }
}

/** An answer as it is read aloud: without marks, not longer than one wants to listen before choosing. */
function plain({ turn }: AskedTurn): string {
  const words = readAnswer(turn.text, turn.sources).blocks.flatMap((block) => ("inside" in block ? [said(block.inside)] : []));
  const text = words.join(" ").replace(/\s+/g, " ").trim();
  return text.length > LONGEST_SPOKEN ? `${text.slice(0, LONGEST_SPOKEN)}…` : text;
}
