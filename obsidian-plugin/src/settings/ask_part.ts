/** The settings of questions: which model, whether notes are looked into, and where kept conversations go. */
import type { Context } from "../context";
import { clientNow } from "../views/client_now";
import { choice, keep, notesChoice, textField, toggle } from "./controls";
import type { Part } from "./rows";

export function askPart(context: Context): Part {
  const { texts, settings } = context;
  return {
    heading: texts("settings.ask"),
    rows: [
      {
        name: texts("settings.model"),
        desc: texts("settings.model.about"),
        render: (setting) => {
          const chosen = settings().ask.model;
          const options = { "": texts("settings.model.own"), ...(chosen === null ? {} : { [chosen]: chosen }) };
          void offerModels(choice(setting, options, chosen ?? "", (model) => keep(context, { ask: { model: model === "" ? null : model } })), context);
        },
      },
      { name: texts("settings.notes"), desc: texts("settings.notes.about"), render: (setting) => notesChoice(setting, context, settings().ask.notes, (notes) => keep(context, { ask: { notes } })) },
      {
        name: texts("settings.conversations"),
        desc: texts("settings.conversations.about"),
        render: (setting) => textField(setting, settings().ask.folder, (folder) => keep(context, { ask: { folder } })),
      },
      {
        name: texts("settings.open_on_start"),
        desc: texts("settings.open_on_start.about"),
        render: (setting) => toggle(setting, settings().ask.openOnStart, (openOnStart) => keep(context, { ask: { openOnStart } })),
      },
    ],
  };
}

/** Add what the server has. While there is no server to ask, the choice that was made is still there. */
async function offerModels(list: HTMLSelectElement, { connection }: Context): Promise<void> {
  try {
    const known = [...list.options].map((option) => option.value);
    const client = await clientNow(connection);
    for (const { id, type } of await client.models()) if (type === "llm" && !known.includes(id)) list.createEl("option", { value: id, text: id });
  } catch {
    // The row of the server says how the connection is.
  }
}
