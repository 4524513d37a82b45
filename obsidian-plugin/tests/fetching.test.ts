import { createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FetchTransport } from "../src/core/fetching";
import { Problem } from "../src/core/problem";
import type { Limits, Request, Transport } from "../src/core/transport";
import { RequestUrlTransport, type RequestUrl } from "../src/platform/request_url";
import { Transports } from "../src/platform/transports";
import { until } from "./serving";
import { realClock, TurnedClock } from "./turned_clock";
import { json, webServer, type WebServer } from "./web_server";

const LIMITS: Limits = { firstByte: 2000, silence: 2000, whole: 5000, bytes: 10_000 };
const fetching = (): FetchTransport => new FetchTransport((url, init) => fetch(url, init), realClock);
/** What Obsidian's `requestUrl` does: the whole body, with no way to stop it, and no CORS. */
const requestUrl: RequestUrl = async ({ url, method, headers, contentType, body }) => {
  // On some systems Obsidian takes the type from `contentType` alone.
  const { "content-type": _, ...others } = headers ?? {};
  const typed = contentType === undefined ? others : { ...others, "content-type": contentType };
  const response = await fetch(url, { method: method ?? "GET", headers: typed, ...(body === undefined ? {} : { body }) });
  return { status: response.status, headers: { "Content-Type": response.headers.get("content-type") ?? "" }, arrayBuffer: await response.arrayBuffer() };
};

let server: WebServer;
beforeEach(async () => {
  server = await webServer(async ({ url }, response) => {
    if (url === "/never") return;
    if (url === "/healthz") return json(response, 200, { status: "ok" });
    if (url === "/redirect") return void response.writeHead(307, { location: "/ok" }).end();
    if (url === "/large") return void response.end("x".repeat(20_000));
    if (url === "/refused") return json(response, 429, { error: { message: "Busy.", type: "rate_limit_error", code: "c", param: null } }, { "retry-after": "7" });
    if (url === "/page") return void response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway</h1>");
    response.writeHead(200, { "content-type": "text/plain" });
    if (url === "/cut") {
      response.write("a");
      return void setTimeout(() => response.destroy(), 50);
    }
    if (url === "/silent") return void response.write("a");
    if (url === "/drips") {
      for (let drop = 0; drop < 20 && !response.destroyed; drop++) {
        response.write("x");
        await new Promise((done) => setTimeout(done, 50));
      }
    }
    response.end("ok");
  });
});
afterEach(async () => {
  await server.stop();
});

const ask = (path: string, limits: Partial<Limits> = {}): Request => ({ method: "GET", url: server.url + path, headers: {}, limits: { ...LIMITS, ...limits } });

async function problemOf(work: Promise<unknown>): Promise<Pick<Problem, "kind" | "code" | "message" | "hint">> {
  const { kind, code, message, hint } = (await work.then(() => ({}), (error: unknown) => error)) as Problem;
  return { kind, message, ...(code === undefined ? {} : { code }), ...(hint === undefined ? {} : { hint }) };
}

async function text(transport: Transport, request: Request, signal = new AbortController().signal): Promise<string> {
  let all = "";
  for await (const piece of transport.stream(request, signal)) all += new TextDecoder().decode(piece);
  return all;
}

