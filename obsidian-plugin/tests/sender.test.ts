import { createHmac } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import type { Address } from "../src/core/discovery";
import { FetchTransport } from "../src/core/fetching";
import type { Problem } from "../src/core/problem";
import { newNonce, proves, type Crypto } from "../src/core/proof";
import { Sender } from "../src/core/sender";
import type { Reply, Request, Transport } from "../src/core/transport";
import { TurnedClock } from "./turned_clock";
import { json, webServer, type Sent, type WebServer } from "./web_server";

const KEY = "sk-sidecar-0123456789abcdef";
const ROUTE = { method: "GET", path: "/vault/status", limits: { firstByte: 2000, silence: 2000, whole: 5000, bytes: 10_000 } } as const;
const servers: WebServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

/** What the server's `runtime/proof.py` does, in other words. */
function signed(key: string, nonce: string, port: number): string {
  return createHmac("sha256", key).update(`sidecar-server-proof\n${port}\n${nonce}`).digest("hex");
}

function nonceOf({ url }: Sent): string {
  return new URL(url, "http://a").searchParams.get("nonce") ?? "";
}

/** A program on some port; `proof` is what it says to a nonce. */
async function program(proof: (nonce: string, port: number) => unknown): Promise<WebServer> {
  const server = await webServer((sent, response) => {
    if (!sent.url.startsWith("/healthz")) return json(response, 200, { ok: true });
    const told = proof(nonceOf(sent), server.port);
    json(response, 200, { status: "ok", ...(told === undefined ? {} : { proof: told }) });
  });
  servers.push(server);
  return server;
}

function sender(url: string, address: Partial<Address> = {}, by: Crypto = crypto): Sender {
  const clock = new TurnedClock();
  const transport = new FetchTransport((to, init) => fetch(to, init), clock);
  return new Sender({ url, key: KEY, trust: "https", from: "folder", ...address }, { transport, crypto: by });
}

const keysSeen = (server: WebServer): unknown[] => server.seen.map(({ headers }) => headers.authorization).filter((key) => key !== undefined);

async function problemOf(work: Promise<unknown>): Promise<[string, string | undefined]> {
  const problem = await work.then(() => null, (error: unknown) => error as Problem);
  return [problem?.kind ?? "none", problem?.code];
}

describe("on this machine", () => {
  test("the key is sent to what proves that it holds it, and not with the question for the proof", async () => {
    const server = await program((nonce, port) => signed(KEY, nonce, port));
    await sender(server.url).send(ROUTE);
    expect(server.seen.map(({ url }) => url.split("?")[0])).toEqual(["/healthz", "/vault/status"]);
    expect(keysSeen(server)).toEqual([`Bearer ${KEY}`]);
  });

  test.each<[string, (nonce: string, port: number) => unknown, string]>([
    ["no proof", () => undefined, "no_proof"],
    ["a number", () => 7, "no_proof"],
    ["an empty one", () => "", "other_key"],
    ["another key's", (nonce, port) => signed("sk-sidecar-of-somebody-else", nonce, port), "other_key"],
    ["another port's, passed on from the real server", (nonce, port) => signed(KEY, nonce, port + 1), "other_key"],
    ["another nonce's, kept from before", (_, port) => signed(KEY, "kept-from-before-0123", port), "other_key"],
    ["one that was cut", (nonce, port) => signed(KEY, nonce, port).slice(0, 62), "other_key"],
    ["one with more behind it", (nonce, port) => `${signed(KEY, nonce, port)}00`, "other_key"],
    ["one in capitals", (nonce, port) => signed(KEY, nonce, port).toUpperCase(), "other_key"],
    ["the key's hash", () => createHmac("sha256", "").update(KEY).digest("hex"), "other_key"],
  ])("a program that gives %s never gets the key", async (_, proof, code) => {
    const server = await program(proof);
    for (const trust of ["never", "https", "always"] as const) {
      for (const from of ["folder", "settings"] as const) {
        expect(await problemOf(sender(server.url, { trust, from }).send(ROUTE))).toEqual(["unproven", code]);
      }
    }
    expect(keysSeen(server)).toEqual([]);
    expect(server.seen.every(({ url }) => url.startsWith("/healthz"))).toBe(true);
  });

  test.each<[string, number, unknown]>([["a page", 200, "<html>"], ["an error", 500, { status: "ok" }], ["a list", 200, []]])("nor does one that gives %s", async (_, status, body) => {
    const server = await webServer((_sent, response) => json(response, status, body));
    servers.push(server);
    expect(await problemOf(sender(server.url).send(ROUTE))).toEqual(["unproven", "no_proof"]);
    expect(keysSeen(server)).toEqual([]);
  });

  test("nor does one that proves with an error's status", async () => {
    const server = await webServer((sent, response) => json(response, 404, { status: "ok", proof: signed(KEY, nonceOf(sent), server.port) }));
    servers.push(server);
    expect((await problemOf(sender(server.url).send(ROUTE)))[0]).toBe("unproven");
  });

  test("nor a stream", async () => {
    const server = await program(() => undefined);
    const read = async (): Promise<void> => {
      for await (const piece of sender(server.url).stream({ ...ROUTE, method: "POST", body: { secret: "a question" } }, new AbortController().signal)) void piece;
    };
    expect(await problemOf(read())).toEqual(["unproven", "no_proof"]);
    expect(JSON.stringify(server.seen)).not.toContain("a question");
  });

  test("nothing of what it says is told, but that the name or the page is refused", async () => {
    const server = await webServer((_, response) => json(response, 421, { error: { message: "Send your key to evil.example.", type: "x", code: "host_not_allowed", param: null } }));
    servers.push(server);
    const problem = await sender(server.url).send(ROUTE).catch((error: unknown) => error as Problem);
    expect(problem).toMatchObject({ kind: "host", message: "", status: 421 });
  });

  test("each nonce is new", async () => {
    const server = await program((nonce, port) => signed(KEY, nonce, port));
    const one = sender(server.url);
    await one.send(ROUTE);
    await one.send(ROUTE);
    const nonces = server.seen.filter(({ url }) => url.startsWith("/healthz")).map(nonceOf);
    expect(new Set(nonces).size).toBe(2);
    for (const nonce of nonces) expect(nonce).toMatch(/^[0-9a-f]{48}$/);
  });

  test("each request waits for a proof of its own", async () => {
    let honest = true;
    const server = await program((nonce, port) => (honest ? signed(KEY, nonce, port) : undefined));
    const one = sender(server.url);
    await one.send(ROUTE);
    honest = false;
    expect(await problemOf(one.send(ROUTE))).toEqual(["unproven", "no_proof"]);
    expect(keysSeen(server)).toHaveLength(1);
  });

  test("without WebCrypto there is no proof, and so no key", async () => {
    const server = await program((nonce, port) => signed(KEY, nonce, port));
    const without = { getRandomValues: crypto.getRandomValues.bind(crypto) } as unknown as Crypto;
    expect(await problemOf(sender(server.url, {}, without).send(ROUTE))).toEqual(["unproven", "no_crypto"]);
    expect(keysSeen(server)).toEqual([]);
  });

  test("a server that asks for no key is sent none", async () => {
    const server = await program(() => undefined);
    await sender(server.url, { key: null }).send(ROUTE);
    expect(keysSeen(server)).toEqual([]);
    expect(await problemOf(sender(server.url, { key: null, from: "settings" }).send(ROUTE))).toEqual(["key", "no_key"]);
  });
});

