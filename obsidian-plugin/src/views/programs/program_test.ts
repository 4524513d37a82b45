/** A test of a program's settings, call by call as they come back. */
import { callsOf } from "../../core/clients/offering";
import { trial, type Outcome } from "../../core/clients/trial";
import type { ClientSettings } from "../../core/protocol/clients";
import type { Shell } from "../../shell";
import { levelOf, outcomeWords } from "./outcome_words";

export class ProgramTest {
  private readonly button: HTMLButtonElement;
  private readonly list: HTMLElement;
  private readonly end: HTMLElement;
  private running: AbortController | null = null;

  constructor(place: HTMLElement, private readonly shell: Shell, private readonly settings: ClientSettings) {
    this.button = place.createDiv({ cls: "sidecar-buttons" }).createEl("button", { cls: "mod-cta" });
    this.button.addEventListener("click", () => (this.running === null ? void this.run() : this.stop()));
    this.list = place.createEl("ul", { cls: "sidecar-outcomes" });
    this.end = place.createDiv({ cls: "sidecar-strong", attr: { role: "status" } });
    this.label();
  }

  stop(): void {
    this.running?.abort();
  }

  private label(): void {
    const { texts } = this.shell.context;
    this.button.setText(this.running === null ? this.settings.name === null ? texts("programs.test_any") : texts("programs.test", { name: this.settings.name }) : texts("programs.stop"));
  }

  private async run(): Promise<void> {
    const { connection, clock, texts } = this.shell.context;
    const { state } = connection;
    this.list.empty();
    const stop = (this.running = new AbortController());
    this.label();
    this.end.setText(texts("programs.testing"));
    const address = state.kind === "online" ? state.address : { url: "", key: null };
    const sure = async (): Promise<unknown> => connection.client().status([], stop.signal);
    const outcomes: Outcome[] = [];
    for await (const outcome of trial(callsOf(this.settings), { ...address, senders: this.shell.senders, sure, clock, signal: stop.signal })) {
      outcomes.push(outcome);
      this.show(outcome);
    }
    this.running = null;
    this.label();
    const works = outcomes.every((outcome) => levelOf(outcome.result) !== "error");
    this.end.setText(stop.signal.aborted ? texts("problem.stopped") : texts(works ? "programs.result.good" : "programs.result.some"));
  }

  private show(outcome: Outcome): void {
    const { texts } = this.shell.context;
    const level = levelOf(outcome.result);
    const item = this.list.createEl("li", { attr: { "data-level": level } });
    const head = item.createDiv();
    head.createSpan({ text: texts(`programs.level.${level}`), cls: "sidecar-level" });
    head.createSpan({ text: outcome.does, attr: { lang: "en" } });
    const { words, told } = outcomeWords(texts, outcome);
    item.createDiv({ text: words, cls: "sidecar-soft" });
    if (told !== null) item.createDiv({ text: told, cls: "sidecar-soft", attr: { lang: "en" } });
  }
}
