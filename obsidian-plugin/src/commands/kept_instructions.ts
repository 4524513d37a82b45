/** The instructions given lately, kept on this device: they may tell of what was written. */
import type { App } from "obsidian";
import { readHistory } from "../core/text_commands/instruction_history";

const KEY = "sidecar-instructions";

export function history(app: App): string[] {
  return readHistory(app.loadLocalStorage(KEY));
}

export function keepHistory(app: App, instructions: readonly string[]): void {
  app.saveLocalStorage(KEY, instructions);
}
