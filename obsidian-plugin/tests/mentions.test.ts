import { describe, expect, test } from "vitest";
import { MentionFinder, linkMentions } from "../src/core/mentions";
import { prose } from "../src/core/prose";
import { composed, duration, seeded } from "./random";

const NAMES = [
  { path: "Boiler.md", name: "Boiler" }, { path: "Costs.md", name: "Boiler costs" }, { path: "Rui.md", name: "Rui" }, { path: "Rui 2.md", name: "Rui" },
  { path: "C.md", name: "C++" }, { path: "It.md", name: "It" }, { path: "Cafe.md", name: "Café Müller" }, { path: "京都.md", name: "京都" }, { path: "2024.md", name: "2024" },
];
const FINDER = new MentionFinder(NAMES);
const told = (note: string, except?: ReadonlySet<string>): string => {
  const found = FINDER.find(note, except);
  for (const { from, to, text } of found) expect(note.slice(from, to)).toBe(text);
  return found.map(({ text, paths }) => `${text}>${paths.map((path) => path.replace(".md", "")).join("+")}`).join(" ");
};

describe("names in prose", () => {
  test.each([
    ["The boiler is old.", "boiler>Boiler"],
    ["Boilers, reboiler, boiler_x, Boiler's", "Boiler>Boiler"],
    ["The boiler\ncosts much", "boiler\ncosts>Costs"],
    ["The boiler\n\ncosts much", "boiler>Boiler"],
    ["boiler costs boiler", "boiler costs>Costs boiler>Boiler"],
    ["call Rui", "Rui>Rui+Rui 2"],
    ["it is 2024", ""],
    ["Cafe\u0301 mu\u0308ller and CAFÉ MÜLLER", "Cafe\u0301 mu\u0308ller>Cafe CAFÉ MÜLLER>Cafe"],
    ["私は京都へ", "京都>京都"],
    ["I write C++ and C+", "C++>C"],
    ["---\nboiler: 1\n---\nboiler", "boiler>Boiler"],
    ["# Boiler\nboiler", "boiler>Boiler"],
    ["```\nboiler\n```\nboiler", "boiler>Boiler"],
    ["> - ~~~~\n> boiler\n> ~~~\n> boiler\n> ~~~~\nboiler", "boiler>Boiler"],
    ["`boiler` ``x ` boiler`` boiler", "boiler>Boiler"],
    ["[[Boiler]] [[x|boiler]] ![[boiler.png]] [boiler](x) [a](boiler(x)b) [boiler][1] [^boiler] boiler", "boiler>Boiler"],
    ["https://x.org/boiler www.boiler.com boiler@x.org #boiler #a/boiler <a boiler> boiler ^boiler", "boiler>Boiler"],
    ["$boiler$ and $$\nboiler\n$$ %% boiler %% <!-- boiler --> boiler", "boiler>Boiler"],
    ["the `boiler", "boiler>Boiler"],
    ["a ` b\n\nboiler ` c", "boiler>Boiler"],
    ["[ ] boiler [x] boiler", "boiler>Boiler boiler>Boiler"],
  ])("%j", (note, expected) => {
    expect(told(note)).toBe(expected);
  });

  test("without those of notes that are linked, or are this one", () => {
    expect(told("Rui and the boiler", new Set(["Rui.md", "Boiler.md"]))).toBe("Rui>Rui 2");
  });

  test("become links, and nothing when the text has changed since", () => {
    const note = "| the boiler | x |\nRui and the boiler";
    const found = FINDER.find(note);
    expect(linkMentions(note, [...found].reverse(), ({ text }) => `[[N|${text}]]`)).toBe("| the [[N\\|boiler]] | x |\n[[N|Rui]] and the [[N|boiler]]");
    expect(linkMentions(`x${note}`, found, () => "")).toBeNull();
    expect(linkMentions(note, [...found, ...found], () => "")).toBeNull();
    expect(linkMentions(note, [], () => "")).toBe(note);
  });

  test("once linked are found no more", () => {
    const random = seeded(31);
    for (let round = 0; round < 1500; round += 1) {
      const note = composed(random, ["boiler", " ", "costs", "\n", "\n\n", "`", "```\n", "[[", "]]", "Rui", "# ", "$", "%%", "(", "](", "[", "京都", "<", ">", "#", "| ", "---\n"], 25);
      const linked = linkMentions(note, FINDER.find(note), ({ text }) => `[[N|${text}]]`) ?? "";
      expect(linked.replace(/\[\[N\\?\|([^\]]*)\]\]/g, "$1")).toBe(note);
    }
  });
});

test.each(["[", "[[", "[a](", "[x]((a)", "`", "``a`", "<", "<a", "$a", "$$", "%%", "<!--", "#", "a@", "a.", "http", "a+", "(", " ^a", "\n", "```\n", "> ", "boiler ", "boiler", "---\n", "a ` ", "![a][", " \n"])("a long run of %j takes no long time", (piece) => {
  const note = piece.repeat(100_000 / piece.length);
  expect(duration(() => { FINDER.find(note); prose(`x\n${note}`); })).toBeLessThan(8000);
});

test("twenty thousand names cost a long note little", () => {
  const finder = new MentionFinder(Array.from({ length: 20_000 }, (_, at) => ({ path: `${at}.md`, name: `note number ${at} of all` })));
  const note = Array.from({ length: 5_000 }, (_, at) => `see note number ${at * 3} of all the others.`).join("\n");
  let found = 0;
  expect(duration(() => { found = finder.find(note).length; })).toBeLessThan(8000);
  expect(found).toBe(5000);
});
