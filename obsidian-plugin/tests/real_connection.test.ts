import { readFileSync, writeFileSync } from "node:fs";
import * as files from "node:fs/promises";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { afterEach, describe, expect, inject, test } from "vitest";
import { Connection } from "../src/core/connection";
import { fromSettings, inFolders, type Address } from "../src/core/discovery";
import { FetchTransport } from "../src/core/fetching";
import { readSmall } from "../src/platform/small_file";
import { demoIn, start, until, type Started } from "./serving";
import { realClock } from "./turned_clock";
import { webServer, type WebServer } from "./web_server";

const place = inject("realServer");
const running: { stop(): Promise<void> }[] = [];
const connections: Connection[] = [];

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.stop();
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

function connect(find: () => Promise<Address | null>, vault: string): Connection {
  const transport = new FetchTransport((url, init) => fetch(url, init), realClock);
  const connection = new Connection({ transport, clock: realClock, crypto, random: () => 0, find, here: () => ({ name: "demo", path: vault }) });
  connections.push(connection);
  return connection;
}

const inFolder = (data: string) => (): Promise<Address | null> => inFolders([data], { read: (path) => readSmall(files, path) });
const port = (url: string): number => Number(new URL(url).port);
const begun = <T extends { stop(): Promise<void> }>(server: T): T => (running.push(server), server);

describe.skipIf(place.missing !== null)("with a real server", () => {
  if (place.missing !== null) return;

  test("a server is found, lost when it ends, and found again on another port", async () => {
    const first = begun(await start(place, "moving"));
    const connection = connect(inFolder(first.data), first.vault);
    connection.start();
    await until(() => connection.state.kind === "online" && connection.state.vault?.name === "demo");
    await first.stop();
    await connection.look();
    expect(connection.state.kind).toBe("offline");
    const second = begun(await start(place, "moving", { vaults: [first.vault], port: 0 }));
    await until(() => connection.state.kind === "online", 40_000);
    expect(connection.state).toMatchObject({ address: { url: second.url } });
  }, 120_000);

  test("another program on the port of a server that was killed is not sent the key", async () => {
    const server = begun(await start(place, "robbed"));
    const connection = connect(inFolder(server.data), server.vault);
    await connection.look();
    expect(connection.state.kind).toBe("online");
    server.process.kill("SIGKILL");
    await until(() => server.process.signalCode !== null);
    const thief = begun(await taking(port(server.url)));
    await expect(connection.client().search({ query: "boiler" })).rejects.toMatchObject({ kind: expect.stringMatching(/unproven|offline/) as string });
    await connection.look();
    expect(connection.state).toMatchObject({ kind: "problem", problem: { kind: "unproven" } });
    expect(thief.seen.length).toBeGreaterThan(0);
    expect(JSON.stringify(thief.seen)).not.toContain(server.key);
    expect(JSON.stringify(thief.seen)).not.toContain("boiler");
  }, 120_000);

  test("another program that passes the question on to the real server elsewhere is found out", async () => {
    const server = begun(await start(place, "passed on"));
    const between = begun(await webServer(async (sent, response) => {
      const answer = await fetch(server.url + sent.url);
      response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
    }));
    const connection = connect(async () => fromSettings(between.url, server.key, "always"), server.vault);
    await connection.look();
    expect(connection.state).toMatchObject({ kind: "problem", problem: { kind: "unproven", code: "other_key" } });
    expect(JSON.stringify(between.seen)).not.toContain(server.key);
  }, 120_000);

  test("a key that is exchanged while the server runs is taken from the folder", async () => {
    const server = begun(await start(place, "exchanged"));
    const connection = connect(inFolder(server.data), server.vault);
    connection.start();
    await until(() => connection.state.kind === "online");
    sidecar(server, "token", "rotate");
    const key = readFileSync(join(server.data, "token"), "utf8").trim();
    expect(key).not.toBe(server.key);
    await connection.client().models().catch(() => undefined);
    await connection.look();
    expect(connection.state).toMatchObject({ kind: "online", address: { key } });
    expect((await connection.client().models()).length).toBeGreaterThan(0);
  }, 120_000);

  test("a key made for a client cannot be proved on this machine, so it is not sent", async () => {
    const server = begun(await start(place, "client's"));
    const key = /sk-sidecar-[\w-]+/.exec(sidecar(server, "token", "create", "phone", "--scope", "chat"))?.[0] ?? "";
    const connection = connect(async () => fromSettings(server.url, key, "always"), server.vault);
    await connection.look();
    expect(connection.state).toMatchObject({ kind: "problem", problem: { kind: "unproven", code: "other_key" } });
    const owner = connect(async () => fromSettings(server.url, server.key, "never"), server.vault);
    await owner.look();
    expect(owner.state.kind).toBe("online");
  }, 120_000);

  test("of two vaults of one name, the one that is open here is asked", async () => {
    const first = demoIn(join(place.folder, "one", "demo"));
    const second = demoIn(join(place.folder, "two", "demo"));
    writeFileSync(join(second, "Heron.md"), "The heron stands in the second vault.\n");
    const server = begun(await start(place, "twins", { vaults: [first, second] }));
    const connection = connect(inFolder(server.data), second);
    await until(async () => (await connection.look(), connection.state.kind === "online" && connection.state.status.ready), 60_000);
    expect(connection.state).toMatchObject({ vault: { name: "demo 2", path: second } });
    expect((await connection.client().search({ query: "heron" })).results[0]?.path).toBe("Heron.md");
    const other = connect(inFolder(server.data), first);
    await other.look();
    expect((await other.client().search({ query: "heron" })).results.map(({ path }) => path)).not.toContain("Heron.md");
    expect((await other.client().ask({ messages: [{ role: "user", content: "heron" }] }, new AbortController().signal).next()).done).toBe(false);
  }, 120_000);
});

function sidecar(server: Started, ...command: string[]): string {
  if (place.missing !== null) throw new Error(place.missing);
  const { stdout, status, stderr } = spawnSync(place.python, ["-m", "sidecar", ...command, "--data-dir", server.data], {
    cwd: join(import.meta.dirname, "..", ".."),
    env: { ...process.env, SIDECAR_CONFIG: join(server.data, "config.toml"), PYTHONPATH: "" },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** A program that takes a port as soon as it is free, and says yes to everything. */
async function taking(wanted: number): Promise<WebServer> {
  return until(() => webServer((_, response) => void response.end('{"status":"ok","proof":"' + "0".repeat(64) + '"}'), wanted).catch(() => null));
}
