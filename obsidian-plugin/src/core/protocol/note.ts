/** `GET /vault/notes/{path}`: a note as it was read. */
import { span } from "./search";
import { anything, dictionary, fields, flag, list, nullable, number, text, type Read } from "./shape";

const link = { heading: nullable(text), block: nullable(text), alias: nullable(text), embed: flag, line: number };

export const noteFacts = fields({
  path: text,
  kind: text,
  title: text,
  aliases: list(text),
  tags: list(text),
  properties: dictionary(anything),
  property_types: dictionary(text),
  date: nullable(text),
  date_source: nullable(text),
  local: nullable(text),
  dates: list(fields({ day: text, line: number })),
  tasks: list(fields({ state: text, text, line: number })),
  uri: text,
  chunks: list(fields({ heading_path: list(text), text, span })),
  links: list(fields({ target: text, path: nullable(text), ...link })),
  backlinks: list(fields({ path: text, ...link })),
});
/** A link's `path` is `null` where no note has its target's name. */
export type NoteFacts = Read<typeof noteFacts>;
