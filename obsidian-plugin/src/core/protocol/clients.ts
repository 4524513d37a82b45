/** `GET /console/clients`: the settings that other programs want. Where the key belongs stands `KEY_PLACE`. */
import { clientCall } from "./client_calls";
import { dictionary, fields, flag, list, nullable, text, type Read } from "./shape";

export const KEY_PLACE = "{{key}}";

const setting = fields({ label: text, value: text });

export const clientSettings = fields(
  { name: nullable(text), settings: list(setting), snippets: list(fields({ title: nullable(text), text }, { language: text, path: dictionary(text) })) },
  {
    id: text,
    kind: text,
    aliases: list(text),
    read_from: text,
    unsupported: nullable(text),
    starts_sidecar: flag,
    steps: list(text),
    quirks: list(text),
    models: list(text),
    plugin: nullable(text),
    calls: list(clientCall),
  },
);
/** The first has the `name` `null`: any client of OpenAI's API, with the labels `base_url`, `api_key`, `chat_model`, `embedding_model`. */
export type ClientSettings = Read<typeof clientSettings>;

export const clientList = fields({ clients: list(clientSettings) });
