import { describe, expect, test } from "vitest";
import { askEvents } from "../src/core/chat_stream";
import { Client } from "../src/core/client";
import { Problem } from "../src/core/problem";
import { proves } from "../src/core/proof";
import { chatChunk, type AskEvent, type ChatMessage } from "../src/core/protocol/chat";
import { clientList } from "../src/core/protocol/clients";
import { modelList } from "../src/core/protocol/models";
import { noteFacts } from "../src/core/protocol/note";
import { relatedAnswer, searchAnswer } from "../src/core/protocol/search";
import type { Reader } from "../src/core/protocol/shape";
import { health, statusAnswer, syncAnswer } from "../src/core/protocol/status";
import { whyAnswer } from "../src/core/protocol/why";
import { refusal } from "../src/core/refusal";
import { Sender } from "../src/core/sender";
import type { Transport } from "../src/core/transport";
import { contract } from "./contracts";

/** Places of a value that a reader leaves out. */
function leftOut(value: unknown, read: unknown, at = ""): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((each, index) => leftOut(each, (read as unknown[] | undefined)?.[index], `${at}[]`)))];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => {
    const kept = (read as Record<string, unknown> | undefined)?.[key];
    return kept === undefined ? [`${at}.${key}`] : leftOut(each, kept, `${at}.${key}`);
  });
}

// What the server says and the plugin does not read. A key that is renamed stands here at once.
const CASES: [string, Reader<unknown>, string[]][] = [
  ["healthz", health, []],
  ["status", statusAnswer, [".upstreams", ".offline_lock"]],
  ["status_lists", statusAnswer, [".upstreams", ".offline_lock"]],
  ["search", searchAnswer, []],
  ["search_explained", searchAnswer, []],
  ["related", relatedAnswer, []],
  ["why_indexed", whyAnswer, []],
  ["why_excluded", whyAnswer, []],
  ["why_problem", whyAnswer, []],
  ["why_unknown", whyAnswer, []],
  ["why_found", whyAnswer, []],
  ["why_outranked", whyAnswer, []],
  ["note", noteFacts, []],
  ["sync", syncAnswer, "files indexed excluded failed local chunks chunks_without_vector embedding links excluded_by_rule problems_by_code phase paused slowed rebuilding problems kind".split(" ").map((key) => `.vaults[].${key}`)],
  ["models", modelList, [".object", ".data[].object", ".data[].created"]],
  ["clients", clientList, []],
];

test.each(CASES)("the recorded answer %s is read, and what is left out is known", (name, reader, unread) => {
  const { body } = contract(name);
  const found = leftOut(body, reader(body, name));
  expect([...found].sort()).toEqual([...unread].sort());
});

/** Notes each key that a reader asks for, and whether it is there. */
function watched(value: unknown, at: string, seen: Map<string, boolean>): unknown {
  if (typeof value !== "object" || value === null) return value;
  return new Proxy(value, {
    get(target, key) {
      const found: unknown = Reflect.get(target, key);
      if (typeof key !== "string" || (Array.isArray(target) && !/^\d+$/.test(key))) return found;
      const place = Array.isArray(target) ? `${at}[]` : `${at}.${key}`;
      seen.set(place, (seen.get(place) ?? false) || found !== undefined);
      return watched(found, place, seen);
    },
  });
}

test("no reader has a key of its own: each stands in some example", () => {
  const seen = new Map<string, boolean>();
  for (const [name, reader] of CASES) reader(watched(contract(name).body, name.replace(/_.*/, ""), seen), name);
  for (const name of ["chat_cited", "chat_reasoning"]) {
    const { events } = contract<{ events: unknown[] }>(name);
    for (const event of events) if (event !== "[DONE]") chatChunk(watched(event, "chunk", seen), "chunk");
  }
  const nowhere = [...seen].flatMap(([place, there]) => (there ? [] : [place]));
  // These stand in an answer only when there is something to tell; `test_contract.py` holds the server to their names.
  expect(nowhere.sort()).toEqual(["chunk.vault.still_reading", "chunk.vault.trimmed", "chunk.vault.withheld"]);
});

test("what was asked for is there", () => {
  const lists = statusAnswer(contract("status_lists").body, "status").vaults[0];
  expect(lists?.excluded_files?.length).toBeGreaterThan(0);
  expect(lists?.failed_files).toBeDefined();
  expect(lists?.problem_notes?.[0]?.problems[0]?.code).toEqual(expect.any(String));
  expect(searchAnswer(contract("search").body, "").results[0]?.why).toBeUndefined();
  expect(searchAnswer(contract("search_explained").body, "").results[0]?.why?.lanes.length).toBeGreaterThan(0);
  expect(whyAnswer(contract("why_outranked").body, "").query?.reasons?.[0]?.code).toBe("no_words");
  expect(whyAnswer(contract("why_excluded").body, "")).toMatchObject({ status: "excluded", reason: "private: true" });
});

