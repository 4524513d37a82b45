/** The settings of the connection, with what came of them above: where the server is, the key, and a test. */
import { Setting, type ButtonComponent } from "obsidian";
import type { ConnectionState } from "../core/connection";
import { statusLine } from "../core/status";
import { isThisMachine, baseUrl } from "../core/web_address";
import type { Shell } from "../shell";
import { problemWords } from "../views/problem_words";
import { StatusModal } from "../views/status/status_modal";
import { keep, onFinished } from "./keeping";

export class ConnectionSection {
  private readonly above: HTMLElement;
  private readonly below: HTMLElement;
  private readonly stop: () => void;
  private state: Setting | null = null;
  private vaults = "";

  constructor(parent: HTMLElement, private readonly shell: Shell) {
    const { texts, connection } = shell.context;
    new Setting(parent).setName(texts("settings.connection")).setHeading();
    this.above = parent.createDiv();
    this.below = parent.createDiv();
    this.drawState();
    this.draw();
    this.stop = connection.listen((state) => this.show(state));
    this.show(connection.state);
  }

  close(): void {
    this.stop();
  }

  private drawState(): void {
    const { context } = this.shell;
    const { texts } = context;
    this.state = new Setting(this.above)
      .setName(texts("settings.state"))
      .addButton((button) => button.setButtonText(texts("settings.test")).setCta().onClick(() => void this.test(button)))
      .addButton((button) => button.setButtonText(texts("settings.details")).onClick(() => new StatusModal(this.shell).open()));
    this.state.descEl.setAttr("role", "status");
    this.state.settingEl.addClass("sidecar-connection-state");
  }

  private async test(button: ButtonComponent): Promise<void> {
    const { connection, texts } = this.shell.context;
    button.setDisabled(true).setButtonText(texts("settings.testing"));
    await connection.look();
    button.setDisabled(false).setButtonText(texts("settings.test"));
    this.show(connection.state);
  }

  private show(state: ConnectionState): void {
    const desc = this.state?.descEl;
    if (desc === undefined) return;
    const { texts } = this.shell.context;
    const { key, values, tone } = statusLine(state);
    desc.empty();
    desc.dataset["tone"] = tone;
    const line = desc.createDiv({ cls: "sidecar-line", attr: { "data-tone": tone } });
    line.createSpan({ cls: "sidecar-tone", attr: { "aria-hidden": "true" } });
    line.createSpan({ text: texts(key, values) });
    if (state.kind === "online") desc.createDiv({ text: texts("settings.test_good", { version: state.status.version, url: state.address.url }) });
    else if ("problem" in state && state.problem !== null) this.showProblem(desc, state.problem);
    this.offerVaults(state);
  }

  private showProblem(desc: HTMLElement, problem: Parameters<typeof problemWords>[1]): void {
    const { texts } = this.shell.context;
    const { title, hint, told } = problemWords(texts, problem);
    desc.createDiv({ text: title, cls: "sidecar-strong" });
    if (hint !== null) desc.createDiv({ text: hint });
    if (told !== null) desc.createDiv({ text: texts("details.server_says", { message: told }) });
  }

  /** Only where the server's vaults and the one that is open here did not come together by themselves. */
  private offerVaults(state: ConnectionState): void {
    const { settings } = this.shell.context;
    const names = state.kind === "online" && (state.vault === null || settings().connection.vault !== "") ? state.status.vaults.map((vault) => vault.name) : [];
    if (names.join("\n") === this.vaults) return;
    this.vaults = names.join("\n");
    this.draw();
  }

  private draw(): void {
    const { context, place } = this.shell;
    this.below.empty();
    if (place.canBeAutomatic) this.mode();
    else this.below.createDiv({ cls: "setting-item-description", text: context.texts("settings.mode.mobile") });
    if (place.canBeAutomatic && context.settings().connection.mode === "automatic") this.folder();
    else this.manual();
    if (this.vaults !== "") this.vault(this.vaults.split("\n"));
  }

