import { describe, expect, test } from "vitest";
import { readAnswer } from "../../src/core/answer/blocks";
import { writeMarkdown } from "../../src/core/answer/markdown";
import { composed, seeded } from "../random";
import { told } from "./tree";

const rewritten = (answer: string): string => writeMarkdown(readAnswer(answer, null).blocks);

describe("an answer is written into a note", () => {
  test.each([
    ["A *b* **c** ~~d~~ ==e== `f` [[Cabin#Getting in|g]] [[Boiler]].", "A *b* **c** ~~d~~ ==e== `f` [[Cabin#Getting in|g]] [[Boiler]]."],
    ["## H\n\n1. a\n2. b\n   - [ ] c", "## H\n\n1. a\n2. b\n   - [ ] c"],
    ["> [!note] T\n> x\n\n> q", "> [!note] T\n> x\n\n> q"],
    ["| a | b |\n|:-|-:|\n| 1 | [[N\\|x]] |", "| a | b |\n| :-- | --: |\n| 1 | [[N\\|x]] |"],
    ["```js\na <b>\n```", "```js\na <b>\n```"],
    ["![x](https://e.example/?d)", "[x](https://e.example/?d)"],
    ["![[https://e.example/a.png]]", "[https://e.example/a.png](https://e.example/a.png)"],
    ["![[Note]]", "[[Note]]"],
    ["Look![a](https://e.example) and ![[b]]", "Look[a](https://e.example/) and [[b]]"],
    ["Look\\![[Note]]", "Look\\![[Note]]"],
    ["&#33;[[Note]] &#33;[a](https://e.example)", "\\![[Note]] \\![a](https://e.example/)"],
    ["<img src=x> &lt;b&gt; a < b &amp;lt;", "&lt;img src=x> &lt;b> a < b &amp;lt;"],
    ["```dataviewjs\nx\n```", "```text\nx\n```"],
    ["```mermaid\nx\n```", "```text\nx\n```"],
    ["`= this.file` `$= x` `BUTTON[a]` `a=b`", "= this.file $= x BUTTON\\[a\\] `a=b`"],
    ["<% tp.x %> `<% y %>`\n\n```\n<%* z %>\n```", "&lt;% tp.x %> `< % y %>`\n\n```\n< %* z %>\n```"],
    ["```plantuml\nx\n```", "```text\nx\n```"],
    ["$\\style{background:url(//e)}{x}$ \\frac12", "$style{background:url(//e)}{x}$ \\frac12"],
    ["%% a %%", "\\%\\% a \\%\\%"],
    ["\\# a\n\\- b\n1\\. c\n\\> d", "\\# a\n\\- b\n1\\. c\n\\> d"],
    ["snake_case _a", "snake_case \\_a"],
    ["`` a`b ``", "``a`b``"],
  ])("%j", (answer, note) => {
    expect(rewritten(answer)).toBe(note);
  });

  test("with links as the vault writes them", () => {
    const blocks = readAnswer("[[Cabin#^gate]]", [{ path: "Places/Cabin.md", title: "Cabin" }]).blocks;
    expect(writeMarkdown(blocks, ({ path, block }, shown) => `<${path}|${block}|${shown}>`)).toBe("<Places/Cabin.md|gate|Cabin > ^gate>");
  });
});

const PIECES = ["a", "b ", "*", "**", "_", "`", "```\n", "[[N]]", "![[N]]", "![x](https://e.example/y)", "[x](https://e.example)", "!", "[", "]", "(", ")", "<", "<img src=x>", "&lt;", "&#33;", "&#91;", "&amp;", "\\", "\n", "\n\n", "> ", "- ", "1. ", "# ", "| a | b |\n|-|-|\n| ", "|", "%%", "~~", "==", "<%", "$", "dataviewjs\n", "`= x`", "---\n", "[^1]", "[^1]: ", "https://e.example/a_b*c", "[^<img/src=x>]", "[[<img src=x>]]", "[[N|<img src=x>]]", "[x](obsidian://open?`<img/src=x>)", "`![x](https://e.example)`"];

test("whatever an answer holds, its note holds no image, no element and nothing that runs", () => {
  const random = seeded(11);
  for (let round = 0; round < 4000; round += 1) {
    const answer = composed(random, PIECES, 25);
    const note = rewritten(answer);
    const active = outsideCode(note.replace(/^(?:[ >]|- |\d+\. )*(`{3,})[^\n]*\n[^]*?(?:\n[ >]*\1|(?![^]))/gm, ""));
    expect({ answer, note, active: /!\[|<[a-z/!?%]|%%/i.exec(active.replace(/<(?:https?|obsidian):[^\s<>]*>/g, " "))?.[0] }).toEqual({ answer, note, active: undefined });
    expect(note).not.toMatch(/^[ >]*`{3,}(?:dataview|mermaid)|<%/m);
    expect(told(readAnswer(note, null).blocks)).not.toMatch(/code\(\s*\$?=|image\(/);
  }
});

test("what was written is read as what was written", () => {
  const random = seeded(12);
  const words = ["one", "two *three*", "**four**", "`five`", "[[Six]]", "[seven](https://e.example/)", "a_b", "5 < 6 & 7", "\\*eight\\*", "!", "nine."];
  const blocks = ["\n\n", "\n", "\n\n- ", "\n\n> ", "\n\n## ", "\n\n1. ", " ", ", "];
  for (let round = 0; round < 2000; round += 1) {
    const answer = composed(random, [...words, ...blocks, ...blocks], 20);
    // An image becomes a link.
    const tree = told(readAnswer(answer, null).blocks).replace(/image\(/g, "link(");
    const again = told(readAnswer(rewritten(answer), null).blocks);
    expect({ answer, tree: again.replace(/\s+/g, " ") }).toEqual({ answer, tree: tree.replace(/\s+/g, " ") });
  }
});

/** A text without code and without what stands behind a backslash. */
function outsideCode(text: string): string {
  let rest = "";
  for (let at = 0; at < text.length; ) {
    const run = /^`+/.exec(text.slice(at))?.[0].length ?? 0;
    const close = run === 0 ? null : new RegExp(`[^\`]\`{${run}}(?!\`)`).exec(text.slice(at + run));
    if (/^\\[!-/:-@[-`{-~]/.test(text.slice(at, at + 2))) {
      rest += " ";
      at += 2;
    } else if (close !== null) at += run + close.index + 1 + run;
    else rest += text[at++];
  }
  return rest;
}
