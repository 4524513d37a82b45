/** The plugin's tab of Obsidian's settings: its parts, in the order in which somebody needs them. */
import { PluginSettingTab } from "obsidian";
import type { Shell } from "../shell";
import { askPart } from "./ask_part";
import { connectionPart } from "./connection_part";
import { relatedPart } from "./related_part";
import { definitionsOf, drawParts, type Part } from "./rows";
import { textPart } from "./text_part";

export class SidecarSettingTab extends PluginSettingTab {
  private end: () => void = () => undefined;

  constructor(private readonly shell: Shell) {
    super(shell.context.app, shell.plugin);
    // For the window of settings of 1.13, which draws the rows itself.
    this.containerEl.addClass("sidecar-settings");
  }

  /** Obsidian 1.13 and later asks for these and leaves `display` alone. */
  getSettingDefinitions(): readonly object[] {
    return definitionsOf(this.parts());
  }

  override display(): void {
    this.end();
    this.containerEl.empty();
    this.end = drawParts(this.containerEl, this.parts());
  }

  override hide(): void {
    this.end();
    this.end = () => undefined;
    super.hide();
  }

  private parts(): readonly Part[] {
    const { context } = this.shell;
    return [connectionPart(this.shell, () => this.redraw()), askPart(context), relatedPart(context), textPart(context)];
  }

  /** Draw anew what depends on other settings, and leave the keyboard where it was. */
  private redraw(): void {
    const name = this.containerEl.doc.activeElement?.getAttribute("aria-label");
    // What Obsidian has from 1.13 on, and 1.11's types have not.
    if ("update" in this && typeof this.update === "function") (this.update as () => void)();
    else this.display();
    const again = [...this.containerEl.querySelectorAll<HTMLElement>("[aria-label]")].find((each) => each.getAttribute("aria-label") === name);
    again?.focus();
  }
}
