import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LANGUAGES, type Entry, type Wording } from "../src/core/texts/section";
import { ENTRIES, textsFor, type Key } from "../src/core/texts/texts";
import { contract } from "./contracts";

const all = Object.entries<Entry>(ENTRIES);
const forms = (wording: Wording): string[] => (typeof wording === "string" ? [wording] : Object.values(wording));
const places = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

test.each(all)("%s has the same values in every language, and no empty text", (_key, entry) => {
  const wanted = places(forms(entry.en).join(" "));
  for (const language of LANGUAGES) {
    const texts = forms(entry[language]);
    expect(texts.every((text) => text.trim() !== "")).toBe(true);
    for (const text of texts) expect(places(text)).toEqual(wanted);
  }
});

/** The source without the texts themselves. */
function source(): string {
  const root = join(import.meta.dirname, "../src");
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
  const kept = names.filter((name) => name.endsWith(".ts") && !name.startsWith("core/texts/"));
  return kept.map((name) => readFileSync(join(root, name), "utf8")).join("\n");
}

/** What the server names, and no source of the plugin does: the rules by which it leaves files out, and the labels of settings. */
const RULES = /^rule\.(?!own$|other$)/;
const LABELS = /^programs\.label\./;

test("each text is said somewhere: by its key, or by a key that is put together from a word of the source", () => {
  const code = source();
  const words = new Set([...code.matchAll(/"([\w-]+)"/g)].map(([, word]) => word));
  const joined = [...code.matchAll(/`((?:\w+\.)+)\$\{[^`]*?\}((?:\.\w+)?)`/g)].map(([, head = "", tail = ""]) => [head, tail] as const);
  const isJoined = (key: string): boolean =>
    joined.some(([head, tail]) => key.startsWith(head) && key.endsWith(tail) && words.has(key.slice(head.length, key.length - tail.length)));
  const unsaid = Object.keys(ENTRIES).filter((key) => !code.includes(`"${key}"`) && !isJoined(key) && !RULES.test(key) && !LABELS.test(key));
  expect(unsaid).toEqual([]);
});

test("each rule that has words is one of the server's", () => {
  const root = join(import.meta.dirname, "../../sidecar");
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".py"));
  const server = names.map((name) => readFileSync(join(root, name), "utf8")).join("\n");
  const named = (rule: string): boolean => ['"', "'"].some((sign) => [sign, ":"].some((end) => server.includes(`${sign}${rule}${end}`)));
  const rules = Object.keys(ENTRIES).filter((key) => RULES.test(key)).map((key) => key.slice("rule.".length));
  expect(rules.filter((rule) => !named(rule) && !named(rule.replaceAll("_", "-")))).toEqual([]);
});

test("each label that has words is one of the server's", () => {
  const { clients } = contract<{ body: { clients: { settings: { label: string }[] }[] } }>("clients").body;
  const labels = clients.flatMap(({ settings }) => settings.map(({ label }) => `programs.label.${label}`));
  expect(labels).toEqual(expect.arrayContaining(Object.keys(ENTRIES).filter((key) => LABELS.test(key))));
});

test("a language tag chooses its language, and an unknown one English", () => {
  const key: Key = "ask.send";
  const chosen = ["pt-BR", "pt_PT", "ES", "it", "fr-CA", "en-GB", "de", ""].map((tag) => textsFor(tag).language);
  expect(chosen).toEqual(["pt", "pt", "es", "it", "fr", "en", "en", "en"]);
  expect(textsFor("fr")(key)).toBe(ENTRIES[key].fr);
});

test("a text is said with its plural, its numbers as the language writes them, and places without a value left standing", () => {
  const [en, pt] = [textsFor("en"), textsFor("pt")];
  expect(en("status.attention", { count: 1 })).toBe("Sidecar: ready, 1 thing to look at");
  expect(en("status.attention", { count: 2 })).toBe("Sidecar: ready, 2 things to look at");
  expect(pt("status.attention", { count: 1_000_000 })).toBe("Sidecar: pronto, 1.000.000 de avisos");
  expect(en("status.indexing", { done: 1200, total: 3000 })).toContain("1,200 of 3,000");
  expect(en("status.indexing", { done: 1 })).toContain("{total}");
  expect(en("ask.saved", { name: "{path}" })).toContain("{path}");
});

test("French signs stay with their word at a line's end, and a value is left as it is", () => {
  const fr = textsFor("fr");
  expect(fr("status.ready")).toBe("Sidecar\u00a0: prêt");
  expect(fr("details.server_says", { message: "a : b" })).toBe("Le serveur dit\u00a0: a : b");
  expect(fr("problem.scope.hint")).not.toMatch(/ [:;?!»]|« /);
  expect(textsFor("en")("status.ready")).toBe("Sidecar: ready");
});
