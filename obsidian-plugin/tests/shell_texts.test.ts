import { expect, test } from "vitest";
import { LANGUAGES, type Section, type Wording } from "../src/core/texts/section";
import { DETAILS } from "../src/core/texts/details";
import { PROBLEMS } from "../src/core/texts/problems";
import { PROGRAMS } from "../src/core/texts/programs";
import { SETTINGS } from "../src/core/texts/settings";
import { SHELL } from "../src/core/texts/shell";

const all: Section = { ...SHELL, ...PROBLEMS, ...SETTINGS, ...DETAILS, ...PROGRAMS };
const forms = (wording: Wording): string[] => (typeof wording === "string" ? [wording] : Object.values(wording));
const places = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

test.each(Object.entries(all))("%s has the same values in every language, and no empty text", (_key, entry) => {
  const wanted = places(forms(entry.en).join(" "));
  for (const language of LANGUAGES) {
    const texts = forms(entry[language]);
    expect(texts.every((text) => text.trim() !== "")).toBe(true);
    for (const text of texts) expect(places(text)).toEqual(wanted);
  }
});
