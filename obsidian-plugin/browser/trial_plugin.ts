/** A small plugin that uses what views use, so that the stand-in can be tried without ours. */
import { ItemView, Notice, Plugin, PluginSettingTab, Setting } from "obsidian";

class TrialView extends ItemView {
  getViewType(): string {
    return "trial";
  }
  getDisplayText(): string {
    return "Trial";
  }
  override async onOpen(): Promise<void> {
    this.contentEl.createEl("h4", { text: "Trial view" });
    const link = this.contentEl.createEl("a", { cls: "trial-link", text: "Boiler", href: "#" });
    this.registerDomEvent(link, "mouseover", (event) => this.app.workspace.trigger("hover-link", { event, source: "trial", hoverParent: this.leaf, targetEl: link, linktext: "Boiler", sourcePath: "" }));
  }
}

class TrialTab extends PluginSettingTab {
  constructor(private readonly trial: TrialPlugin) {
    super(trial.app, trial);
  }
  display(): void {
    new Setting(this.containerEl).setName("Count").addToggle((toggle) => toggle.setValue(false).onChange((on) => void this.trial.saveData({ on })));
  }
}

export default class TrialPlugin extends Plugin {
  override onload(): void {
    this.registerView("trial", (leaf) => new TrialView(leaf));
    this.registerHoverLinkSource("trial", { display: "Trial", defaultMod: false });
    this.addSettingTab(new TrialTab(this));
    this.addStatusBarItem().setText("Trial: ready");
    this.addRibbonIcon("search", "Trial", () => new Notice("Pressed"));
    this.addCommand({ id: "open", name: "Open the view", callback: () => void this.app.workspace.ensureSideLeaf("trial", "right", { reveal: true }) });
    this.addCommand({ id: "upper", name: "Shout", editorCallback: (editor) => editor.replaceSelection(editor.getSelection().toUpperCase()) });
    this.registerInterval(window.setInterval(() => undefined, 60_000));
  }
}
