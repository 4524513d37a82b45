/** Every example of the page for users, run. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fill, type Values } from "../../src/core/templates/fill";
import { parseTemplate } from "../../src/core/templates/parse";
import { readPrompt } from "../../src/core/templates/prompt_note";
import { FILTERS, PLACES } from "../../src/core/templates/template";
import { cells } from "../../src/core/answer/lines";

const PAGE = readFileSync(new URL("../../../docs/how-to/write-your-own-prompts.md", import.meta.url), "utf8");
const MOMENT = { now: new Date(2026, 2, 14, 9, 26), language: "en" };
const NOTE = /```note\n---\n[^]*?---\n([^]*?)\n```/.exec(PAGE)?.[1] ?? "";
const SELECTED = "The pressure falls every week";
const AT = NOTE.indexOf(SELECTED);
const FACTS: Record<string, string> = {
  selection: SELECTED, note: NOTE, title: "Boiler", path: "House/Boiler.md", folder: "House", tags: "#house #house/heating", language: "English",
  clipboard: "See you on Monday",
};
const ANSWERS: Record<string, string> = { "Who is it for?": "Ana", Tone: "friendly", Language: "Italian" };
const VALUES: Values = {
  fact: (name) => FACTS[name] ?? "",
  property: (name) => ({ installed: "2019-10-02" })[name] ?? "",
  around: (side) => (side === "before" ? NOTE.slice(0, AT) : NOTE.slice(AT + SELECTED.length)),
  ask: async (questions) => questions.map(({ question }) => ANSWERS[question] ?? ""),
  related: async (count) => ["[[Warranties]]", "[[Router]]", "[[Cabin]]"].slice(0, count).join(", "),
  search: async () => "[[Boiler]]",
};

async function run(source: string): Promise<string | null> {
  const { template, problems } = parseTemplate(source);
  expect(problems).toEqual([]);
  return template === null ? null : fill(template, VALUES, MOMENT);
}

const EXAMPLES = PAGE.split("\n").filter((line) => line.startsWith("| `")).map(cells).flatMap((row) =>
  [0, 3].flatMap((column) => {
    const codes = (cell = ""): string[] => Array.from(cell.matchAll(/`([^`]+)`/g), ([, code = ""]) => code.replace(/\\\|/g, "|"));
    return codes(row[column]).filter((code) => code.includes("{{")).map((code, at) => [code, codes(row[column + 1])[at]] as const);
  }),
);

describe("the page on prompts", () => {
  test.each(EXAMPLES)("%s becomes %s", async (source, expected) => {
    expect(await run(source)).toBe(expected);
  });

  test("has an example of every place and every filter", () => {
    const sources = EXAMPLES.map(([source]) => source).join(" ");
    expect(EXAMPLES.length).toBeGreaterThan(45);
    expect(PLACES.filter((name) => name !== "today" && !sources.includes(`{{${name}`))).toEqual([]);
    expect(FILTERS.filter((name) => !sources.includes(`|${name}`))).toEqual([]);
  });

  test("has prompts that can be read and filled in", async () => {
    const notes = Array.from(PAGE.matchAll(/```prompt\n([^]*?)\n```/g), ([, note = ""]) => note);
    expect(notes).toHaveLength(4);
    for (const text of notes) {
      const { prompt, problems } = readPrompt({ path: "Prompts/One.md", text, properties: frontmatter(text) });
      expect(problems).toEqual([]);
      const filled = prompt === null ? "" : await fill(prompt.template, VALUES, MOMENT);
      expect(filled).not.toContain("{{");
      expect(filled?.length).toBeGreaterThan(40);
    }
  });

  test("has a prompt whose conditions leave no empty lines", async () => {
    const text = Array.from(PAGE.matchAll(/```prompt\n([^]*?)\n```/g), ([, note = ""]) => note)[1] ?? "";
    const { prompt } = readPrompt({ path: "Tasks.md", text, properties: frontmatter(text) });
    expect(prompt).toMatchObject({ name: "Tasks from this meeting", output: "new-note", notes: "never", temperature: 0.2 });
    const filled = prompt === null ? "" : await fill(prompt.template, VALUES, MOMENT);
    expect(filled).toMatch(/Today is Saturday, 14 March 2026\.\n\nThe pressure falls every week\n$/);
  });
});

/** The frontmatter of the page's examples: a name and a value a line. Obsidian reads it for the real ones. */
function frontmatter(text: string): Record<string, unknown> {
  const lines = (/^---\n([^]*?)\n---/.exec(text)?.[1] ?? "").split("\n");
  return Object.fromEntries(lines.map((line) => {
    const [name = "", value = ""] = line.split(/: (.*)/);
    return [name, /^[\d.]+$/.test(value) ? Number(value) : value];
  }));
}