describe("by fetch", () => {
  test("an answer comes whole, or in pieces", async () => {
    const reply = await fetching().request(ask("/ok"));
    expect([reply.status, new TextDecoder().decode(reply.body), reply.headers["content-type"]]).toEqual([200, "ok", "text/plain"]);
    expect(await text(fetching(), ask("/ok"))).toBe("ok");
  });

  test("nothing is sent that was not given: no cookie, no referrer", async () => {
    await fetching().request({ ...ask("/ok"), headers: { authorization: "Bearer k" } });
    expect(server.seen[0]?.headers).toMatchObject({ authorization: "Bearer k" });
    expect(Object.keys(server.seen[0]?.headers ?? {})).not.toContain("referer");
  });

  test("no redirect is followed", async () => {
    expect((await problemOf(fetching().request(ask("/redirect")))).kind).toBe("offline");
    expect(server.seen.map(({ url }) => url)).toEqual(["/redirect"]);
  });

  test.each<[string, Partial<Limits>, string]>([
    ["/never", { firstByte: 80 }, "first_byte"],
    ["/silent", { silence: 80 }, "silence"],
    ["/drips", { silence: 400, whole: 200 }, "whole"],
  ])("%s ends at its deadline, and the request with it", async (path, limits, code) => {
    expect(await problemOf(fetching().request(ask(path, limits)))).toEqual({ kind: "timeout", message: "", code });
    expect(await problemOf(text(fetching(), ask(path, limits)))).toEqual({ kind: "timeout", message: "", code });
    await until(() => server.left.length === 2);
  });

  test("more than was wished for is not read", async () => {
    expect(await problemOf(fetching().request(ask("/large")))).toMatchObject({ kind: "shape", code: "too_large" });
    expect(await problemOf(text(fetching(), ask("/large")))).toMatchObject({ kind: "shape", code: "too_large" });
  });

  test("what is stopped settles at once, and stops at the server", async () => {
    for (const path of ["/never", "/silent", "/drips"]) {
      const stop = new AbortController();
      const work = problemOf(text(fetching(), ask(path), stop.signal));
      await until(() => server.seen.some(({ url }) => url === path));
      const begun = performance.now();
      stop.abort();
      expect((await work).kind).toBe("stopped");
      expect(performance.now() - begun).toBeLessThan(800);
    }
    await until(() => server.left.length === 3);
    expect((await problemOf(fetching().request(ask("/ok"), AbortSignal.abort()))).kind).toBe("stopped");
  });

  test("whoever leaves a stream early stops it", async () => {
    for await (const piece of fetching().stream(ask("/drips"), new AbortController().signal)) {
      expect(piece.byteLength).toBeGreaterThan(0);
      break;
    }
    await until(() => server.left.length === 1);
  });

  test("an answer that breaks off is cut", async () => {
    expect((await problemOf(text(fetching(), ask("/cut")))).kind).toBe("cut");
  });

  test("a refusal is told with the server's words; a proxy's page without", async () => {
    expect(await problemOf(text(fetching(), ask("/refused")))).toEqual({ kind: "busy", message: "Busy.", code: "c", hint: "7" });
    expect(await problemOf(text(fetching(), ask("/page")))).toEqual({ kind: "failed", message: "" });
    expect((await fetching().request(ask("/page"))).status).toBe(502);
  });

  test("nobody listens", async () => {
    const request = ask("/ok");
    await server.stop();
    expect((await problemOf(fetching().request(request))).kind).toBe("offline");
  });

  test("what speaks no HTTP is no server", async () => {
    const other = createServer((socket) => socket.end("SSH-2.0-x\r\n"));
    await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
    const { port } = other.address() as { port: number };
    expect((await problemOf(fetching().request({ ...ask("/"), url: `http://127.0.0.1:${port}/` }))).kind).toBe("offline");
    other.close();
  });

  test("no timer stays behind", async () => {
    const clock = new TurnedClock();
    const transport = new FetchTransport((url, init) => fetch(url, init), clock);
    await transport.request(ask("/ok"));
    expect(await text(transport, ask("/ok"))).toBe("ok");
    await problemOf(transport.request(ask("/large")));
    expect(clock.pending).toEqual([]);
  });
});