test("the recorded proof proves, for that key, that nonce and that port alone", async () => {
  const { body, key, nonce, port } = contract<{ body: unknown; key: string; nonce: string; port: number }>("healthz");
  const { proof } = health(body, "healthz");
  expect(await proves(proof, key, nonce, port, crypto)).toBe(true);
  expect(await proves(proof, `${key}x`, nonce, port, crypto)).toBe(false);
  expect(await proves(proof, key, `${nonce}x`, port, crypto)).toBe(false);
  expect(await proves(proof, key, nonce, port + 1, crypto)).toBe(false);
});

describe("streamed answers", () => {
  test("what the plugin does not read of a chunk is known", () => {
    const { events } = contract<{ events: unknown[] }>("chat_cited");
    const chunks = events.filter((event) => event !== "[DONE]");
    const unread = new Set(chunks.flatMap((chunk) => leftOut(chunk, chatChunk(chunk, "chunk"))));
    const head = [".object", ".created", ".service_tier", ".system_fingerprint"];
    expect([...unread].sort()).toEqual([...head, ".choices[].index", ".choices[].logprobs", ".choices[].delta.role"].sort());
  });

  test("a cited answer gives text, its sources and its end", async () => {
    const { events } = await recorded("chat_cited");
    const text = events.flatMap((event) => (event.kind === "text" ? [event.text] : [])).join("");
    const sources = events.find((event) => event.kind === "sources");
    expect(text).toContain("386.40 euros");
    expect(sources?.citations.map(({ path, link }) => [path, link])).toContainEqual(["House/Boiler.md", "Boiler#Repair in November"]);
    for (const { link } of sources?.citations ?? []) expect(text).toContain(`[[${link}]]`);
    expect(sources?.leftOut).toEqual({ withheld: 0, trimmed: 0, stillReading: false });
    expect(events.at(-1)).toEqual({ kind: "end", reason: "stop", model: "vault" });
  });

  test("reasoning is told apart from text", async () => {
    const { events } = await recorded("chat_reasoning");
    expect(events).toEqual([
      { kind: "reasoning", text: "Let me think." },
      { kind: "text", text: "As you wish." },
      { kind: "end", reason: "stop", model: "writer/obedient" },
    ]);
  });

  test("an answer that breaks off midway is told with the server's words", async () => {
    const { events, problem } = await recorded("chat_broken");
    expect(events.at(-1)).toEqual({ kind: "text", text: "As you wish." });
    expect(problem).toMatchObject({ kind: "failed", code: "upstream_error", message: expect.stringContaining("stopped in the middle") as string });
  });
});

test("a question is sent as it is recorded, key by key", async () => {
  const { body } = contract<{ request: { body: { messages: ChatMessage[]; vault: { question: string } } } }>("chat_cited").request;
  const sent: unknown[] = [];
  const transport: Transport = {
    streams: true,
    request: () => Promise.reject(new Problem("offline")),
    async *stream({ body: text }) {
      sent.push(JSON.parse(text ?? ""));
      yield* bytes("data: [DONE]\n\n");
    },
  };
  const sender = new Sender({ url: "http://127.0.0.1:8484", key: null, trust: "https", from: "folder" }, { transport, crypto });
  const events = new Client(sender, "demo").ask({ messages: body.messages, vault: { question: body.vault.question } }, new AbortController().signal);
  await events.next().catch(() => undefined);
  expect(sent).toEqual([body]);
});

const REFUSALS: Record<string, [string, string]> = {
  no_key: ["key", "invalid_api_key"],
  wrong_key: ["key", "invalid_api_key"],
  scope: ["forbidden", "insufficient_scope"],
  origin: ["forbidden", "origin_not_allowed"],
  no_note: ["refused", "note_not_found"],
  no_vault: ["refused", "vault_not_found"],
  no_model: ["refused", "model_not_found"],
  not_json: ["refused", "invalid_type"],
  host: ["host", "host_not_allowed"],
  away: ["busy", "server_error"],
  crowded: ["busy", "rate_limit_exceeded"],
};

type Answer = { status: number; headers: Record<string, string>; body: { error: { message: string } } };

test("each recorded refusal is a Problem with the server's words", () => {
  const { answers } = contract<{ answers: Record<string, Answer> }>("errors");
  expect(Object.keys(answers).sort()).toEqual(Object.keys(REFUSALS).sort());
  for (const [name, { status, headers, body }] of Object.entries(answers)) {
    const problem = refusal({ status, headers, body: new TextEncoder().encode(JSON.stringify(body)) });
    expect([problem.kind, problem.code, problem.status, problem.message]).toEqual([...(REFUSALS[name] ?? []), status, body.error.message]);
  }
  expect(refusal({ status: 429, headers: { "retry-after": "1" }, body: new Uint8Array() }).hint).toBe("1");
});

async function recorded(name: string): Promise<{ events: AskEvent[]; problem: Problem | null }> {
  const frames = contract<{ events: unknown[] }>(name).events.map((event) => `data: ${event === "[DONE]" ? event : JSON.stringify(event)}\n\n`);
  const events: AskEvent[] = [];
  try {
    for await (const event of askEvents(bytes(frames.join("")))) events.push(event);
    return { events, problem: null };
  } catch (error) {
    return { events, problem: error as Problem };
  }
}

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}
