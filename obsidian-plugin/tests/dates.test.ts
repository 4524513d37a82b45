import { describe, expect, test } from "vitest";
import { formatDate, shiftDate } from "../src/core/dates";

const DAY = new Date(2026, 2, 1, 9, 5, 7, 42);

test.each([
  ["YYYY-MM-DD", "en", "2026-03-01"], ["YY M D d E Q", "en", "26 3 1 0 7 1"], ["dddd D MMMM", "en", "Sunday 1 March"], ["Do Mo", "en", "1st 3rd"],
  ["dddd, D [de] MMMM", "pt-BR", "domingo, 1 de março"], ["ddd D MMM", "fr", "dim 1 mars"], ["dddd D MMMM", "it", "domenica 1 marzo"], ["dddd D [de] MMMM", "es", "domingo 1 de marzo"],
  ["Do", "fr", "1er"], ["Do", "it", "1º"], ["dd", "en", "Su"], ["DDD DDDD", "en", "60 060"], ["GGGG-[W]WW w", "en", "2026-W09 9"], ["HH:mm:ss.SSS H h hh A a", "en", "09:05:07.042 9 9 09 AM am"],
  ["[YYYY] [] x", "en", `YYYY  ${DAY.getTime()}`], ["YYYY", "not a language", "2026"], ["MMMM", "not a language", "March"],
])("%s in %s is %s", (format, language, expected) => {
  expect(formatDate(DAY, format, language)).toBe(expected);
});

test.each([
  [2021, 0, 3, "2020-W53"], [2024, 11, 30, "2025-W01"], [2026, 0, 1, "2026-W01"], [2027, 0, 1, "2026-W53"],
])("the week of %i/%i/%i is %s", (year, month, day, week) => {
  expect(formatDate(new Date(year, month, day), "GGGG-[W]WW", "en")).toBe(week);
});

describe("a date is shifted", () => {
  test.each([
    [[2026, 0, 31], 1, "m", "2026-02-28"], [[2024, 1, 29], 1, "y", "2025-02-28"], [[2026, 2, 1], -1, "d", "2026-02-28"], [[2026, 11, 30], 1, "w", "2027-01-06"], [[2026, 0, 15], -13, "m", "2024-12-15"],
  ] as const)("%j by %i%s to %s", ([year, month, day], amount, unit, expected) => {
    expect(formatDate(shiftDate(new Date(year, month, day, 12), amount, unit), "YYYY-MM-DD", "en")).toBe(expected);
  });
});
