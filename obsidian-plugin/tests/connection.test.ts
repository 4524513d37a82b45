import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Connection, type ConnectionState } from "../src/core/connection";
import type { Address } from "../src/core/discovery";
import { FetchTransport } from "../src/core/fetching";
import { Problem } from "../src/core/problem";
import { until } from "./serving";
import { TurnedClock } from "./turned_clock";
import { contract } from "./contracts";
import { json, webServer, type WebServer } from "./web_server";

const KEY = "sk-sidecar-0123456789abcdef";
const STATUS = contract<{ body: { ready: boolean; vaults: { name: string; path: string; pending: number; ready: boolean }[] } }>("status").body;
const DEMO = STATUS.vaults[0]!;

let clock: TurnedClock;
let connection: Connection;
let states: ConnectionState[];
let address: Address | null | Problem;
let looks: number;
let running: WebServer[];

beforeEach(() => {
  clock = new TurnedClock();
  states = [];
  running = [];
  looks = 0;
  address = null;
  const transport = new FetchTransport((url, init) => fetch(url, init), clock);
  connection = new Connection({
    transport,
    clock,
    crypto,
    random: () => 1,
    here: () => ({ name: "demo", path: DEMO.path }),
    find: async () => {
      looks += 1;
      if (address instanceof Error) throw address;
      return address;
    },
  });
  connection.listen((state) => states.push(state));
});
afterEach(async () => {
  connection.stop();
  await Promise.all(running.map((server) => server.stop()));
});

interface Behaviour { key?: string; status?: unknown; code?: number; hold?: boolean }

/** A program that speaks as Sidecar does, with the recorded status. */
async function sidecar(behaviour: Behaviour = {}, port = 0): Promise<WebServer> {
  const server = await webServer((sent, response) => {
    const { key = KEY, status = STATUS, code = 200, hold = false } = behaviour;
    const nonce = new URL(sent.url, "http://a").searchParams.get("nonce");
    if (nonce !== null) return json(response, 200, { status: "ok", proof: createHmac("sha256", key).update(`sidecar-server-proof\n${server.port}\n${nonce}`).digest("hex") });
    if (hold) return;
    if (sent.headers.authorization !== `Bearer ${key}`) return json(response, 401, { error: { message: "A key is needed.", type: "invalid_request_error", code: "invalid_api_key", param: null } });
    json(response, code, code === 200 ? status : { error: { message: "No.", type: "server_error", code: "c", param: null } });
  }, port);
  running.push(server);
  return server;
}

const at = (server: WebServer, more: Partial<Address> = {}): Address => ({ url: server.url, key: KEY, trust: "https", from: "folder", ...more });
/** So many looks are over: nothing waits but the next. */
const looked = (times: number): Promise<unknown> => until(() => looks >= times && clock.pending.length === 1 && connection.state.kind !== "looking");
const kinds = (): string[] => states.map(({ kind }) => kind);

