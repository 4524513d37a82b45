import { describe, expect, test } from "vitest";
import { askEvents } from "../src/core/chat_stream";
import { Problem } from "../src/core/problem";
import type { AskEvent } from "../src/core/protocol/chat";
import { serverEvents, type ServerEvent } from "../src/core/sse";

const encoder = new TextEncoder();

async function* pieces(...parts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === "string" ? encoder.encode(part) : part;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function data(...parts: (string | Uint8Array)[]): Promise<string[]> {
  return (await all(serverEvents(pieces(...parts)))).map((event) => event.data);
}

async function problemOf(work: Promise<unknown>): Promise<Problem> {
  const problem = await work.then(() => null, (error: unknown) => error);
  expect(problem).toBeInstanceOf(Problem);
  return problem as Problem;
}

describe("events", () => {
  const CASES: [string, string, ServerEvent[]][] = [
    ["LF", "data: a\n\ndata: b\n\n", [{ name: "", data: "a" }, { name: "", data: "b" }]],
    ["CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", [{ name: "", data: "a" }, { name: "", data: "b" }]],
    ["CRLF inside an event", "event: x\r\ndata: a\r\ndata: b\r\n\r\n", [{ name: "x", data: "a\nb" }]],
    ["CR", "data: a\r\rdata: b\r\r", [{ name: "", data: "a" }, { name: "", data: "b" }]],
    ["a comment", ": keep-alive\n\ndata: a\n: more\n\n", [{ name: "", data: "a" }]],
    ["data on several lines", "data: a\ndata: b\ndata:\n\n", [{ name: "", data: "a\nb\n" }]],
    ["a name", "event: done\ndata: a\n\ndata: b\n\n", [{ name: "done", data: "a" }, { name: "", data: "b" }]],
    ["no blank after the colon, or two", "data:a\n\ndata:  b\n\n", [{ name: "", data: "a" }, { name: "", data: " b" }]],
    ["a line without a colon", "data\n\n", [{ name: "", data: "" }]],
    ["fields that are not known", "id: 1\nretry: 5\nx\ndata: a\n\n", [{ name: "", data: "a" }]],
    ["a byte order mark", "\ufeffdata: a\n\n", [{ name: "", data: "a" }]],
    ["an event without its end", "data: a\n\ndata: b\n", [{ name: "", data: "a" }]],
    ["a line separator inside the data", "data: a\u2028b\n\n", [{ name: "", data: "a\u2028b" }]],
    ["an event that has a name alone", "event: x\n\ndata: a\n\n", [{ name: "", data: "a" }]],
  ];
  test.each(CASES)("%s", async (_, text, events) => {
    expect(await all(serverEvents(pieces(text)))).toEqual(events);
  });

  test.each(CASES)("%s, cut everywhere", async (_, text, events) => {
    const bytes = encoder.encode(text);
    for (let at = 0; at <= bytes.length; at++) {
      expect(await all(serverEvents(pieces(bytes.subarray(0, at), bytes.subarray(at)))), `cut at ${at}`).toEqual(events);
    }
    expect(await all(serverEvents(pieces(...Array.from(bytes, (byte) => Uint8Array.of(byte)))))).toEqual(events);
  });

  test("characters that are cut in the middle stay whole", async () => {
    const bytes = encoder.encode("data: né 京都 🦊\n\n");
    expect(await data(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(["né 京都 🦊"]);
  });

  test("what is no UTF-8 is replaced", async () => {
    expect(await data(Uint8Array.of(...encoder.encode("data: a"), 0xff, 10, 10))).toEqual(["a\ufffd"]);
  });

  test("a line, an event and a flood of empty lines of data are bounded", async () => {
    const long = "x".repeat(40);
    const read = (...parts: string[]): Promise<unknown> => all(serverEvents(pieces(...parts), 100));
    await read(`data: ${long}\ndata: ${long}\n\n`, `data: ${long}\ndata: ${long}\n\n`);
    expect((await problemOf(read(`data: ${long}${long}${long}`))).code).toBe("event_too_long");
    expect((await problemOf(read(...Array.from({ length: 200 }, () => "x")))).kind).toBe("shape");
    expect((await problemOf(read(`data: ${long}\n`, `data: ${long}\n`, `data: ${long}\n`))).kind).toBe("shape");
    expect((await problemOf(read("data\n".repeat(101)))).kind).toBe("shape");
  });

  test("a long line in single characters takes no time that grows with its square", async () => {
    async function* drops(): AsyncGenerator<Uint8Array> {
      yield encoder.encode("data: ");
      for (let drop = 0; drop < 400_000; drop++) yield Uint8Array.of(120);
      yield encoder.encode("\n\n");
    }
    const begun = performance.now();
    expect((await all(serverEvents(drops())))[0]?.data).toHaveLength(400_000);
    expect(performance.now() - begun).toBeLessThan(8000);
  });
});

describe("an answer", () => {
  const chunk = (fields: object): string => `data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: null, ...fields }] })}\n\n`;
  const says = (content: string): string => chunk({ delta: { content } });
  const END = chunk({ finish_reason: "stop" });
  const ask = (...parts: string[]): Promise<AskEvent[]> => all(askEvents(pieces(...parts)));

  test("ends with its reason", async () => {
    expect(await ask(says("a"), END, "data: [DONE]\n\n")).toEqual([{ kind: "text", text: "a" }, { kind: "end", reason: "stop" }]);
  });

  test("that gave its reason is whole without the mark of its end", async () => {
    expect(await ask(says("a"), END)).toHaveLength(2);
  });

  test("nothing is read after its end", async () => {
    expect(await ask(END, "data: [DONE]\n\n", "data: nonsense\n\n")).toEqual([{ kind: "end", reason: "stop" }]);
  });

  test("that just stops is cut, with the text so far delivered", async () => {
    const events: AskEvent[] = [];
    const problem = await problemOf((async () => {
      for await (const event of askEvents(pieces(says("a"), "data: {\"choi"))) events.push(event);
    })());
    expect(problem.kind).toBe("cut");
    expect(events).toEqual([{ kind: "text", text: "a" }]);
    expect((await problemOf(ask(says("a"), "data: [DONE]\n\n"))).kind).toBe("cut");
  });

  test("an error midway, or in place of all, is thrown", async () => {
    const told = (type: string): string => `data: ${JSON.stringify({ error: { message: "No.", type, param: null, code: "c" } })}\n\n`;
    expect(await problemOf(ask(says("a"), told("server_error")))).toMatchObject({ kind: "failed", message: "No.", code: "c" });
    expect(await problemOf(ask(told("rate_limit_error")))).toMatchObject({ kind: "busy" });
    expect(await problemOf(ask(END, told("server_error")))).toMatchObject({ kind: "failed" });
  });

  test("what is no chunk is another program's", async () => {
    expect(await problemOf(ask("data: hello\n\n"))).toMatchObject({ kind: "shape", code: "no_json" });
    expect(await problemOf(ask("data: [1]\n\n"))).toMatchObject({ kind: "shape" });
    expect(await problemOf(ask('data: {"choices":[{"delta":{"content":7},"finish_reason":null}]}\n\n'))).toMatchObject({ kind: "shape" });
    expect(await problemOf(ask('data: {"error":"x"}\n\n'))).toMatchObject({ kind: "shape" });
  });

  test("what the model was not given is told with the sources", async () => {
    const vault = { sources: [], withheld: 2, trimmed: 1, still_reading: true };
    const told = `data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: "stop" }], vault })}\n\n`;
    expect((await ask(told))[0]).toEqual({ kind: "sources", citations: [], leftOut: { withheld: 2, trimmed: 1, stillReading: true } });
  });

  test("a chunk of usage has no choices", async () => {
    expect(await ask('data: {"choices":[],"usage":{}}\n\n', END)).toEqual([{ kind: "end", reason: "stop" }]);
  });
});