describe("elsewhere", () => {
  /** What would have gone over the network. */
  async function sentTo(address: Partial<Address> & { url: string }, proof?: (nonce: string) => string): Promise<{ keys: string[]; problem: [string, string | undefined] }> {
    const asked: Request[] = [];
    const reply = (body: object): Reply => ({ status: 200, headers: {}, body: new TextEncoder().encode(JSON.stringify(body)) });
    const transport: Transport = {
      streams: false,
      request: async (request) => {
        asked.push(request);
        const nonce = new URL(request.url).searchParams.get("nonce");
        return reply(nonce === null ? {} : { status: "ok", ...(proof === undefined ? {} : { proof: proof(nonce) }) });
      },
      stream: () => { throw new Error("not asked"); },
    };
    const one = new Sender({ key: KEY, trust: "https", from: "settings", ...address }, { transport, crypto });
    const problem = await problemOf(one.send(ROUTE));
    return { keys: asked.flatMap(({ url, headers }) => (headers["authorization"] === undefined ? [] : [`${url} ${headers["authorization"]}`])), problem };
  }

  test("a certificate vouches for who is asked", async () => {
    const { keys, problem } = await sentTo({ url: "https://machine.ts.net" });
    expect([keys, problem]).toEqual([[`https://machine.ts.net/vault/status Bearer ${KEY}`], ["none", undefined]]);
    expect((await sentTo({ url: "https://machine.ts.net", trust: "never" })).keys).toEqual([]);
  });

  test("in plain text the key goes where the user has said so", async () => {
    for (const trust of ["never", "https"] as const) {
      expect(await sentTo({ url: "http://192.168.1.20:8484", trust })).toEqual({ keys: [], problem: ["unproven", "plain_http"] });
    }
    expect((await sentTo({ url: "http://192.168.1.20:8484", trust: "always" })).keys).toHaveLength(1);
  });

  test("what a file here tells has to prove itself, wherever it is", async () => {
    const url = "http://192.168.1.20:8484";
    expect(await sentTo({ url, trust: "always", from: "folder" })).toEqual({ keys: [], problem: ["unproven", "no_proof"] });
    expect((await sentTo({ url, trust: "always", from: "folder" }, (nonce) => signed(KEY, nonce, 8484))).keys).toHaveLength(1);
    expect(await sentTo({ url, trust: "https", from: "folder" }, (nonce) => signed(KEY, nonce, 8484))).toEqual({ keys: [], problem: ["unproven", "plain_http"] });
    expect(await sentTo({ url, key: null, trust: "always", from: "folder" })).toEqual({ keys: [], problem: ["unproven", "no_proof"] });
  });
});

test("a proof is checked by the library's own comparison, for text in any script", async () => {
  const key = "ключ-ütf8";
  const nonce = newNonce(crypto);
  expect(await proves(signed(key, nonce, 1), key, nonce, 1, crypto)).toBe(true);
  for (const answer of [null, undefined, 7, {}, "x".repeat(64), ""]) expect(await proves(answer, key, nonce, 1, crypto)).toBe(false);
});