describe("looking", () => {
  test("finds the server and the vault that is open here", async () => {
    address = at(await sidecar());
    await connection.look();
    expect(connection.state).toMatchObject({ kind: "online", vault: { name: "demo" }, unmatched: null, address });
    expect(connection.client()).toBeDefined();
    expect(clock.pending).toEqual([]);
  });

  test("tells nothing new while nothing is new but how long the answer took, and tells what is", async () => {
    const answer = { ...STATUS, took_ms: 1 };
    address = at(await sidecar({ status: answer }));
    await connection.look();
    answer.took_ms = 2;
    await connection.look();
    expect(kinds()).toEqual(["online"]);
    answer.vaults = [{ ...DEMO, pending: DEMO.pending + 1 }];
    await connection.look();
    expect(kinds()).toEqual(["online", "online"]);
    expect(connection.state).toMatchObject({ vault: { pending: DEMO.pending + 1 } });
  });

  test("says that none runs", async () => {
    await connection.look();
    expect(connection.state).toMatchObject({ kind: "offline", problem: { kind: "offline", code: "not_running" } });
    expect(() => connection.client()).toThrow(expect.objectContaining({ kind: "offline" }) as Error);
  });

  test("says that nobody answers there any more", async () => {
    const server = await sidecar();
    address = at(server);
    await server.stop();
    await connection.look();
    expect(connection.state).toMatchObject({ kind: "offline", problem: { kind: "offline" } });
  });

  test("a program that took the port is a problem, and gets no key", async () => {
    const server = await sidecar({ key: "sk-another-0123456789" });
    address = at(server);
    await connection.look();
    expect(connection.state).toMatchObject({ kind: "problem", problem: { kind: "unproven" } });
    expect(server.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
    expect(() => connection.client()).toThrow(expect.objectContaining({ kind: "unproven" }) as Error);
  });

  test.each<[Behaviour, string, string]>([
    [{ code: 403 }, "problem", "forbidden"],
    [{ code: 421 }, "problem", "host"],
    [{ code: 404 }, "problem", "refused"],
    [{ code: 500 }, "problem", "failed"],
    [{ code: 503 }, "offline", "busy"],
    [{ status: { hello: "world" } }, "problem", "shape"],
  ])("%j is %s: %s", async (behaviour, kind, problem) => {
    address = at(await sidecar(behaviour));
    await connection.look();
    expect(connection.state).toMatchObject({ kind, problem: { kind: problem } });
  });

  test("a key that is refused is a problem of the key, also where no proof is asked for", async () => {
    const server = await webServer((sent, response) => {
      const nonce = new URL(sent.url, "http://a").searchParams.get("nonce");
      if (nonce !== null) return json(response, 200, { status: "ok", proof: createHmac("sha256", KEY).update(`sidecar-server-proof\n${server.port}\n${nonce}`).digest("hex") });
      json(response, 401, { error: { message: "The key sent is not this server's.", type: "invalid_request_error", code: "invalid_api_key", param: null } });
    });
    running.push(server);
    address = at(server);
    await connection.look();
    expect(connection.state).toMatchObject({ kind: "problem", problem: { kind: "key", status: 401 } });
    address = at(server, { key: null, from: "settings" });
    await connection.look();
    expect(connection.state).toMatchObject({ kind: "problem", problem: { kind: "key", code: "no_key" } });
  });

  test("a vault that is not served is said, and nothing asked in its place", async () => {
    address = at(await sidecar({ status: { ...STATUS, vaults: [{ ...DEMO, path: "/elsewhere/demo" }] } }));
    await connection.look();
    expect(connection.state).toMatchObject({ kind: "online", vault: null, unmatched: "none" });
    await expect(connection.client().search({ query: "a" })).rejects.toMatchObject({ code: "vault_not_served" });
  });

  test("from elsewhere the vault goes by its name", async () => {
    const server = await sidecar({ status: { ...STATUS, vaults: [{ ...DEMO, path: "/elsewhere/demo" }] } });
    address = at(server, { from: "settings" });
    await connection.look();
    expect(connection.state).toMatchObject({ kind: "online", vault: { name: "demo" } });
  });

  test("two wishes to look are one look", async () => {
    address = at(await sidecar());
    const both = [connection.look(), connection.look()];
    await Promise.all(both);
    expect(looks).toBe(1);
  });
});

describe("keeping to look", () => {
  test.each([
    ["on this machine, where a look costs next to nothing", (): null => null, [1000, 2000, 4000, 5000, 5000, 5000, 5000, 5000]],
    ["elsewhere", (): Problem => new Problem("offline"), [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]],
  ])("while there is none %s: less and less often", async (_where, found, expected) => {
    address = found();
    connection.start();
    const waits: number[] = [];
    for (let look = 1; look <= 8; look++) {
      await looked(look);
      waits.push(...clock.pending);
      await clock.pass(clock.pending[0] ?? 0);
    }
    expect(waits).toEqual(expected);
    expect(kinds()).toEqual(["looking", "offline"]);
  });

  test("often while notes are read, seldom when all are", async () => {
    const busy = { ...STATUS, ready: false, vaults: [{ ...DEMO, pending: 5, ready: false }] };
    const behaviour: Behaviour = { status: busy };
    address = at(await sidecar(behaviour));
    connection.start();
    await looked(1);
    expect(clock.pending).toEqual([1500]);
    behaviour.status = STATUS;
    await clock.pass(1500);
    await until(() => connection.state.kind === "online" && connection.state.status.ready && clock.pending.length === 1);
    expect(clock.pending).toEqual([30_000]);
  });

  test("listeners hear of changes, and of nothing else", async () => {
    const behaviour: Behaviour = { status: { ...STATUS, took_ms: 1 } };
    address = at(await sidecar(behaviour));
    connection.start();
    await looked(1);
    behaviour.status = { ...STATUS, took_ms: 2 };
    await clock.pass(30_000);
    await looked(2);
    expect(kinds()).toEqual(["looking", "online"]);
  });

  test("a listener that left hears nothing", async () => {
    const heard: string[] = [];
    const leave = connection.listen(({ kind }) => heard.push(kind));
    leave();
    await connection.look();
    expect(heard).toEqual([]);
  });

  test("a server that was started anew on another port is found by the request that fails", async () => {
    const first = await sidecar();
    address = at(first);
    connection.start();
    await looked(1);
    const client = connection.client();
    await first.stop();
    address = at(await sidecar());
    await expect(client.status()).rejects.toMatchObject({ kind: "offline" });
    await until(() => connection.state.kind === "online" && connection.state.address.url === running[1]?.url);
    expect((await connection.client().status()).vaults[0]?.name).toBe("demo");
  });

  test("a key that was exchanged is read anew by the request that is refused", async () => {
    const behaviour: Behaviour = {};
    address = at(await sidecar(behaviour));
    connection.start();
    await looked(1);
    behaviour.key = "sk-sidecar-exchanged-01234";
    const client = connection.client();
    address = { ...address, key: behaviour.key };
    await expect(client.status()).rejects.toMatchObject({ kind: "unproven", code: "other_key" });
    await until(() => connection.state.kind === "online" && connection.state.address.key === behaviour.key);
  });

  test("a program that takes the port of a server that is gone never sees the key", async () => {
    const first = await sidecar();
    address = at(first);
    connection.start();
    await looked(1);
    const client = connection.client();
    await first.stop();
    await expect(client.status()).rejects.toMatchObject({ kind: "offline" });
    const thief = await sidecar({ key: "sk-thief-0123456789" }, first.port);
    await until(() => thief.seen.length > 0 || connection.state.kind !== "online");
    await expect(client.status()).rejects.toMatchObject({ kind: "unproven" });
    await connection.look();
    expect(thief.seen.length).toBeGreaterThan(0);
    expect(thief.seen.map(({ headers }) => headers.authorization)).not.toContain(`Bearer ${KEY}`);
  });

  test("a late answer or two leave it connected, the third does not", async () => {
    const behaviour: Behaviour = {};
    address = at(await sidecar(behaviour));
    connection.start();
    await looked(1);
    behaviour.hold = true;
    for (let late = 1; late <= 3; late++) {
      await clock.pass(Math.min(...clock.pending));
      await until(() => running[0]!.seen.filter(({ url }) => url === "/vault/status").length === 1 + late);
      expect(connection.state.kind).toBe("online");
      await clock.pass(20_000);
      await until(() => clock.pending.length === 1);
    }
    expect(connection.state).toMatchObject({ kind: "offline", problem: { kind: "timeout" } });
    expect(() => connection.client()).toThrow(expect.objectContaining({ kind: "timeout" }) as Error);
  });

  test("stopped, it asks nothing more, and what comes late changes nothing", async () => {
    const behaviour: Behaviour = { hold: true };
    const server = await sidecar(behaviour);
    address = at(server);
    connection.start();
    await until(() => server.seen.some(({ url }) => url === "/vault/status"));
    connection.stop();
    await until(() => server.left.length === 1);
    await clock.pass(600_000);
    expect([looks, kinds(), clock.pending]).toEqual([1, ["looking"], []]);
  });

  test("looks never overlap, however slow the server is", async () => {
    const behaviour: Behaviour = { hold: true };
    const server = await sidecar(behaviour);
    address = at(server);
    connection.start();
    await until(() => server.seen.some(({ url }) => url === "/vault/status"));
    void connection.look();
    await clock.pass(5000);
    expect(looks).toBe(1);
  });

  test("begun anew, it forgets what it knew of another address", async () => {
    address = at(await sidecar());
    connection.start();
    await looked(1);
    address = null;
    connection.start();
    expect(connection.state.kind).toBe("looking");
    expect(() => connection.client()).toThrow(expect.objectContaining({ kind: "offline" }) as Error);
    await until(() => connection.state.kind === "offline");
    expect(kinds()).toEqual(["looking", "online", "looking", "offline"]);
  });
});

describe("a request that fails", () => {
  test.each([
    [500, 2],
    [401, 2],
    // Who says that it is busy is there, and need not be asked more.
    [429, 1],
    [404, 1],
  ])("with %i has had the server looked at %i times", async (code, times) => {
    const behaviour: Behaviour = {};
    address = { url: (await sidecar(behaviour)).url, key: KEY, trust: "https", from: "folder" };
    connection.start();
    await until(() => connection.state.kind === "online");
    const client = connection.client();
    behaviour.code = code;
    await expect(client.models()).rejects.toThrow(Problem);
    expect(looks).toBe(times);
  });
});
