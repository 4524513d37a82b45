import { describe, expect, test } from "vitest";
import { completionAt, queryParts } from "../src/core/operators";
import { composed, duration, seeded } from "./random";

const told = (query: string): string => queryParts(query).map(({ kind, value, excludes, closed }) => `${excludes ? "-" : ""}${kind}(${value})${closed ? "" : "…"}`).join(" ");

describe("a query is taken apart", () => {
  test.each([
    ["radiator valve", "word(radiator) word(valve)"],
    ["#house -#house/heating", "tag(house) -tag(house/heating)"],
    ["path:Recipes/ -file:router tag:#x", "path(Recipes/) -file(router) tag(x)"],
    ['path:"My notes/" x', "path(My notes/) word(x)"],
    ['path:"My no', "path(My no)…"],
    ["[mood] -[city:Lyon OR Bari]", "property(mood) -property(city:Lyon OR Bari)"],
    ["[installed:<2020", "property(installed:<2020)…"],
    ["[x] [^1] [1] [", "word([x]) word([^1]) word([1]) word([)"],
    ["[[Cabin#Getting in|x]] -[[Boi", "note(Cabin#Getting in) -note(Boi)…"],
    ['"slow conversation" -"a b', 'phrase(slow conversation) -phrase(a b)…'],
    ["#1 #", "word(#1) tag()"],
    ["a-b - -", "word(a-b) word(-) word(-)"],
    ["", ""],
  ])("%j", (query, parts) => {
    expect(told(query)).toBe(parts);
  });

  test("every sign but blanks stands in one part", () => {
    const random = seeded(41);
    for (let round = 0; round < 2000; round += 1) {
      const query = composed(random, ["[", "]", "[[", "#", "path:", '"', "-", " ", "a", ":", "é", "|", "”"], 15);
      const parts = queryParts(query);
      let at = 0;
      for (const { from, to } of parts) {
        expect(query.slice(at, from).trim()).toBe("");
        expect(to).toBeGreaterThan(from);
        at = to;
      }
      expect(query.slice(at).trim()).toBe("");
      for (let cursor = 0; cursor <= query.length; cursor += 1) {
        const found = completionAt(query, cursor);
        if (found !== null) expect(query.slice(found.from, cursor)).toBe(found.typed);
      }
    }
  });

  test.each(["[", "[[", '"', "#", "-", "path:", "[a", "a "])("a long run of %j takes no long time", (piece) => {
    expect(duration(() => queryParts(piece.repeat(100_000)))).toBeLessThan(3000);
  });
});

describe("what can be completed", () => {
  test.each([
    ["x #ho|", "tag ho"],
    ["#ho|use", "tag ho"],
    ["#|", "tag "],
    ["-tag:ho|", "tag ho"],
    ["path:Re|", "path Re"],
    ['file:"a b|', "file a b"],
    ["[[Cab|", "note Cab"],
    ["[[Cab|in]]", "note Cab"],
    ["[[Cabin]]|", ""],
    ["[mo|", "property mo"],
    ["[mood:ca|", "property mood=ca"],
    ["[mood:ca|lm]", "property mood=ca"],
    ["[mood]|", ""],
    ["word|", ""],
    ["|#a", ""],
  ])("%s", (typed, expected) => {
    const cursor = typed.indexOf("|");
    const found = completionAt(typed.replace("|", ""), cursor);
    expect(found === null ? "" : `${found.kind} ${found.property === null ? "" : `${found.property}=`}${found.typed}`).toBe(expected);
  });

  test("what is chosen takes the place of what was typed, and leaves the bracket", () => {
    for (const [query, cursor, becomes] of [["[[Cabin]] x", 4, "[[NEW]] x"], ["[mood:calm] x", 8, "[mood:NEW] x"], ["[mood:calm]", 3, "[NEW:calm]"], ["#house x", 3, "#NEW x"], ["[[Cabin", 4, "[[NEW"]] as const) {
      const found = completionAt(query, cursor);
      expect(found && query.slice(0, found.from) + "NEW" + query.slice(found.to)).toBe(becomes);
    }
  });
});
