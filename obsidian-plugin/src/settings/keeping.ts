/** Keeps a change of the settings from a window, and says so when it could not be kept. */
import { Notice, type TextComponent } from "obsidian";
import type { Context } from "../context";
import type { SettingsChange } from "./settings";

export function keep({ saveSettings, texts }: Context, change: SettingsChange): void {
  saveSettings(change).catch((error: unknown) => new Notice(texts("settings.not_kept", { reason: error instanceof Error ? error.message : "" })));
}

/** Hear of a text once it is finished, by Enter or by leaving the field: half an address is none to connect to. */
export function onFinished(field: TextComponent, finished: (text: string) => void): TextComponent {
  field.inputEl.addEventListener("change", () => finished(field.getValue().trim()));
  return field;
}
