import { describe, expect, test } from "vitest";
import { diffLines, diffWords, wordsOf, type Difference } from "../src/core/text_diff";
import { composed, duration, pick, seeded } from "./random";

const side = (found: readonly Difference[], without: "removed" | "added"): string => found.filter(({ kind }) => kind !== without).map(({ text }) => text).join("");
const told = (found: readonly Difference[]): string => found.map(({ kind, text }) => ({ same: text, removed: `[-${text}]`, added: `[+${text}]` })[kind]).join("");

describe("what changes", () => {
  test.each([
    ["the old house", "the new house", "the [-old][+new] house"],
    ["a b c", "a c", "a [-b ]c"],
    ["a c", "a b c", "a [+b ]c"],
    ["same", "same", "same"],
    ["", "new", "[+new]"],
    ["old", "", "[-old]"],
    ["", "", ""],
    ["Don’t go.", "Don’t stay!", "Don’t [-go.][+stay!]"],
    ["今日は晴れ", "今日は雨", "今日は[-晴れ][+雨]"],
  ])("from %j to %j", (before, after, expected) => {
    expect(told(diffWords(before, after))).toBe(expected);
  });

  test("by lines", () => {
    expect(told(diffLines("a\nb\nc", "a\nB\nc\nd"))).toBe("a\n[-b\nc][+B\nc\nd]");
    expect(told(diffLines("a\nb\nc\n", "a\nc\n"))).toBe("a\n[-b\n]c\n");
  });
});

test("both texts can be put together again, for any texts and any bound", () => {
  const random = seeded(21);
  const pieces = ["a", "b", "c", " ", "\n", "word", "’", "😀", "é", "e\u0301", "今", ".", "\r\n", "\ud83d"];
  for (let round = 0; round < 4000; round += 1) {
    const before = composed(random, pieces, 30);
    const after = round % 3 === 0 ? before.replace(pick(random, pieces), pick(random, pieces)) : composed(random, pieces, 30);
    for (const diff of [diffWords, diffLines]) {
      const found = diff(before, after, { most: pick(random, [0, 5, 100, 100_000]) });
      expect(side(found, "added")).toBe(before);
      expect(side(found, "removed")).toBe(after);
      found.forEach(({ kind, text }, at) => expect(text !== "" && kind !== found[at + 1]?.kind).toBe(true));
    }
  }
});

test("the differences are as few as they can be", () => {
  const random = seeded(22);
  for (let round = 0; round < 500; round += 1) {
    const [before, after] = [composed(random, ["a ", "b ", "c "], 12), composed(random, ["a ", "b ", "c "], 12)];
    const kept = diffWords(before, after).filter(({ kind }) => kind === "same").reduce((sum, { text }) => sum + wordsOf(text).length, 0);
    expect(kept).toBe(longestCommon(wordsOf(before), wordsOf(after)));
  }
});

test("texts of any size are compared in a bounded time", () => {
  const random = seeded(23);
  const long = (pieces: readonly string[]): string => Array.from({ length: 100_000 }, () => pick(random, pieces)).join("");
  for (const [before, after] of [[long(["a ", "b "]), long(["a ", "b "])], [long(["x\n", "y "]), long(["p ", "q\n"])], ["a".repeat(400_000), "b".repeat(400_000)], ["!".repeat(100_000), "?".repeat(100_000)]] as const) {
    expect(duration(() => diffWords(before, after))).toBeLessThan(8000);
    expect(side(diffWords(before, after), "removed")).toBe(after);
  }
});

function longestCommon(one: readonly string[], other: readonly string[]): number {
  let row = new Array<number>(other.length + 1).fill(0);
  for (const word of one) {
    const next = [0];
    other.forEach((each, at) => next.push(each === word ? (row[at] ?? 0) + 1 : Math.max(row[at + 1] ?? 0, next[at] ?? 0)));
    row = next;
  }
  return row.at(-1) ?? 0;
}
