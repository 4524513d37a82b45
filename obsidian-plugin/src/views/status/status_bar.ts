/** The item in the status bar: how the connection is, in a few words; a click or Enter opens the details. */
import { setTooltip } from "obsidian";
import type { Context } from "../../context";
import { statusLine } from "../../core/status";

export class StatusBar {
  private readonly words: HTMLElement;

  constructor(private readonly item: HTMLElement, private readonly context: Context, open: () => void) {
    item.addClasses(["sidecar-status-bar", "mod-clickable"]);
    item.setAttrs({ role: "button", tabindex: "0" });
    setTooltip(item, context.texts("details.open"), { placement: "top" });
    item.createSpan({ cls: "sidecar-tone", attr: { "aria-hidden": "true" } });
    this.words = item.createSpan();
    item.addEventListener("click", open);
    item.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      open();
    });
  }

  /** Show the state now and from here on; the result ends it. */
  follow(): () => void {
    this.show();
    return this.context.connection.listen(() => this.show());
  }

  private show(): void {
    const { key, values, tone } = statusLine(this.context.connection.state);
    this.item.dataset["tone"] = tone;
    const words = this.context.texts(key, values);
    this.words.setText(words);
    // The tooltip's text would otherwise be all that a screen reader says.
    this.item.setAttr("aria-label", words);
  }
}
