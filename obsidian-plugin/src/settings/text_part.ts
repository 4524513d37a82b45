/** The settings of commands on text: whether a change is shown first, notes, the language of translations, one's own prompts. */
import type { Context } from "../context";
import { keep, notesChoice, textField, toggle } from "./controls";
import type { Part } from "./rows";

export function textPart(context: Context): Part {
  const { texts, settings } = context;
  return {
    heading: texts("settings.text"),
    rows: [
      { name: texts("settings.confirm"), desc: texts("settings.confirm.about"), render: (setting) => toggle(setting, settings().text.confirm, (confirm) => keep(context, { text: { confirm } })) },
      {
        name: texts("settings.text_notes"),
        desc: texts("settings.text_notes.about"),
        render: (setting) => notesChoice(setting, context, settings().text.notes, (notes) => keep(context, { text: { notes } })),
      },
      {
        name: texts("settings.translate"),
        desc: texts("settings.translate.about"),
        render: (setting) => textField(setting, settings().text.translateTo, (translateTo) => keep(context, { text: { translateTo } })),
      },
      {
        name: texts("settings.prompts"),
        desc: texts("settings.prompts.about"),
        render: (setting) => textField(setting, settings().prompts.folder, (folder) => keep(context, { prompts: { folder } })),
      },
    ],
  };
}