describe("by requestUrl", () => {
  test("what a body is goes with it", async () => {
    await new RequestUrlTransport(requestUrl, realClock).request({ ...ask("/ok"), method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    expect(server.seen.at(-1)?.headers).toMatchObject({ "content-type": "application/json" });
  });

  const buffered = (): RequestUrlTransport => new RequestUrlTransport(requestUrl, realClock);

  test("the whole comes at its end, as one piece", async () => {
    expect(buffered().streams).toBe(false);
    expect(await text(buffered(), ask("/drips"))).toBe(`${"x".repeat(20)}ok`);
    expect((await buffered().request(ask("/page"))).status).toBe(502);
  });

  test("stopping settles at once, though the request runs on", async () => {
    const stop = new AbortController();
    const work = problemOf(buffered().request(ask("/drips"), stop.signal));
    await until(() => server.seen.length === 1);
    const begun = performance.now();
    stop.abort();
    expect((await work).kind).toBe("stopped");
    expect(performance.now() - begun).toBeLessThan(800);
  });

  test("what is stopped before it begins is not sent", async () => {
    let sent = 0;
    const counting = new RequestUrlTransport((request) => ((sent += 1), requestUrl(request)), realClock);
    expect((await problemOf(counting.request(ask("/ok"), AbortSignal.abort()))).kind).toBe("stopped");
    expect(sent).toBe(0);
  });

  test("its deadline, its size, and nobody there", async () => {
    expect(await problemOf(buffered().request(ask("/never", { whole: 80 })))).toMatchObject({ kind: "timeout" });
    expect(await problemOf(buffered().request(ask("/large")))).toMatchObject({ kind: "shape", code: "too_large" });
    const request = ask("/ok");
    await server.stop();
    expect((await problemOf(buffered().request(request))).kind).toBe("offline");
  });

  test("a refusal is told with the server's words", async () => {
    expect(await problemOf(text(buffered(), ask("/refused")))).toMatchObject({ kind: "busy", message: "Busy." });
  });
});

describe("whichever is let in", () => {
  /** A page whose `fetch` is kept from the server, as CORS does. */
  let blocked: boolean;
  let fetched: string[];
  const both = (): Transports => {
    blocked = true;
    fetched = [];
    const page = new FetchTransport((url, init) => {
      fetched.push(new URL(url).pathname);
      return blocked ? Promise.reject(new TypeError("Failed to fetch")) : fetch(url, init);
    }, realClock);
    return new Transports(page, new RequestUrlTransport(requestUrl, realClock));
  };

  test("fetch goes first, and alone where it works", async () => {
    const transports = both();
    blocked = false;
    expect((await transports.request(ask("/ok"))).status).toBe(200);
    expect(transports.streams).toBe(true);
    expect(server.seen).toHaveLength(1);
  });

  test("where fetch is kept out, requestUrl goes, and it is remembered", async () => {
    const transports = both();
    expect((await transports.request(ask("/ok"))).status).toBe(200);
    expect(transports.streams).toBe(false);
    const tried = fetched.length;
    expect(await text(transports, ask("/drips"))).toContain("ok");
    expect((await transports.request(ask("/page"))).status).toBe(502);
    expect(fetched).toHaveLength(tried);
  });

  test("a stream goes through requestUrl as well, once", async () => {
    const transports = both();
    expect(await text(transports, ask("/drips"))).toContain("ok");
    expect(server.seen.filter(({ url }) => url === "/drips")).toHaveLength(1);
  });

  test("what only redirects keeps fetch out for a good reason: requestUrl would take the key along", async () => {
    const login = await webServer((_, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<h1>Log in</h1>"));
    const gate = await webServer((_, response) => void response.writeHead(307, { location: login.url }).end());
    try {
      const transports = new Transports(fetching(), new RequestUrlTransport(requestUrl, realClock));
      const asked: Request = { method: "POST", url: `${gate.url}/vault/search`, headers: { authorization: "Bearer key" }, body: "a note", limits: LIMITS };
      expect((await problemOf(transports.request(asked))).kind).toBe("offline");
      expect((await problemOf(text(transports, asked))).kind).toBe("offline");
      expect(login.seen.filter(({ headers, body }) => headers.authorization !== undefined || body !== "")).toEqual([]);
    } finally {
      await Promise.all([login.stop(), gate.stop()]);
    }
  });

  test("one failure of a server that is there is none of fetch", async () => {
    const transports = both();
    const first = problemOf(transports.request(ask("/ok")));
    blocked = false;
    expect((await first).kind).toBe("offline");
    expect(transports.streams).toBe(true);
  });

  test("a server that is gone is offline, and fetch is tried anew when it is back", async () => {
    const transports = both();
    await transports.request(ask("/ok"));
    const { port } = server;
    await server.stop();
    expect((await problemOf(transports.request(ask("/ok")))).kind).toBe("offline");
    expect(transports.streams).toBe(true);
    server = await webServer((_, response) => void response.end("ok"), port);
    blocked = false;
    expect((await transports.request(ask("/ok"))).status).toBe(200);
    expect(fetched.at(-1)).toBe("/ok");
  });

  test("an answer that broke off is not asked for again", async () => {
    const transports = both();
    blocked = false;
    expect((await problemOf(text(transports, ask("/cut")))).kind).toBe("cut");
    expect(server.seen).toHaveLength(1);
  });

  test("nor one whose way failed after it had begun, whatever that says", async () => {
    const failing: Transport = {
      streams: true,
      request: () => Promise.reject(new Problem("offline")),
      stream: async function* () {
        yield Uint8Array.of(97);
        throw new Problem("offline");
      },
    };
    const transports = new Transports(failing, new RequestUrlTransport(requestUrl, realClock));
    expect((await problemOf(text(transports, ask("/ok")))).kind).toBe("offline");
    expect(server.seen).toEqual([]);
  });

  test("what took too long is not asked for again", async () => {
    const transports = both();
    blocked = false;
    expect((await problemOf(transports.request(ask("/never", { firstByte: 80 })))).kind).toBe("timeout");
    expect(server.seen).toHaveLength(1);
  });
});
