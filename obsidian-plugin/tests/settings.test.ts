import { expect, test } from "vitest";
import { changed, DEFAULTS, keptBeside, readSettings } from "../src/settings/settings";

const BROKEN: [string, unknown][] = [
  ["nothing", null],
  ["nothing at all", undefined],
  ["a text", "settings"],
  ["a list", [1, 2]],
  ["a number", 7],
  ["sections that are no sections", { connection: 3, ask: null, related: [], prompts: "x", text: true }],
  ["values of other types", { connection: { mode: 1, url: {}, trustPlain: "yes", vault: 9 }, ask: { model: 4, notes: "often", folder: null }, related: { limit: "many", minimumScore: Number.NaN } }],
  ["names of the prototype", JSON.parse('{"__proto__": {"ask": {"model": "x"}}, "constructor": 1}')],
  ["a text without end", { connection: { url: "x".repeat(10_000) } }],
];

test.each(BROKEN)("a file that holds %s gives the defaults", (_name, kept) => {
  expect(readSettings(kept)).toEqual(DEFAULTS);
});

test("what is usable is kept, beside what is not", () => {
  const read = readSettings({ connection: { mode: "manual", url: 5, trustPlain: true }, related: { limit: 900, minimumScore: -1 } });
  expect(read.connection).toEqual({ ...DEFAULTS.connection, mode: "manual", trustPlain: true });
  expect(read.related).toEqual({ limit: 50, minimumScore: 0 });
});

test.each([
  ["../../elsewhere/x", "elsewhere/x"],
  ["a/../../b", "a/b"],
  ["..\\..\\b", "b"],
  [".obsidian/plugins", "plugins"],
  ["/a// b /", "a/b"],
  ["..", ""],
])("a folder %j of the vault stays in the vault, and in sight", (kept, folder) => {
  const read = readSettings({ ask: { folder: kept }, prompts: { folder: kept } });
  expect([read.ask.folder, read.prompts.folder]).toEqual([folder, folder]);
});

test("an empty model is the server's own choice", () => {
  expect(readSettings({ ask: { model: "" } }).ask.model).toBeNull();
});

test("a change touches what it names alone, and is checked as a file is", () => {
  const next = changed(DEFAULTS, { ask: { model: "vault" }, related: { limit: 0 } });
  expect(next.ask).toEqual({ ...DEFAULTS.ask, model: "vault" });
  expect(next.related.limit).toBe(1);
  expect(DEFAULTS.ask.model).toBeNull();
  expect(changed(next, { ask: { model: null } }).ask.model).toBeNull();
});

test("what a newer version kept is not thrown away by this one", () => {
  const newer = { version: 3, ask: { voice: "low", model: "vault" }, graph: { depth: 2 } };
  const kept = keptBeside(newer, changed(readSettings(newer), { ask: { notes: "never" } }));
  expect(kept).toMatchObject({ version: 3, ask: { voice: "low", model: "vault", notes: "never" }, graph: { depth: 2 } });
});

test("settings cannot be changed in passing", () => {
  expect(() => { (DEFAULTS.ask as { model: string }).model = "x"; }).toThrow(TypeError);
});
