import { describe, expect, test } from "vitest";
import { Names, linkedPaths, wikilink } from "../src/core/links";
import { linkText, readWikilink, shownText } from "../src/core/wikilink";

const PATHS = ["House/Boiler.md", "Boiler.md", "Places/Cabin.md", "Plan.canvas", "A/B/Deep.md", "Café.md", "C#.md", "x|y.md", "deep/deep.md"];
const NAMES = new Names(PATHS);
const target = (path: string, heading: string | null = null, block: string | null = null) => ({ path, heading, block });

describe("links as Obsidian writes them", () => {
  test.each([
    [target("Places/Cabin.md"), null, "[[Cabin]]"],
    [target("Boiler.md"), null, "[[Boiler]]"],
    [target("House/Boiler.md"), null, "[[House/Boiler]]"],
    [target("A/B/Deep.md"), null, "[[A/B/Deep]]"],
    [target("Plan.canvas"), null, "[[Plan.canvas]]"],
    [target("Places/Cabin.md", "Getting in"), null, "[[Cabin#Getting in]]"],
    [target("Places/Cabin.md", "A: b | c [d] ^e"), null, "[[Cabin#A b c d e]]"],
    [target("Places/Cabin.md", null, "gate-code"), "the code", "[[Cabin#^gate-code|the code]]"],
    [target("Places/Cabin.md"), "Cabin", "[[Cabin]]"],
    [target("Places/Cabin.md"), "cabin", "[[Cabin|cabin]]"],
    [target("Places/Cabin.md"), "a|b]] [[c", "[[Cabin|a¦b c]]"],
    [target("C#.md"), null, "[C#](<C%23.md>)"],
    [target("x|y.md"), "a]b", "[a\\]b](<x%7Cy.md>)"],
  ])("%j", (to, alias, expected) => {
    expect(wikilink(to, NAMES, alias)).toBe(expected);
  });

  test.each([
    ["Cabin", "", "Places/Cabin.md"],
    ["cabin.md", "", "Places/Cabin.md"],
    ["Boiler", "", "Boiler.md"],
    ["House/Boiler", "", "House/Boiler.md"],
    ["Boiler", "House/Other.md", "Boiler.md"],
    ["Deep", "", "deep/deep.md"],
    ["B/Deep", "", "A/B/Deep.md"],
    ["Cafe\u0301", "", "Café.md"],
    ["Plan.canvas", "", "Plan.canvas"],
    ["Nothing", "", null],
  ])("%s leads from %j to %j", (to, source, path) => {
    expect(NAMES.resolve(to, source)).toBe(path);
  });

  test("tell which notes are linked already", () => {
    expect([...linkedPaths(["Cabin#Getting in|x", "House/Boiler.md", "gone"], PATHS, NAMES)]).toEqual(["House/Boiler.md", "Places/Cabin.md"]);
  });

  test("lead where they were written for", () => {
    for (const path of PATHS.filter((each) => !/[#|]/.test(each))) expect(NAMES.resolve(readWikilink(wikilink(target(path), NAMES).slice(2, -2)).path)).toBe(path);
  });
});

test.each([
  ["Note", "Note", "Note"],
  [" Note # Heading ", "Note#Heading", "Note > Heading"],
  ["Note#A#B|x", "Note#A#B", "x"],
  ["Note#^id", "Note#^id", "Note > ^id"],
  ["Note#A#^id", "Note#^id", "Note > ^id"],
  ["Note\\|x", "Note", "x"],
  ["Note|", "Note", "Note"],
  ["#Heading", "#Heading", "Heading"],
  ["Note#", "Note", "Note"],
])("the wikilink %j leads to %j and shows %j", (inside, text, shown) => {
  expect(linkText(readWikilink(inside))).toBe(text);
  expect(shownText(readWikilink(inside))).toBe(shown);
});
