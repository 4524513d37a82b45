/** `GET /v1/models`: what can be asked for. */
import { fields, list, text, type Read } from "./shape";

export const modelEntry = fields({ id: text, owned_by: text, name: text, type: text, capabilities: list(text) });
/** `type` is `llm` or `embeddings`. */
export type ModelEntry = Read<typeof modelEntry>;

export const modelList = fields({ data: list(modelEntry) });