  private mode(): void {
    const { context } = this.shell;
    const { texts } = context;
    new Setting(this.below)
      .setName(texts("settings.mode"))
      .setDesc(texts("settings.mode.about"))
      .addDropdown((list) => {
        list.addOptions({ automatic: texts("settings.mode.automatic"), manual: texts("settings.mode.manual") });
        list.setValue(context.settings().connection.mode).onChange((mode) => {
          keep(context, { connection: { mode: mode === "manual" ? "manual" : "automatic" } });
          this.draw();
          this.below.querySelector("select")?.focus();
        });
        list.selectEl.setAttr("aria-label", texts("settings.mode"));
      });
  }

  private folder(): void {
    const { context } = this.shell;
    const { texts } = context;
    new Setting(this.below)
      .setName(texts("settings.folder"))
      .setDesc(texts("settings.folder.about"))
      .addText((field) => {
        onFinished(field.setValue(context.settings().connection.folder), (folder) => keep(context, { connection: { folder } }));
        field.inputEl.setAttrs({ "aria-label": texts("settings.folder"), spellcheck: "false" });
      });
  }

  private manual(): void {
    this.url();
    this.key();
    if (this.goesElsewhereInPlain()) this.trust();
  }

  private url(): void {
    const { context } = this.shell;
    const { texts } = context;
    new Setting(this.below)
      .setName(texts("settings.url"))
      .setDesc(texts("settings.url.about"))
      .addText((field) => {
        onFinished(field.setValue(context.settings().connection.url), (url) => {
          keep(context, { connection: { url } });
          this.draw();
        });
        field.inputEl.setAttrs({ "aria-label": texts("settings.url"), inputmode: "url", autocapitalize: "off", spellcheck: "false" });
      });
  }

  private key(): void {
    const { context, secrets } = this.shell;
    const { texts } = context;
    const kept = secrets.key() !== null;
    const setting = new Setting(this.below).setName(texts("settings.key")).setDesc(texts("settings.key.about"));
    setting.addText((field) => {
      field.setPlaceholder(texts(kept ? "settings.key.kept" : "settings.key.none"));
      field.inputEl.setAttrs({ type: "password", "aria-label": texts("settings.key"), autocomplete: "off" });
      onFinished(field, (key) => {
        if (key !== "") this.keepKey(key);
      });
    });
    if (kept) setting.addExtraButton((button) => button.setIcon("trash-2").setTooltip(texts("settings.key.forget")).onClick(() => this.keepKey("")));
  }

  private keepKey(key: string): void {
    this.shell.secrets.keep(key);
    this.draw();
    this.shell.context.connection.start();
  }

  private goesElsewhereInPlain(): boolean {
    const { url, trustPlain } = this.shell.context.settings().connection;
    try {
      const base = baseUrl(url);
      return trustPlain || (!isThisMachine(base) && base.startsWith("http:"));
    } catch {
      return trustPlain;
    }
  }

  private trust(): void {
    const { context } = this.shell;
    const { texts } = context;
    const setting = new Setting(this.below).setName(texts("settings.trust")).setDesc(texts("settings.trust.about"));
    setting.settingEl.addClass("sidecar-warning");
    setting.addToggle((toggle) => {
      toggle.setValue(context.settings().connection.trustPlain).onChange((trustPlain) => keep(context, { connection: { trustPlain } }));
      toggle.toggleEl.setAttr("aria-label", texts("settings.trust"));
    });
  }

  private vault(names: readonly string[]): void {
    const { context } = this.shell;
    const { texts } = context;
    new Setting(this.below).setName(texts("details.vault")).addDropdown((list) => {
      list.addOption("", texts("settings.mode.automatic"));
      for (const name of names) list.addOption(name, name);
      list.setValue(context.settings().connection.vault).onChange((vault) => keep(context, { connection: { vault } }));
      list.selectEl.setAttr("aria-label", texts("details.vault"));
    });
  }
}
