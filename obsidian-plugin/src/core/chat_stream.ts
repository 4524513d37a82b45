/** A streamed answer out of its events. */
import { Problem } from "./problem";
import { chatChunk, type AskEvent, type ChatChunk } from "./protocol/chat";
import { streamedRefusal } from "./refusal";
import { serverEvents } from "./sse";

const DONE = "[DONE]";

/** Throws Problem: `cut` when it ends before its end, `failed` or `busy` when the server says so midway. */
export async function* askEvents(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<AskEvent> {
  let end: AskEvent | null = null;
  for await (const event of serverEvents(pieces)) {
    if (event.data === DONE) break;
    const chunk = chunkIn(event.data);
    yield* eventsIn(chunk);
    const reason = chunk.choices[0]?.finish_reason ?? null;
    if (reason !== null) end = { kind: "end", reason, ...(chunk.model === undefined ? {} : { model: chunk.model }) };
  }
  // What says why it has finished is whole, whether `[DONE]` came through or not.
  if (end === null) throw new Problem("cut");
  yield end;
}

function* eventsIn(chunk: ChatChunk): Generator<AskEvent> {
  const delta = chunk.choices[0]?.delta;
  if (delta?.reasoning_content) yield { kind: "reasoning", text: delta.reasoning_content };
  if (delta?.content) yield { kind: "text", text: delta.content };
  if (chunk.vault !== undefined) {
    const { sources, withheld, trimmed, still_reading } = chunk.vault;
    yield { kind: "sources", citations: sources, leftOut: { withheld: withheld ?? 0, trimmed: trimmed ?? 0, stillReading: still_reading ?? false } };
  }
}

function chunkIn(data: string): ChatChunk {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw new Problem("shape", "", { code: "no_json" });
  }
  if (typeof value === "object" && value !== null && "error" in value) throw streamedRefusal(value);
  return chatChunk(value, "chunk");
}
