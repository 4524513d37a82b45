/** The row that says how the connection is, as it changes, and tests it. */
import type { ButtonComponent, Setting } from "obsidian";
import type { ConnectionState } from "../core/connection";
import type { Problem } from "../core/problem";
import { statusLine } from "../core/status";
import type { Shell } from "../shell";
import { problemWords } from "../views/problem_words";
import { StatusModal } from "../views/status/status_modal";

export class ServerRow {
  constructor(private readonly setting: Setting, private readonly shell: Shell) {
    const { texts } = shell.context;
    setting.settingEl.addClasses(["sidecar-connection-state", "sidecar-wide"]);
    setting.descEl.setAttr("role", "status");
    setting
      .addButton((button) => button.setButtonText(texts("settings.test")).setCta().onClick(() => void this.test(button)))
      .addButton((button) => button.setButtonText(texts("settings.details")).onClick(() => new StatusModal(shell).open()));
  }

  /** `redraw` is called when other rows come or go with the state. The result ends it. */
  follow(redraw: () => void): () => void {
    const { connection } = this.shell.context;
    this.show(connection.state);
    const matched = isMatched(connection.state);
    return connection.listen((state) => {
      if (isMatched(state) !== matched) redraw();
      else this.show(state);
    });
  }

  private async test(button: ButtonComponent): Promise<void> {
    const { connection, texts } = this.shell.context;
    button.setDisabled(true).setButtonText(texts("settings.testing"));
    await connection.look();
    button.setDisabled(false).setButtonText(texts("settings.test"));
    this.show(connection.state);
  }

  private show(state: ConnectionState): void {
    const { texts } = this.shell.context;
    const { descEl } = this.setting;
    const { key, values, tone } = statusLine(state);
    descEl.empty();
    const line = descEl.createDiv({ cls: "sidecar-line", attr: { "data-tone": tone } });
    line.createSpan({ cls: "sidecar-tone", attr: { "aria-hidden": "true" } });
    line.createSpan({ text: texts(key, values) });
    if (state.kind === "online") descEl.createDiv({ text: texts("settings.test_good", { version: state.status.version, url: state.address.url }) });
    else if ("problem" in state && state.problem !== null) this.problem(state.problem);
  }

  private problem(problem: Problem): void {
    const { texts } = this.shell.context;
    const { title, hint, told } = problemWords(texts, problem);
    const { descEl } = this.setting;
    descEl.createDiv({ text: title, cls: "sidecar-strong" });
    if (hint !== null) descEl.createDiv({ text: hint });
    if (told !== null) descEl.createDiv({ text: texts("details.server_says", { message: told }) });
  }
}

function isMatched(state: ConnectionState): boolean {
  return state.kind !== "online" || state.vault !== null;
}
