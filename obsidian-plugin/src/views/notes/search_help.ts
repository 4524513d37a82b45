/** The line under the results: operators to type, keys, and the switch for how hits were found. */
import { Platform } from "obsidian";
import type { Key, Texts } from "../../core/texts/texts";

const OPERATORS: readonly (readonly [string, Key])[] = [
  ["#", "search.help.tag"],
  ["path:", "search.help.path"],
  ["file:", "search.help.file"],
  ["[", "search.help.property"],
  ["[[", "search.help.note"],
];

export interface Help {
  /** Write an operator into the field. */
  operator(written: string): void;
  reasons(shown: boolean): void;
}

export function drawHelp(into: HTMLElement, texts: Texts, help: Help): void {
  const operators = into.createDiv({ cls: "sidecar-search-operators" });
  for (const [written, key] of OPERATORS) {
    const button = operators.createEl("button", { attr: { type: "button" } });
    button.createEl("code", { text: written });
    button.appendText(` ${texts(key)}`);
    button.addEventListener("click", () => help.operator(written));
  }
  drawSwitch(operators, texts, help);
  if (!Platform.isMobile) into.createDiv({ cls: "sidecar-search-keys", text: texts("search.keys", { mod: Platform.isMacOS ? "⌘" : "Ctrl" }) });
}

function drawSwitch(into: HTMLElement, texts: Texts, help: Help): void {
  const button = into.createEl("button", { cls: "sidecar-search-why", text: texts("search.why"), attr: { type: "button", "aria-pressed": "false" } });
  button.addEventListener("click", () => {
    const shown = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(shown));
    help.reasons(shown);
  });
}
