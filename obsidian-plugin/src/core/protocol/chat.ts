/** The chunks of a streamed `POST /v1/chat/completions`, and what goes there. */
import { fields, flag, list, nullable, number, text, type Read } from "./shape";

export const citation = fields({
  path: text,
  title: text,
  heading_path: list(text),
  start_line: number,
  end_line: number,
  start_column: number,
  quote: text,
  score: number,
  uri: text,
  link: text,
});
/** A passage that the answer cites: it stands in the text as `[[link]]`. Lines count from 1, columns from 0. */
export type Citation = Read<typeof citation>;

export const annotation = fields({
  type: text,
  url_citation: fields({ start_index: number, end_index: number, url: text, title: text }),
});
/** Where a citation stands in the text, in code points. */
export type Annotation = Read<typeof annotation>;

const vaultPart = fields({ sources: list(citation) }, { withheld: number, trimmed: number, still_reading: flag });

const delta = fields({}, { content: nullable(text), reasoning_content: nullable(text), annotations: list(annotation) });

export const chatChunk = fields(
  { choices: list(fields({ delta, finish_reason: nullable(text) })) },
  { id: text, model: text, vault: vaultPart },
);
export type ChatChunk = Read<typeof chatChunk>;

export const errorBody = fields({ error: fields({ message: text }, { type: nullable(text), code: nullable(text), param: nullable(text) }) });

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/**
 * What is asked. `notes` says when notes are looked up: `auto` when something fits, `always`, `never`. `vault.question` is
 * what they are searched for, where the last message says more; at most 10,000 characters.
 */
export interface AskRequest {
  readonly model?: string;
  readonly messages: readonly ChatMessage[];
  readonly notes?: "auto" | "always" | "never";
  readonly temperature?: number;
  readonly max_tokens?: number;
  readonly vault?: { readonly limit?: number; readonly filters?: Readonly<Record<string, unknown>>; readonly name?: string; readonly question?: string };
}

export interface LeftOut {
  /** Notes that stay on the server's machine, and were not given to a model elsewhere. */
  readonly withheld: number;
  /** Passages that had no room. */
  readonly trimmed: number;
  /** Whether notes could not be found, as they have not been read yet. */
  readonly stillReading: boolean;
}

/** What comes of it, in this order: text and reasoning in pieces, the sources where notes were asked, the end. */
export type AskEvent =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "reasoning"; readonly text: string }
  | { readonly kind: "sources"; readonly citations: readonly Citation[]; readonly leftOut: LeftOut }
  | { readonly kind: "end"; readonly reason: string; readonly model?: string };
