/** The settings of commands on text: whether a change is shown first, notes, the language of translations, one's own prompts. */
import { Setting } from "obsidian";
import type { Context } from "../context";
import { notesSetting } from "./ask_section";
import { keep, onFinished } from "./keeping";

export function textSettings(parent: HTMLElement, context: Context): void {
  const { texts, settings } = context;
  new Setting(parent).setName(texts("settings.text")).setHeading();
  new Setting(parent)
    .setName(texts("settings.confirm"))
    .setDesc(texts("settings.confirm.about"))
    .addToggle((toggle) => {
      toggle.setValue(settings().text.confirm).onChange((confirm) => keep(context, { text: { confirm } }));
      toggle.toggleEl.setAttr("aria-label", texts("settings.confirm"));
    });
  notesSetting(parent, context, ["settings.text_notes", "settings.text_notes.about"], settings().text.notes, (notes) => keep(context, { text: { notes } }));
  new Setting(parent)
    .setName(texts("settings.translate"))
    .setDesc(texts("settings.translate.about"))
    .addText((field) => {
      onFinished(field.setValue(settings().text.translateTo), (translateTo) => keep(context, { text: { translateTo } }));
      field.inputEl.setAttr("aria-label", texts("settings.translate"));
    });
  new Setting(parent)
    .setName(texts("settings.prompts"))
    .setDesc(texts("settings.prompts.about"))
    .addText((field) => {
      onFinished(field.setValue(settings().prompts.folder), (folder) => keep(context, { prompts: { folder } }));
      field.inputEl.setAttr("aria-label", texts("settings.prompts"));
    });
}
