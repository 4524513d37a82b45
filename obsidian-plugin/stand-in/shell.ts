/** What stands around the plugin: ribbon, list of files, status bar, command palette, switches of theme and language. */
import type { App } from "./app";
import { TFile, TFolder } from "./files";
import { setIcon } from "./icons";
import { FuzzySuggestModal } from "./modal";
import type { Command } from "./plugin";
import { setTooltip } from "./tooltip";
import { ItemView } from "./views";
import type { WorkspaceLeaf } from "./leaf";

class Palette extends FuzzySuggestModal<Command> {
  constructor(app: App) {
    super(app);
    this.setPlaceholder("Select a command…");
  }
  getItems(): Command[] {
    return [...this.app._commands.values()].filter((command) => this.app._offers(command));
  }
  getItemText(command: Command): string {
    return command.name;
  }
  onChooseItem(command: Command): void {
    this.app._run(command);
  }
}

class FileList extends ItemView {
  override icon = "lucide-folder";
  constructor(leaf: WorkspaceLeaf) {
    super(leaf);
    for (const name of ["create", "delete", "rename"]) this.registerEvent(this.app.vault.on(name, () => this.draw()));
    this.registerEvent(this.app.workspace.on("file-open", () => this.draw()));
  }
  getViewType(): string {
    return "file-explorer";
  }
  getDisplayText(): string {
    return "Files";
  }
  override onOpen(): Promise<void> {
    this.draw();
    return Promise.resolve();
  }
  private draw(): void {
    this.contentEl.empty();
    this.folder(this.contentEl.createDiv({ cls: "nav-files-container" }), this.app.vault.getRoot());
  }
  private folder(el: HTMLElement, folder: TFolder): void {
    const sorted = [...folder.children].sort((a, b) => Number(b instanceof TFolder) - Number(a instanceof TFolder) || a.name.localeCompare(b.name));
    for (const child of sorted) {
      if (child instanceof TFolder) {
        const line = el.createDiv({ cls: "nav-folder" });
        line.createDiv({ cls: "nav-folder-title", text: child.name });
        this.folder(line.createDiv({ cls: "nav-folder-children" }), child);
      } else if (child instanceof TFile) this.file(el, child);
    }
  }
  private file(el: HTMLElement, file: TFile): void {
    const line = el.createEl("button", { cls: "nav-file-title", text: file.extension === "md" ? file.basename : file.name, attr: { "data-path": file.path } });
    line.toggleClass("is-active", file === this.app.workspace.getActiveFile());
    line.addEventListener("click", (event) => void this.app.workspace.openLinkText(file.path, "", event.ctrlKey ? "tab" : false));
    line.draggable = true;
  }
}

const LANGUAGES = ["en", "pt", "es", "it", "fr"];

/** Changed by opening the page anew, as Obsidian changes its language. */
function reopen(name: string, value: string): void {
  const url = new URL(window.location.href);
  url.searchParams.set(name, value);
  window.location.assign(url.toString());
}

function drawSwitches(el: HTMLElement, app: App): void {
  const choose = el.createEl("select", { cls: "dropdown", attr: { "aria-label": "Language of the app" } });
  for (const tag of LANGUAGES) choose.createEl("option", { value: tag, text: tag });
  choose.value = document.documentElement.lang;
  choose.addEventListener("change", () => reopen("language", choose.value));
  const theme = el.createEl("button", { text: "Light or dark" });
  theme.addEventListener("click", () => {
    const dark = app.isDarkMode();
    document.body.toggleClass("theme-dark", !dark);
    document.body.toggleClass("theme-light", dark);
    app.workspace.trigger("css-change");
  });
  const phone = document.body.hasClass("is-mobile");
  el.createEl("button", { text: phone ? "Desktop" : "Phone" }).addEventListener("click", () => reopen("mobile", phone ? "0" : "1"));
}

function ribbonButton(el: HTMLElement, icon: string, title: string, run: () => void): void {
  const button = el.createEl("button", { cls: "clickable-icon side-dock-ribbon-action" });
  setIcon(button, icon);
  setTooltip(button, title);
  button.addEventListener("click", run);
}

export function drawShell(app: App): void {
  const { workspace } = app;
  const all = document.body.createDiv({ cls: "app-container" });
  const bar = all.createDiv({ cls: "titlebar" });
  bar.createSpan({ cls: "titlebar-text", text: `${app.vault.getName()} – stand-in for Obsidian` });
  drawSwitches(bar.createDiv({ cls: "titlebar-switches" }), app);
  const middle = all.createDiv({ cls: "horizontal-main-container" });
  middle.appendChild(workspace.containerEl);
  const ribbon = workspace.containerEl.createDiv({ cls: "workspace-ribbon mod-left" });
  ribbon.appendChild(app._ribbonEl);
  const palette = (): void => new Palette(app).open();
  ribbonButton(ribbon, "search", "Open command palette", palette);
  ribbonButton(ribbon, "chevron-right", "Expand or collapse the right sidebar", () => workspace.rightSplit.toggle());
  ribbonButton(ribbon, "settings", "Settings", () => app.setting.open());
  workspace.containerEl.append(workspace.leftSplit.containerEl, workspace.rootSplit.containerEl, workspace.rightSplit.containerEl);
  all.appendChild(app._statusBarEl);
  app.scope.register(["Mod"], "p", () => {
    palette();
    return false;
  });
  app.scope.register(["Mod"], ",", () => {
    app.setting.open();
    return false;
  });
  workspace._makers.set("file-explorer", (leaf) => new FileList(leaf));
  void workspace.leftSplit._add().setViewState({ type: "file-explorer" });
  if (document.body.hasClass("is-mobile")) workspace.leftSplit.collapse();
  listenToHotkeys(app);
}

function listenToHotkeys(app: App): void {
  app.scope.register(null, null, (event) => {
    for (const command of app._commands.values()) {
      for (const { modifiers, key } of command.hotkeys ?? []) {
        const held = modifiers.every((name) => (name === "Mod" ? event.ctrlKey || event.metaKey : event.getModifierState(name === "Ctrl" ? "Control" : name)));
        if (!held || event.key.toLowerCase() !== key.toLowerCase()) continue;
        event.preventDefault();
        app._run(command);
      }
    }
  });
}
