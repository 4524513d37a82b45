/** What the plugin says, in the user's language: one text by its key. */
import { LANGUAGES, type Entry, type Language } from "./section";
import { SHELL } from "./shell";
import { ASK } from "./ask";
import { NOTES } from "./notes";
import { TEXT_COMMANDS } from "./text_commands";
import { PROBLEMS } from "./problems";
import { SETTINGS } from "./settings";
import { DETAILS } from "./details";
import { PROGRAMS } from "./programs";

export const ENTRIES = { ...SHELL, ...ASK, ...NOTES, ...TEXT_COMMANDS, ...PROBLEMS, ...SETTINGS, ...DETAILS, ...PROGRAMS };

export type Key = keyof typeof ENTRIES;
export type Values = Readonly<Record<string, string | number>>;

/** Give the text of a key. `count` among the values chooses the plural; numbers are written as the language does. */
export type Texts = {
  (key: Key, values?: Values): string;
  readonly language: Language;
};

/** Make the texts of a language tag such as `pt-BR`; English for one that is not there. */
export function textsFor(tag: string): Texts {
  const language = LANGUAGES.find((known) => tag.toLowerCase().split(/[-_]/)[0] === known) ?? "en";
  const plurals = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  const say = (key: Key, values: Values = {}): string => {
    const entry: Entry = ENTRIES[key];
    const wording = entry[language];
    const text = typeof wording === "string" ? wording : chosen(wording, plurals.select(Number(values["count"] ?? 0)));
    return bound(text, language).replace(/\{(\w+)\}/g, (place, name: string) => {
      const value = values[name];
      if (value === undefined) return place;
      return typeof value === "number" ? numbers.format(value) : value;
    });
  };
  return Object.assign(say, { language });
}

/** The text with blanks that do not break, where a sign or a unit stands apart from its word: French sets most signs so. */
export function bound(text: string, language: Language): string {
  const units = text.replace(/ (?=%)/g, "\u00a0").replace(/([\d}]) (?=m?s(?![\w’]))/g, "$1\u00a0");
  return language === "fr" ? units.replace(/ (?=[:;?!»])/g, "\u00a0").replace(/« /g, "«\u00a0") : units;
}

function chosen(wording: { one: string; many?: string; other: string }, category: Intl.LDMLPluralRule): string {
  if (category === "one") return wording.one;
  if (category === "many") return wording.many ?? wording.other;
  return wording.other;
}
