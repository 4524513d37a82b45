/** The details behind the status bar: the server, this vault's index, what is wrong, and the ledger. */
import { ButtonComponent, Modal, Notice } from "obsidian";
import { asProblem } from "../../core/problem";
import type { ConnectionState } from "../../core/connection";
import { openSettings } from "../../settings/open";
import type { Shell } from "../../shell";
import { copyText } from "../clipboard";
import { ProgramsModal } from "../programs/programs_modal";
import { problemWords } from "../problem_words";
import { Ledger } from "./ledger";
import { StateFacts } from "./state_facts";

export class StatusModal extends Modal {
  private ledger: Ledger | null = null;
  private counted = "";
  private stop: () => void = () => undefined;

  constructor(private readonly shell: Shell) {
    super(shell.context.app);
  }

  override onOpen(): void {
    const { context } = this.shell;
    this.setTitle(context.texts("details.title"));
    this.modalEl.addClass("sidecar-modal");
    const facts = new StateFacts(this.contentEl.createDiv(), context);
    const buttons = this.contentEl.createDiv({ cls: "sidecar-buttons" });
    const below = this.contentEl.createDiv();
    const show = (state: ConnectionState): void => {
      facts.show(state);
      this.offer(buttons, state.kind === "online");
      this.showLedger(below, state);
    };
    show(context.connection.state);
    this.stop = context.connection.listen(show);
  }

  override onClose(): void {
    this.stop();
    this.contentEl.empty();
  }

  private showLedger(place: HTMLElement, state: ConnectionState): void {
    if (state.kind !== "online" || state.vault === null) {
      place.empty();
      this.ledger = null;
      this.counted = "";
      return;
    }
    this.ledger ??= new Ledger(place, this.shell.context, () => this.close());
    const { name, excluded, failed, problems_by_code } = state.vault;
    const counted = JSON.stringify([name, excluded, failed, problems_by_code]);
    if (counted === this.counted) return;
    this.counted = counted;
    void this.ledger.load();
  }

  /** The buttons stay as they are while the kind of state does, so that the keyboard keeps its place. */
  private offer(place: HTMLElement, online: boolean): void {
    if (place.dataset["online"] === String(online)) return;
    place.dataset["online"] = String(online);
    place.empty();
    const { context } = this.shell;
    const { connection, texts } = context;
    new ButtonComponent(place).setButtonText(texts(online ? "details.reconnect" : "details.try_again")).onClick(() => connection.start());
    if (online) this.offerOnline(place);
    new ButtonComponent(place).setButtonText(texts("details.settings")).onClick(() => {
      this.close();
      openSettings(this.shell);
    });
  }

  private offerOnline(place: HTMLElement): void {
    const { connection, texts } = this.shell.context;
    const sync = new ButtonComponent(place).setButtonText(texts("details.sync")).onClick(() => void this.sync(sync));
    new ButtonComponent(place).setButtonText(texts("details.copy_base_url")).onClick(() => {
      if (connection.state.kind === "online") void copyText(place, `${connection.state.address.url}/v1`, texts);
    });
    new ButtonComponent(place).setButtonText(texts("programs.title")).onClick(() => {
      this.close();
      new ProgramsModal(this.shell).open();
    });
  }

  private async sync(button: ButtonComponent): Promise<void> {
    const { connection, texts } = this.shell.context;
    button.setDisabled(true).setButtonText(texts("details.syncing"));
    try {
      await connection.client().sync();
      await connection.look();
      await this.ledger?.load();
    } catch (error) {
      new Notice(problemWords(texts, asProblem(error)).title);
    }
    button.setDisabled(false).setButtonText(texts("details.sync"));
  }
}
