import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readAnswer, sameBlocks, type Block } from "../../src/core/answer/blocks";
import type { Inline } from "../../src/core/answer/inline";
import { composed, duration, seeded } from "../random";
import { told } from "./tree";

const CASES = readFileSync(new URL("cases.md", import.meta.url), "utf8").split(/^## /m).slice(1).map((part) => {
  const [, title = "", source = "", tree = ""] = /^(.*)\n````\n([^]*?)\n````\n([^]*)$/.exec(part) ?? [];
  return { title, source, tree: tree.trim() };
});

const squeezed = (text: string): string => text.replace(/ +/g, " ").trim();

describe("an answer is read", () => {
  test.each(CASES)("$title", ({ source, tree }) => {
    expect(squeezed(told(readAnswer(source, null).blocks))).toBe(squeezed(tree));
  });

  test("with any kind of line end", () => {
    expect(readAnswer("a\r\nb\rc\n\nd", null)).toEqual(readAnswer("a\nb\nc\n\nd", null));
  });
});

const SOURCES = [
  { path: "Places/Cabin.md", title: "Cabin", link: "Cabin#Getting in", heading_path: ["Cabin", "Getting in"] },
  { path: "Places/Cabin.md", title: "Cabin", link: "Cabin#Getting in", heading_path: ["Cabin", "Getting in"] },
  { path: "House/Boiler.md", title: "Boiler", link: "Boiler", heading_path: [] },
];

describe("citations", () => {
  test("lead to the path of their source, and say which sources they are", () => {
    const { blocks, cited } = readAnswer("a [[cabin#getting  in]] b [[Places/Cabin#Getting in]] c [[Boiler]]", SOURCES);
    expect(told(blocks)).toBe("p(a  1:cabin > getting  in{Places/Cabin.md#getting  in}  b  1:Places/Cabin > Getting in{Places/Cabin.md#Getting in}  c  2:Boiler{House/Boiler.md})".replace(/ {2}/g, (two) => two));
    expect(cited).toEqual([
      { n: 1, path: "Places/Cabin.md", heading: "getting  in", block: null, sources: [0, 1] },
      { n: 2, path: "House/Boiler.md", heading: null, block: null, sources: [2] },
    ]);
  });

  test("have no number when the sources are known and they are none of them", () => {
    expect(told(readAnswer("[[Other]] [[Boiler]]", SOURCES).blocks)).toBe("p(-:Other{Other}   1:Boiler{House/Boiler.md})");
    expect(readAnswer("[[Other]]", []).cited).toEqual([]);
  });

  test("within a quotation are the note's own links, as long as nothing else is known", () => {
    expect(told(readAnswer("> [[Rui]]\n\n[[Boiler]]", null).blocks)).toBe("quote(p(-:Rui{Rui})) p(1:Boiler{Boiler})");
    expect(told(readAnswer("> [[Boiler]]", SOURCES).blocks)).toBe("quote(p(1:Boiler{House/Boiler.md}))");
  });

  test("of a place in the same note have no number", () => {
    expect(told(readAnswer("[[#Costs]]", null).blocks)).toBe("p(-:Costs{#Costs})");
  });
});

describe("half an answer", () => {
  test.each([
    ["see [[Cab", "p(see )"],
    ["see [[Cabin#Getting in]", "p(see )"],
    ["see ![[Cab", "p(see )"],
    ["see [words", "p(see )"],
    ["see [words](https://exa", "p(see )"],
    ["see [words] and", "p(see [words] and)"],
    ["a **bold te", "p(a  strong(bold te))"],
    ["a **bold *and", "p(a  strong(bold  em(and)))"],
    ["a **", "p(a )"],
    ["a ~~str", "p(a  strike(str))"],
    ["snake _ca", "p(snake _ca)"],
    ["a `co", "p(a  code(co))"],
    ["```js\nx", "code-js…(x)"],
    ["a\n\n#", "p(a)"],
    ["a\n\n-", "p(a)"],
    ["- a\n- ", "ul(• p(a) • )"],
    ["1", ""],
    ["| a | b |", "table(null,null : a / b)"],
    ["| a | b |\n|--", "table(null,null : a / b)"],
    ["| a | b |\n|---|---|\n| c |", "table(null,null : a / b : c)"],
    ["> **q", "quote(p(strong(q)))"],
    ["**done**\n\n**half", "p(strong(done)) p(strong(half))"],
    ["**open\n\nnext", "p(**open) p(next)"],
  ])("%j", (source, tree) => {
    expect(told(readAnswer(source, null, { unfinished: true }).blocks)).toBe(tree);
  });

  test("grows without a block before the last two changing", () => {
    const answer = CASES.map(({ source }) => source.replace(/```[^`]*$/, "")).join("\n\nNext.\n\n");
    let before: readonly Block[] = [];
    for (let length = 1; length < answer.length; length += 11) {
      const after = readAnswer(answer.slice(0, length), null, { unfinished: true }).blocks;
      // A list or a table may take in what came as a block of its own, and nothing earlier is drawn anew.
      expect(sameBlocks(before, after)).toBeGreaterThanOrEqual(before.length - 2);
      before = after;
    }
  });

  test("never shows half of a link's brackets on its way", () => {
    const answer = "First [[Cabin#Getting in]] and **then** [the page](https://example.org/a) too.";
    for (let length = 1; length <= answer.length; length += 1) {
      expect(told(readAnswer(answer.slice(0, length), null, { unfinished: true }).blocks)).not.toMatch(/\[|\*|\]\(/);
    }
  });
});

