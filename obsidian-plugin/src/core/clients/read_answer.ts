/** What other programs make of an answer: each reader assumes what its programs assume, and says briefly what it got. */
import { outputText, responsesStream, stream, streamBuffered, streamByRead, streamSplit, wholeText, type Pieces, type Response } from "./streams";
import { said, Unreadable, type Got } from "./unreadable";

type Reader = (pieces: Pieces, model: string | null) => Got;

const MOST_NUMBERS = 100_000;

/** Read an answer as a program does. `model` is the one that a list has to hold. Throws Unreadable alone. */
export function readAnswer(how: string, pieces: Pieces, model: string | null): Got {
  const reader = Object.hasOwn(READERS, how) ? READERS[how] : undefined;
  if (reader === undefined) throw new Unreadable("odd");
  try {
    return reader(pieces, model);
  } catch (error) {
    // Whatever the program would stumble over: JSON that is none, a field that is not there.
    throw error instanceof Unreadable ? error : new Unreadable("odd");
  }
}

function whole(pieces: Pieces): unknown {
  return JSON.parse(wholeText(pieces));
}

function listed(names: readonly string[], model: string | null): Got {
  if (names.length === 0) throw new Unreadable("no_models");
  if (model !== null && !names.includes(model)) throw new Unreadable("no_model", { model });
  return { kind: "models", count: names.length };
}

function models(pieces: Pieces, model: string | null): Got {
  return listed((whole(pieces) as { data: { id: string }[] }).data.map((entry) => entry.id), model);
}

function lmModels(pieces: Pieces, model: string | null): Got {
  const body = whole(pieces) as { object: string; data: { id: string; type: string }[] };
  if (body.object !== "list") throw new Unreadable("other_list");
  return listed(body.data.filter((entry) => entry.type === "embeddings").map((entry) => entry.id), model);
}

function tags(pieces: Pieces, model: string | null): Got {
  return listed((whole(pieces) as { models: { name: string }[] }).models.map((entry) => entry.name), model);
}

function shown(pieces: Pieces): Got {
  return { kind: "abilities", names: (whole(pieces) as { capabilities: string[] }).capabilities.map(String).join(", ") };
}

function chat(pieces: Pieces): Got {
  return said((whole(pieces) as { choices: { message: { content: string } }[] }).choices[0]!.message.content);
}

function clipper(pieces: Pieces): Got {
  const choice = (whole(pieces) as { choices: { finish_reason: string; message: { content: string } }[] }).choices[0]!;
  if (choice.finish_reason === "length") throw new Unreadable("too_short");
  const answers = jsonOf(choice.message.content)?.prompts_responses;
  if (typeof answers !== "object" || answers === null) throw new Unreadable("no_json");
  return { kind: "answers", count: Object.keys(answers).length };
}

function jsonOf(text: string): { prompts_responses?: unknown } | null {
  try {
    return JSON.parse(text) as { prompts_responses?: unknown } | null;
  } catch {
    return null;
  }
}

function responses(pieces: Pieces): Got {
  return said(outputText(whole(pieces) as Response));
}

function ollamaChat(pieces: Pieces): Got {
  const lines = wholeText(pieces).split("\n").filter((line) => line !== "");
  const parts = lines.map((line) => JSON.parse(line) as { done: boolean; message: { content: string } });
  const end = parts.findIndex((part) => part.done);
  if (end < 0) throw new Unreadable("odd");
  if (end !== parts.length - 1) throw new Unreadable("goes_on");
  return said(parts.map((part) => part.message.content).join(""), pieces.length);
}

function vectors(pieces: Pieces): Got {
  return sized((whole(pieces) as { data: { embedding: unknown }[] }).data.map((entry) => entry.embedding));
}

function ollamaVectors(pieces: Pieces): Got {
  return sized((whole(pieces) as { embeddings: unknown[] }).embeddings.map((vector) => vector));
}

function vectorsBase64(pieces: Pieces): Got {
  return sized((whole(pieces) as { data: { embedding: unknown }[] }).data.map((entry) => floats(entry.embedding)));
}

function floats(packed: unknown): number[] {
  if (typeof packed !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) throw new Unreadable("base64");
  const bytes = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
  return [...new Float32Array(bytes.buffer)];
}

function sized(found: readonly unknown[]): Got {
  if (!found.every((vector) => Array.isArray(vector))) throw new Unreadable("vectors");
  const lengths = new Set(found.map((vector) => (vector as unknown[]).length));
  const [numbers = 0] = lengths;
  if (lengths.size !== 1 || numbers < 2 || numbers >= MOST_NUMBERS) throw new Unreadable("vectors");
  return { kind: "vectors", count: found.length, numbers };
}

const READERS: Readonly<Record<string, Reader>> = {
  models,
  lm_models: lmModels,
  tags,
  shown,
  chat,
  clipper,
  stream,
  stream_buffered: streamBuffered,
  stream_by_read: streamByRead,
  stream_split: streamSplit,
  responses,
  responses_stream: responsesStream,
  vectors,
  vectors_base64: vectorsBase64,
  ollama_vectors: ollamaVectors,
  ollama_chat: ollamaChat,
};
