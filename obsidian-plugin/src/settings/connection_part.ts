/** The settings of the connection: how it is, where the server is, the key, and which vault this is. */
import type { Setting } from "obsidian";
import { baseUrl, isThisMachine } from "../core/web_address";
import type { Shell } from "../shell";
import { ProgramsModal } from "../views/programs/programs_modal";
import { choice, keep, textField, toggle } from "./controls";
import { ServerRow } from "./server_row";
import type { Part, Row } from "./rows";
import { USUAL_URL } from "./settings";

export function connectionPart(shell: Shell, redraw: () => void): Part {
  const { texts } = shell.context;
  const part = new ConnectionPart(shell, redraw);
  const server: Row = { name: texts("settings.state"), desc: "", render: (setting) => new ServerRow(setting, shell).follow(redraw) };
  return { heading: texts("settings.connection"), rows: [server, part.mode(), part.folder(), part.url(), part.key(), part.trust(), part.vault(), part.programs()] };
}

class ConnectionPart {
  constructor(private readonly shell: Shell, private readonly redraw: () => void) {}

  mode(): Row {
    const { context, place } = this.shell;
    const { texts } = context;
    const change = (mode: string): void => {
      keep(context, { connection: { mode: mode === "manual" ? "manual" : "automatic" } });
      this.redraw();
    };
    const modes = { automatic: texts("settings.mode.automatic"), manual: texts("settings.mode.manual") };
    return {
      name: texts("settings.mode"),
      desc: texts(place.canBeAutomatic ? "settings.mode.about" : "settings.mode.mobile"),
      render: (setting) => {
        if (place.canBeAutomatic) choice(setting, modes, context.settings().connection.mode, change);
      },
    };
  }

  folder(): Row {
    const { context, folder } = this.shell;
    const change = (named: string): void => {
      folder.keep(named);
      context.connection.start();
    };
    return {
      name: context.texts("settings.folder"),
      desc: context.texts("settings.folder.about"),
      visible: () => this.isAutomatic(),
      render: (setting) => textField(setting, folder.value, change),
    };
  }

  url(): Row {
    const { context, place } = this.shell;
    const change = (url: string): void => {
      this.shell.key.typed(url);
      keep(context, { connection: { url } });
      this.redraw();
    };
    return {
      name: context.texts("settings.url"),
      desc: context.texts(place.canBeAutomatic ? "settings.url.about" : "settings.url.elsewhere"),
      visible: () => !this.isAutomatic(),
      render: (setting) =>
        textField(setting, this.shownUrl(), change, (field) => {
          field.setPlaceholder(place.canBeAutomatic ? USUAL_URL : "https://…");
          field.inputEl.setAttrs({ inputmode: "url", autocapitalize: "off" });
        }),
    };
  }

  /** On a phone the usual address is the phone's own, where no server is: the field is empty until there is another. */
  private shownUrl(): string {
    const { url } = this.shell.context.settings().connection;
    return url === USUAL_URL && !this.shell.place.canBeAutomatic ? "" : url;
  }

  key(): Row {
    const { context, place } = this.shell;
    const desc = context.texts(place.canBeAutomatic ? "settings.key.about" : "settings.key.elsewhere");
    return { name: context.texts("settings.key"), desc, visible: () => !this.isAutomatic(), render: (setting) => this.renderKey(setting) };
  }

  /** What is kept is not shown again: the field is for a new one. */
  private renderKey(setting: Setting): void {
    const { context, key } = this.shell;
    const { texts } = context;
    // The address as it stands beside the field: a sync may bring another one while somebody types.
    const { url } = context.settings().connection;
    const kept = key.forAddress(url) !== null;
    const change = (typed: string): void => {
      if (typed !== "") this.keepKey(typed, url);
    };
    textField(setting, "", change, (field) => {
      field.setPlaceholder(texts(kept ? "settings.key.kept" : "settings.key.none"));
      field.inputEl.setAttrs({ type: "password", autocomplete: "off" });
    });
    if (kept) setting.addExtraButton((button) => button.setIcon("trash-2").setTooltip(texts("settings.key.forget")).onClick(() => this.keepKey("", url)));
  }

  private keepKey(typed: string, url: string): void {
    const { context, key } = this.shell;
    key.keep(typed, url);
    this.redraw();
    context.connection.start();
  }

  trust(): Row {
    const { context } = this.shell;
    const { texts, settings } = context;
    return {
      name: texts("settings.trust"),
      desc: texts("settings.trust.about"),
      visible: () => !this.isAutomatic() && (settings().connection.trustPlain || goesElsewhereInPlain(settings().connection.url)),
      render: (setting) => {
        setting.settingEl.addClass("sidecar-warning");
        toggle(setting, settings().connection.trustPlain, (trustPlain) => keep(context, { connection: { trustPlain } }));
      },
    };
  }

  /** Only where the server's vaults and the one that is open here did not come together by themselves. */
  vault(): Row {
    const { context } = this.shell;
    const { connection, settings, texts } = context;
    return {
      name: texts("details.vault"),
      desc: texts("settings.vault.about"),
      visible: () => settings().connection.vault !== "" || (connection.state.kind === "online" && connection.state.vault === null),
      render: (setting) => {
        const { vault } = settings().connection;
        const names = connection.state.kind === "online" ? connection.state.status.vaults.map((each) => each.name) : [];
        const options = Object.fromEntries([...new Set([vault, ...names])].filter((name) => name !== "").map((name) => [name, name]));
        choice(setting, { "": texts("settings.mode.automatic"), ...options }, vault, (chosen) => keep(context, { connection: { vault: chosen } }));
      },
    };
  }

  programs(): Row {
    const { texts } = this.shell.context;
    return {
      name: texts("settings.programs"),
      desc: texts("settings.programs.about"),
      render: (setting) => void setting.addButton((button) => button.setButtonText(texts("settings.programs.open")).onClick(() => new ProgramsModal(this.shell).open())),
    };
  }

  private isAutomatic(): boolean {
    return this.shell.place.canBeAutomatic && this.shell.context.settings().connection.mode === "automatic";
  }
}

function goesElsewhereInPlain(typed: string): boolean {
  try {
    const url = baseUrl(typed);
    return url.startsWith("http:") && !isThisMachine(url);
  } catch {
    return false;
  }
}
