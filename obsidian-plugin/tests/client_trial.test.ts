import { expect, test } from "vitest";
import { trial, withKey, type Outcome } from "../src/core/clients/trial";
import { allToCopy, anyProgram, callsOf, groupsOf } from "../src/core/clients/offering";
import { Problem } from "../src/core/problem";
import type { ClientCall } from "../src/core/protocol/client_calls";
import { clientList, type ClientSettings } from "../src/core/protocol/clients";
import type { Request, Transport } from "../src/core/transport";

const SERVER = "http://127.0.0.1:8484";
const KEY = "sk-sidecar-$&-0123456789";

/** A server of one answer that remembers what it was sent; each answer takes so many milliseconds. */
class Scripted implements Transport {
  readonly streams = true;
  readonly asked: Request[] = [];
  constructor(private readonly answer: string | Problem, private readonly takes: () => void = () => undefined) {}
  request(): Promise<never> {
    throw new Error("Only streams are read.");
  }
  async *stream(request: Request): AsyncGenerator<Uint8Array> {
    this.asked.push(request);
    this.takes();
    if (this.answer instanceof Problem) throw this.answer;
    yield await Promise.resolve(new TextEncoder().encode(this.answer));
  }
}

const MODELS = '{"data": [{"id": "vault"}]}';
const models: ClientCall = { does: "lists", method: "GET", url: `${SERVER}/v1/models`, headers: { authorization: "Bearer {{key}}" }, body: null, reads: "models", model: "vault", page: false, keyless: false, writes: false, within: 8 };

async function all(calls: readonly ClientCall[], program: Transport, { page = program, key = KEY as string | null, now = { at: 0 }, sure = () => Promise.resolve() } = {}): Promise<Outcome[]> {
  const clock = { now: () => now.at, after: () => () => undefined };
  const outcomes: Outcome[] = [];
  for await (const outcome of trial(calls, { url: SERVER, key, senders: { page, program }, sure, clock, signal: new AbortController().signal })) outcomes.push(outcome);
  return outcomes;
}

test("a call goes with the key in its place, through the page or beside it as the program does", async () => {
  const [page, program] = [new Scripted(MODELS), new Scripted(MODELS)];
  const outcomes = await all([models, { ...models, page: true, method: "POST", body: { a: null } }], program, { page });
  expect(outcomes.map((outcome) => outcome.result)).toEqual([{ kind: "got", got: { kind: "models", count: 1 } }, { kind: "got", got: { kind: "models", count: 1 } }]);
  expect(program.asked).toMatchObject([{ method: "GET", headers: { authorization: `Bearer ${KEY}` } }]);
  expect(page.asked).toMatchObject([{ method: "POST", body: '{"a":null}' }]);
});

test.each(["http://127.0.0.1:8485/v1/models", "https://127.0.0.1:8484/v1", "http://evil.example/", "//evil", "no address"])("the key is not sent to %s", async (url) => {
  const program = new Scripted(MODELS);
  expect((await all([{ ...models, url }], program)).map((outcome) => outcome.result)).toEqual([{ kind: "foreign" }]);
  expect(program.asked).toEqual([]);
});

test("nothing is sent once it is no longer sure that this is the server", async () => {
  const program = new Scripted(MODELS);
  const outcomes = await all([models, models], program, { sure: () => Promise.reject(new Problem("offline")) });
  expect(outcomes).toMatchObject([{ seconds: null, result: { kind: "problem", problem: { kind: "offline" } } }]);
  expect(program.asked).toEqual([]);
});

test("what sends no key is tested only where none is asked for", async () => {
  const keyless = { ...models, keyless: true, headers: {} };
  expect((await all([keyless], new Scripted(MODELS))).map((outcome) => outcome.result.kind)).toEqual(["keyless"]);
  expect((await all([keyless], new Scripted(MODELS), { key: null })).map((outcome) => outcome.result.kind)).toEqual(["got"]);
});

test("an answer after the program has given up is late", async () => {
  const now = { at: 0 };
  const [outcome] = await all([models], new Scripted(MODELS, () => (now.at += 9000)), { now });
  expect(outcome).toMatchObject({ seconds: 9, result: { kind: "late", within: 8 } });
});

test("a refused key ends the test; an answer that cannot be read does not", async () => {
  expect(await all([models, models], new Scripted(new Problem("key")))).toHaveLength(1);
  expect((await all([models, models], new Scripted("{}"))).map((outcome) => outcome.result.kind)).toEqual(["unreadable", "unreadable"]);
});

test("a value holds the key as it is, and a word where there is none", () => {
  expect(withKey("a {{key}} b {{key}}", KEY)).toBe(`a ${KEY} b ${KEY}`);
  expect(withKey("{{key}}", null)).toBe("none");
});

const told = (more: object): unknown => ({ name: "Some", settings: [], snippets: [], ...more });
const list = (...clients: unknown[]): readonly ClientSettings[] => clientList({ clients }, "clients").clients;
const ANY = { name: null, settings: [{ label: "base_url", value: `${SERVER}/v1` }, { label: "chat_model", value: "vault" }, { label: "embedding_model", value: "builtin" }] };

test("what is installed comes first, then plugins, apps, the command line and libraries", () => {
  const known = list(told({ ...ANY }), told({ id: "l", kind: "library" }), told({ id: "p", kind: "Obsidian plugin", plugin: "p" }), told({ id: "q", kind: "Obsidian plugin", plugin: "q" }), told({ id: "new", kind: "robot" }));
  const groups = groupsOf(known, new Map([["q", false]]));
  expect(groups.map(({ name, offers }) => [name, offers.map((offer) => offer.id)])).toEqual([["installed", ["q"]], ["plugins", ["p"]], ["apps", ["new"]], ["libraries", ["l"]]]);
  expect(groups[0]?.offers[0]?.off).toBe(true);
  expect(anyProgram(known)?.id).toBe("");
  expect(anyProgram([])).toBeNull();
});

test("any program is tested by its models, an answer and vectors; one that the server does not say is not", () => {
  const [any, old] = list(told(ANY), told({ id: "old" }));
  expect(callsOf(any as ClientSettings).map((call) => [call.method, call.url, call.reads, call.model])).toEqual([
    ["GET", `${SERVER}/v1/models`, "models", "vault"],
    ["POST", `${SERVER}/v1/chat/completions`, "stream", null],
    ["POST", `${SERVER}/v1/embeddings`, "vectors", null],
  ]);
  expect(callsOf(old as ClientSettings)).toEqual([]);
});

test("all to copy is values by their labels and then the snippets", () => {
  const [client] = list(told({ settings: [{ label: "URL", value: "u" }, { label: "Key", value: "{{key}}" }], snippets: [{ title: null, text: "export A" }] }));
  expect(allToCopy(client as ClientSettings, (label) => label.toUpperCase())).toBe("URL: u\nKEY: {{key}}\n\nexport A\n");
});
