import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LANGUAGES, type Entry, type Language, type Wording } from "../src/core/texts/section";
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

/** Each wording of a language under its key, without what is the same in every language: addresses, and the names of values. */
function said(language: Language): [key: string, text: string][] {
  return all.flatMap(([key, entry]) => forms(entry[language]).map((text): [string, string] => [key, text.replace(/https?:\S+|\{\{[^}]*\}\}|\}\}/g, "").replace(/\{\w+\}/g, "{}")]));
}

const against = (language: Language, wrong: RegExp): string[] => said(language).filter(([, text]) => wrong.test(text)).map(([key, text]) => `${key}: ${text}`);

test.each<[rule: string, language: Language, wrong: RegExp]>([
  ["English puts “so” what it quotes", "en", /[«»„‘"]|\.\.\.|\w'/],
  ["Portuguese puts “so” what it quotes", "pt", /[«»„‘’"']|\.\.\./],
  ["Spanish puts «so» what it quotes", "es", /[“”„‘’"']|« | »|\.\.\./],
  ["Italian puts «so» what it quotes", "it", /[“”„‘"']|« | »|\.\.\./],
  ["French puts « so » what it quotes", "fr", /[“”„‘"']|«(?! )|[^ ]»|\.\.\./],
  ["French sets its signs apart", "fr", /[^ ][;?!]|[^ ]:(?!\d)/],
  ["Spanish opens what it asks", "es", /^[^¿]*\?|¿[^?]*[^ ?]$|!/],
  ["English sets no blank before a percent sign", "en", / %/],
  ["Portuguese sets no blank before a percent sign", "pt", / %/],
  ["Spanish sets a blank before a percent sign", "es", /[^ ]%/],
  ["Italian sets no blank before a percent sign", "it", / %/],
  ["French sets a blank before a percent sign", "fr", /[^ ]%/],
  // What Obsidian calls its things, and what is said in Portugal alone or calls a computer a machine.
  ["Portuguese has the words of Obsidian", "pt", /vaults?\b|\btags?\b|deletar|ficheiro|chaveta|telem[óo]vel|máquina|\becrã|\bligad/i],
  ["Spanish has the words of Obsidian", "es", /vaults?\b|plugins?\b|\btags?\b|\blinks?\b|máquina|ordenador|computadora|\bfichero/i],
  ["Italian has the words of Obsidian", "it", /cassaforte|modulo|\btags?\b|\blinks?\b|tavolozza|macchina/i],
  ["French has the words of Obsidian", "fr", /vaults?\b|plugins?\b|\btags?\b|étiquette|réglage|\bmachine/i],
  ["Spanish says tú", "es", /\b(usted|ustedes|haga|elija|abra|copie|pegue|actualice|vos|vosotros)\b/i],
  ["French says vous", "fr", /\b(tu|ton|tes|toi)\b/i],
])("%s", (_rule, language, wrong) => expect(against(language, wrong)).toEqual([]));

test.each(LANGUAGES)("what is opened is closed in %s", (language) => {
  const pairs = ["“”", "«»", "()", "¿?"].filter((pair) => language === "es" || pair !== "¿?");
  const open = (text: string): boolean => pairs.some(([from = "", to = ""]) => text.split(from).length !== text.split(to).length);
  expect(said(language).filter(([, text]) => !text.endsWith(" ") && open(text))).toEqual([]);
});

test("a number of things has its plural; one that counts nothing stands in brackets or before a colon", () => {
  const bare = all.filter(([, entry]) => LANGUAGES.some((language) => typeof entry[language] === "string" && /\{count\}(?!\)|\s?:)/.test(entry[language])));
  expect(bare.map(([key]) => key)).toEqual([]);
});

/** What a text has alike in every language: how it ends, and the commands, options and addresses that it names. */
function shape(text: string): { ends: string; names: string[] } {
  const names = text.match(/--[\w-]+|https?:\/\/[\w.:]+\w|allowed_\w+|sidecar (?:token \w+|service \w+|serve|doctor)|pip install [\w[\]-]+|\{\{[^}]*\}\}/g) ?? [];
  return { ends: /[.:?…]? ?$/.exec(text)?.[0] ?? "", names: names.sort() };
}

test.each(LANGUAGES)("%s ends like English, and names the same commands, options and addresses", (language) => {
  for (const [key, entry] of all) expect([key, shape(forms(entry[language])[0] ?? "")]).toEqual([key, shape(forms(entry.en)[0] ?? "")]);
});

test.each(LANGUAGES)("%s begins with a capital where English does", (language) => {
  const capital = (text = ""): boolean | null => (/^¿?\p{L}/u.test(text) ? /^¿?\p{Lu}/u.test(text) : null);
  const other = all.filter(([, entry]) => {
    const [own, english] = [capital(forms(entry[language])[0]), capital(forms(entry.en)[0])];
    return own !== null && english !== null && own !== english;
  });
  expect(other.map(([key]) => key)).toEqual([]);
});

test("what stands on a button fits the narrowest side pane", () => {
  const labels = all.filter(([key]) => /^text\.do\.|\.(do|cancel|retry|stop|undo)$/.test(key));
  const long = labels.flatMap(([, entry]) => LANGUAGES.flatMap((language) => forms(entry[language]))).filter((text) => text.length > 26);
  expect([labels.length > 10, long]).toEqual([true, []]);
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

test("a unit stays with its number at a line's end", () => {
  expect(textsFor("es")("search.score", { percent: 9 })).toBe("puntuación 9\u00a0%");
  expect(textsFor("en")("search.found", { count: 2, ms: 8 })).toBe("2 results in 8\u00a0ms");
  expect(textsFor("en")("programs.late", { within: 5 })).toMatch(/5\u00a0s$/);
});
