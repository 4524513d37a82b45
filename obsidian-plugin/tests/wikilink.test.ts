import { expect, test } from "vitest";
import { linkText, readWikilink, shownText } from "../src/core/wikilink";

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