const HOSTILE = ["[", "[[", "![", "![[", "[a](", "[a](<", "[a](x \"", "]", "]]", "](", "*", "**", "*a ", "_a", "*a_", "**a*", "`", "`a", "``a`", "~~", "~~a", "==a", "<", "<http://", "http://", "h", "&", "&amp", "\\", "\\[", "[^", "[^a]", "(", "[a]((", "[x]((a)", "> ", ">", "- ", " - ", "1. ", "# ", "|", "| a ", "\\|", "```", "~~~\n", "```\n", "> > ", "- - ", "\n", "\n\n", "> \n", "- \n", "|\n", "|-|\n", "| a |\n|-|\n", "$$", "[[a|", "[[a]]", " ", "\t", "a ^", "# #", " #", "----", "- - - x", "[!", "> [!a]", "[a]: http://x\n", "😀*", "\u200b_"];

describe("hostile input", () => {
  test.each(HOSTILE)("a long run of %j takes no long time, finished or not", (piece) => {
    const text = piece.repeat(Math.ceil(100_000 / piece.length));
    const spent = duration(() => {
      readAnswer(text, null);
      readAnswer(text, null, { unfinished: true });
      readAnswer(`a ${text}\n)]*\`> end`, null);
    });
    expect(spent).toBeLessThan(8000);
  });

  test("nothing nests deeper than whoever draws it can go", () => {
    for (const piece of [...HOSTILE.map((each) => [each, each] as const), ["*a **b ", "** b*"] as const, ["> - ", ""] as const]) {
      const { blocks } = readAnswer(piece[0].repeat(1000) + "x" + piece[1].repeat(1000), null);
      expect(depth(blocks)).toBeLessThan(40);
    }
  });

  test("any mixture becomes a tree in which nothing is loaded and every link is one that may be followed", () => {
    const random = seeded(7);
    const pieces = [...HOSTILE, "https://e.example/i.png", "obsidian://open?file=a", "javascript:alert(1)", "data:image/png,x", "<img src=//e.example>", "]]", ")", "](", "words", "\n", "|---|\n", "![", "//e.example/"];
    for (let round = 0; round < 1500; round += 1) {
      const { blocks } = readAnswer(composed(random, pieces, 40), null, { unfinished: round % 2 === 0 });
      for (const one of flat(blocks)) if (one.kind === "link") expect(one.href).toMatch(/^(?:https?:\/\/[^\s]+|obsidian:\/\/(?:open|search)\?[^\s]*)$/i);
    }
  });
});

function depth(node: unknown): number {
  if (Array.isArray(node)) return Math.max(0, ...node.map(depth));
  if (typeof node !== "object" || node === null) return 0;
  return 1 + Math.max(0, ...Object.values(node).map(depth));
}

function flat(node: unknown): Inline[] {
  if (Array.isArray(node)) return node.flatMap(flat);
  if (typeof node !== "object" || node === null) return [];
  return [node as Inline, ...Object.values(node).flatMap(flat)];
}

test.each([
  ["https://аpple.com/x", "https://xn--pple-43d.com/x"],
  ["<https://e.example/\u202Egnp.x>", "https://e.example/%E2%80%AEgnp.x"],
  ["https://pt.wikipedia.org/wiki/Ação", "https://pt.wikipedia.org/wiki/Ação"],
])("an address that stands for itself looks like no other: %j", (answer, shown) => {
  const [paragraph] = readAnswer(answer, null).blocks;
  expect(JSON.stringify(paragraph)).toContain(`"inside":[{"kind":"text","text":"${shown}"}],"bare":true`);
});
