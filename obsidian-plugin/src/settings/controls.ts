/** The controls of a row, each with the row's name for screen readers. */
import { Notice, type Setting, type TextComponent } from "obsidian";
import type { Context } from "../context";
import { oneOfNotes, type NotesMode, type SettingsChange } from "./settings";

/** Keep a change, and say so when it could not be kept. */
export function keep({ saveSettings, texts }: Context, change: SettingsChange): void {
  saveSettings(change).catch((error: unknown) => new Notice(texts("settings.not_kept", { reason: error instanceof Error ? error.message : "" })));
}

/** A text that is heard of once it is finished, by Enter or by leaving the field: half an address is none to connect to. */
export function textField(setting: Setting, value: string, finished: (text: string) => void, more: (field: TextComponent) => void = () => undefined): void {
  setting.settingEl.addClass("sidecar-wide");
  setting.addText((field) => {
    field.setValue(value);
    field.inputEl.setAttrs({ "aria-label": setting.nameEl.textContent ?? "", spellcheck: "false" });
    field.inputEl.addEventListener("change", () => finished(field.getValue().trim()));
    more(field);
  });
}

export function toggle(setting: Setting, value: boolean, changed: (on: boolean) => void): void {
  setting.addToggle((control) => {
    control.setValue(value).onChange(changed);
    control.toggleEl.querySelector("input")?.setAttr("aria-label", setting.nameEl.textContent ?? "");
  });
}

export function choice(setting: Setting, options: Readonly<Record<string, string>>, value: string, chosen: (value: string) => void): HTMLSelectElement {
  let select: HTMLSelectElement | null = null;
  setting.addDropdown((list) => {
    list.addOptions({ ...options }).setValue(value).onChange(chosen);
    list.selectEl.setAttr("aria-label", setting.nameEl.textContent ?? "");
    select = list.selectEl;
  });
  return select ?? createEl("select");
}

export function notesChoice(setting: Setting, { texts }: Context, value: NotesMode, chosen: (mode: NotesMode) => void): void {
  const modes = { auto: texts("settings.notes.auto"), always: texts("settings.notes.always"), never: texts("settings.notes.never") };
  choice(setting, modes, value, (mode) => chosen(oneOfNotes(mode)));
}

export function slider(setting: Setting, [least, most, step]: readonly [number, number, number], value: number, changed: (value: number) => void): void {
  setting.addSlider((control) => {
    control.setLimits(least, most, step).setValue(value).setDynamicTooltip().onChange(changed);
    control.sliderEl.setAttr("aria-label", setting.nameEl.textContent ?? "");
  });
}
