/** `POST /vault/search` and `GET /vault/related`, as the server writes them. */
import { anything, dictionary, fields, flag, list, nullable, number, text, type Read } from "./shape";

export const span = fields({ start_line: number, end_line: number });

/** How a hit came by its score. */
export const score = {
  score: number,
  lexical: nullable(number),
  matched: list(text),
  similarity: nullable(number),
  vector_weight: nullable(number),
  mentioned: flag,
  lanes: list(fields({ lane: text, rank: nullable(number), detail: nullable(text) })),
};

const hit = {
  path: text,
  title: text,
  heading_path: list(text),
  text,
  score: number,
  span,
  uri: text,
  link: text,
  embeds: list(fields({ path: text, heading_path: list(text), text, span, link: text })),
  tags: list(text),
  properties: dictionary(anything),
  modified: number,
};

export const searchHit = fields(hit, { why: fields(score) });
/** `modified` is in seconds since 1970; `score` in [0, 1]; `link` is the wikilink's inside, `Note#Heading`. */
export type SearchHit = Read<typeof searchHit>;

export const searchAnswer = fields({ results: list(searchHit), took_ms: number });
export type SearchAnswer = Read<typeof searchAnswer>;

export const relatedNote = fields({ ...hit, why: fields(score), linked: flag, links_to: flag, linked_from: flag });
/** `linked` is either of the other two: the note links to it, or it to the note. */
export type RelatedNote = Read<typeof relatedNote>;

export const relatedAnswer = fields({ results: list(relatedNote), took_ms: number });
export type RelatedAnswer = Read<typeof relatedAnswer>;
