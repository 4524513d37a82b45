/** The settings of questions: which model, whether notes are looked into, and where kept conversations go. */
import { Setting, type DropdownComponent } from "obsidian";
import type { Context } from "../context";
import { keep, onFinished } from "./keeping";
import { oneOfNotes } from "./settings";

export function askSettings(parent: HTMLElement, context: Context): void {
  const { texts, settings } = context;
  new Setting(parent).setName(texts("settings.ask")).setHeading();
  new Setting(parent)
    .setName(texts("settings.model"))
    .setDesc(texts("settings.model.about"))
    .addDropdown((list) => void offerModels(list, context));
  notesSetting(parent, context, ["settings.notes", "settings.notes.about"], settings().ask.notes, (notes) => keep(context, { ask: { notes } }));
  new Setting(parent)
    .setName(texts("settings.conversations"))
    .setDesc(texts("settings.conversations.about"))
    .addText((field) => {
      onFinished(field.setValue(settings().ask.folder), (folder) => keep(context, { ask: { folder } }));
      field.inputEl.setAttr("aria-label", texts("settings.conversations"));
    });
  new Setting(parent)
    .setName(texts("settings.open_on_start"))
    .setDesc(texts("settings.open_on_start.about"))
    .addToggle((toggle) => {
      toggle.setValue(settings().ask.openOnStart).onChange((openOnStart) => keep(context, { ask: { openOnStart } }));
      toggle.toggleEl.setAttr("aria-label", texts("settings.open_on_start"));
    });
}

/** A list with the three modes of looking into notes. */
export function notesSetting(
  parent: HTMLElement,
  { texts }: Context,
  [name, about]: readonly ["settings.notes" | "settings.text_notes", "settings.notes.about" | "settings.text_notes.about"],
  value: string,
  chosen: (mode: ReturnType<typeof oneOfNotes>) => void,
): void {
  new Setting(parent)
    .setName(texts(name))
    .setDesc(texts(about))
    .addDropdown((list) => {
      list.addOptions({ auto: texts("settings.notes.auto"), always: texts("settings.notes.always"), never: texts("settings.notes.never") });
      list.setValue(value).onChange((mode) => chosen(oneOfNotes(mode)));
      list.selectEl.setAttr("aria-label", texts(name));
    });
}

async function offerModels(list: DropdownComponent, context: Context): Promise<void> {
  const { connection, settings, texts } = context;
  const chosen = settings().ask.model;
  list.addOption("", texts("settings.model.own"));
  // Also while there is no server to ask: a list that forgets a choice would lose it.
  if (chosen !== null) list.addOption(chosen, chosen);
  list.setValue(chosen ?? "").onChange((model) => keep(context, { ask: { model: model === "" ? null : model } }));
  list.selectEl.setAttr("aria-label", texts("settings.model"));
  try {
    for (const { id, type } of await connection.client().models()) if (type === "llm" && id !== chosen) list.addOption(id, id);
    list.setValue(settings().ask.model ?? "");
  } catch {
    // The line above says how the connection is.
  }
}
