import { request as plainRequest } from "node:http";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { Client } from "../src/core/client";
import { inFolders } from "../src/core/discovery";
import { FetchTransport } from "../src/core/fetching";
import type { Problem } from "../src/core/problem";
import type { AskEvent, AskRequest } from "../src/core/protocol/chat";
import { KEY_PLACE } from "../src/core/protocol/clients";
import { Sender } from "../src/core/sender";
import { RequestUrlTransport } from "../src/platform/request_url";
import { readSmall } from "../src/platform/small_file";
import * as files from "node:fs/promises";
import { start, until, urlIn } from "./serving";
import { realClock } from "./turned_clock";
import { MODEL } from "./writer";

const server = inject("realServer");
const transport = new FetchTransport((url, init) => fetch(url, init), realClock);
const whenNever = new AbortController().signal;

let client: Client;

describe.skipIf(server.missing !== null)("a real server", () => {
  if (server.missing !== null) return;

  beforeAll(async () => {
    await urlIn(server.data);
    client = await clientFor(server.data, "demo");
    await until(async () => (await client.status()).vaults[0]?.ready, 60_000);
    await until(async () => (await client.status()).vaults[0]?.chunks_without_vector === 0, 60_000);
  }, 90_000);

  test("says what is indexed and what not", async () => {
    const { vaults } = await client.status(["excluded", "failed", "problems"]);
    expect(vaults[0]).toMatchObject({ name: "demo", path: server.vault, ready: true });
    expect(vaults[0]?.excluded_files).toContainEqual({ path: "Private/Diary.md", rule: "private: true" });
    expect((await client.status()).vaults[0]?.excluded_files).toBeUndefined();
  });

  test("finds notes, with why and without, and with operators and filters", async () => {
    const found = await client.search({ query: "what did the boiler repair cost", limit: 3, explain: true });
    expect(found.results[0]).toMatchObject({ path: "House/Boiler.md", heading_path: ["Boiler", "Repair in November"] });
    expect(found.results[0]?.why?.matched).toContain("boiler");
    expect((await client.search({ query: "boiler" })).results[0]?.why).toBeUndefined();
    for (const { path } of (await client.search({ query: "path:People/" })).results) expect(path).toMatch(/^People\//);
    for (const { path } of (await client.search({ query: "bread", filters: { path: "Recipes/**" } })).results) expect(path).toMatch(/^Recipes\//);
  });

  test("gives what is close to a note, also one with letters from everywhere", async () => {
    const related = await client.related({ path: "House/Boiler.md", limit: 3 });
    expect(related.results.map(({ path }) => path)).toContain("House/Warranties.md");
    expect(related.results.find(({ path }) => path === "House/Warranties.md")).toMatchObject({ linked: true });
    expect((await client.related({ path: "Travel/京都メモ.md" })).results.length).toBeGreaterThan(0);
    expect((await client.note({ path: "Travel/京都メモ.md" })).path).toBe("Travel/京都メモ.md");
    expect((await client.note({ path: "House/Condomínio.md" })).chunks.length).toBeGreaterThan(0);
  });

  test("says why", async () => {
    expect(await client.why({ path: "Private/Diary.md" })).toMatchObject({ status: "excluded", reason: "private: true" });
    expect((await client.why({ path: "House/Boiler.md", query: "porto" })).query).toMatchObject({ shown: false });
  });

  test("refuses what is not there, in its own words", async () => {
    expect(await problemOf(client.note({ path: "../../etc/passwd" }))).toMatchObject({ kind: "refused" });
    expect(await problemOf(client.note({ path: "No # one?.md" }))).toMatchObject({ kind: "refused", code: "note_not_found", message: expect.stringContaining("No # one?.md") as string });
    expect(await problemOf(client.search({ query: "a", vault: "nobody's" }))).toMatchObject({ kind: "refused", code: "vault_not_found" });
    expect(await problemOf(client.search({ query: "" }))).toMatchObject({ kind: "refused" });
  });

  test("lists models and the settings of other programs, without the key", async () => {
    expect((await client.models()).map(({ id }) => id)).toEqual(expect.arrayContaining(["vault", "demo/extractive", `writer/${MODEL}`]));
    const settings = await client.clients();
    expect(settings[0]?.settings.map(({ label }) => label)).toContain("base_url");
    expect(JSON.stringify(settings)).toContain(KEY_PLACE);
    expect(JSON.stringify(settings)).not.toContain(readFileSync(join(server.data, "token"), "utf8").trim());
  });

  test("has a new note found after it was asked to look", async () => {
    writeFileSync(join(server.vault, "Zeppelin.md"), "The zeppelin lands at Friedrichshafen at noon.\n");
    await client.sync();
    expect((await client.search({ query: "zeppelin" })).results[0]?.path).toBe("Zeppelin.md");
  });

  test("answers with sources that stand in the text", async () => {
    const events = await all(asked("What did the boiler repair cost?", {}));
    const sources = events.find((event) => event.kind === "sources");
    expect(sources?.citations.map(({ path }) => path)).toContain("House/Boiler.md");
    for (const { link } of sources?.citations ?? []) expect(textOf(events)).toContain(`[[${link}]]`);
    expect(events.at(-1)).toMatchObject({ kind: "end", reason: "stop" });
  });

  test("streams: the first words come long before the last", async () => {
    const came: number[] = [];
    for await (const event of asked("count to 10 slowly", { model: `writer/${MODEL}`, notes: "never" })) if (event.kind === "text") came.push(performance.now());
    expect(came.length).toBeGreaterThanOrEqual(10);
    expect(came.at(-1)! - came[0]!).toBeGreaterThan(500);
  });

  test("is stopped at once, and stops its model", async () => {
    const stop = new AbortController();
    const events: AskEvent[] = [];
    const work = problemOf((async () => {
      for await (const event of asked("count to 1000 slowly", { model: `writer/${MODEL}`, notes: "never" }, stop.signal)) {
        events.push(event);
        if (events.length === 3) stop.abort();
      }
    })());
    expect((await work).kind).toBe("stopped");
    expect(events).toHaveLength(3);
    await until(async () => ((await (await fetch(`${server.writer}/left`)).json()) as { left: string[] }).left.length > 0);
  });

  test("says that the model broke off, after what it had said", async () => {
    const events: AskEvent[] = [];
    const problem = await problemOf((async () => {
      for await (const event of asked("slowly count to 2, then break off", { model: `writer/${MODEL}`, notes: "never" })) events.push(event);
    })());
    expect(textOf(events)).toBe("1 2 ");
    expect(problem).toMatchObject({ kind: "failed", code: "upstream_error" });
  });

  test("answers through requestUrl as well, all at once", async () => {
    const buffered = new RequestUrlTransport(async ({ url, method, headers, body }) => {
      const response = await fetch(url, { method: method ?? "GET", headers: headers ?? {}, ...(body === undefined ? {} : { body }) });
      return { status: response.status, headers: {}, arrayBuffer: await response.arrayBuffer() };
    }, realClock);
    const other = await clientFor(server.data, "demo", buffered);
    expect(other.streams).toBe(false);
    expect(textOf(await all(asked("What did the boiler repair cost?", {}, whenNever, other)))).toContain("386.40");
  });

  test("is not asked about its first vault in the place of one that it does not have", async () => {
    const other = await clientFor(server.data, null);
    expect(await problemOf(other.search({ query: "boiler" }))).toMatchObject({ kind: "refused", code: "vault_not_served" });
    expect(await problemOf(all(asked("boiler?", {}, whenNever, other)))).toMatchObject({ code: "vault_not_served" });
    expect(await problemOf(other.why({ path: "House/Boiler.md" }))).toMatchObject({ code: "vault_not_served" });
    expect((await all(asked("count to 2", { model: `writer/${MODEL}`, notes: "never" }, whenNever, other))).at(-1)).toMatchObject({ kind: "end" });
    expect((await other.status()).vaults).toHaveLength(1);
  });
});

describe.skipIf(server.missing !== null)("where pages may ask from", () => {
  if (server.missing !== null) return;
  const DESKTOP = "app://obsidian.md";
  const PHONES = ["capacitor://localhost", "http://localhost"];

  test("the desktop's page may ask, and read the answer; a phone's page has to be let in", async () => {
    const url = await urlIn(server.data);
    const key = readFileSync(join(server.data, "token"), "utf8").trim();
    expect(await seen(url, DESKTOP, key)).toEqual({ preflight: [200, DESKTOP], answer: [200, DESKTOP] });
    for (const origin of [...PHONES, "https://example.com", "null"]) expect(await seen(url, origin, key)).toEqual({ preflight: [403, undefined], answer: [403, undefined] });
  });

  test("with their origins in the settings, phones' pages may ask too", async () => {
    const config = `allowed_origins = ${JSON.stringify([DESKTOP, ...PHONES])}\n`;
    const other = await start(server, "for phones", { config });
    try {
      for (const origin of [DESKTOP, ...PHONES]) expect(await seen(other.url, origin, other.key)).toEqual({ preflight: [200, origin], answer: [200, origin] });
      expect(await seen(other.url, "https://example.com", other.key)).toEqual({ preflight: [403, undefined], answer: [403, undefined] });
    } finally {
      await other.stop();
    }
  }, 90_000);

  /** Status and allowed origin of the preflight, and of the request itself. */
  async function seen(url: string, origin: string, key: string): Promise<object> {
    const wish = { "access-control-request-method": "POST", "access-control-request-headers": "authorization, content-type" };
    return {
      preflight: await sent(`${url}/vault/search`, "OPTIONS", { origin, ...wish }),
      answer: await sent(`${url}/vault/search`, "POST", { origin, authorization: `Bearer ${key}`, "content-type": "application/json" }, '{"query":"boiler"}'),
    };
  }

  function sent(url: string, method: string, headers: Record<string, string>, body?: string): Promise<[number | undefined, string | undefined]> {
    return new Promise((done, failed) => {
      const asked = plainRequest(url, { method, headers }, (response) => {
        response.resume();
        done([response.statusCode, response.headers["access-control-allow-origin"]]);
      });
      asked.on("error", failed);
      asked.end(body);
    });
  }
});

async function clientFor(data: string, vault: string | null, through: ConstructorParameters<typeof Sender>[1]["transport"] = transport): Promise<Client> {
  const address = await inFolders([data], { read: (path) => readSmall(files, path) });
  return new Client(new Sender(address!, { transport: through, crypto }), vault);
}

function asked(question: string, more: Partial<AskRequest>, signal: AbortSignal = whenNever, by: Client = client): AsyncIterable<AskEvent> {
  return by.ask({ messages: [{ role: "user", content: question }], ...more }, signal);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

function textOf(events: readonly AskEvent[]): string {
  return events.map((event) => (event.kind === "text" ? event.text : "")).join("");
}

async function problemOf(work: Promise<unknown>): Promise<Problem> {
  return work.then(() => { throw new Error("it went well"); }, (error: unknown) => error as Problem);
}
