import { describe, expect, it } from "vitest";
import { LANGUAGES } from "../src/core/texts/section";
import { readPrompt } from "../src/core/templates/prompt_note";
import { fill, type Values } from "../src/core/templates/fill";
import { outcomeOf, promptPassage } from "../src/core/text_commands/prompt_passage";
import { samplePrompts } from "../src/core/text_commands/sample_prompts";

/** The frontmatter of a sample, which is one line for each property. */
function properties(text: string): Record<string, unknown> {
  const lines = text.split("\n---\n")[0]?.split("\n").slice(1) ?? [];
  return Object.fromEntries(lines.map((line) => [line.split(": ")[0], line.split(": ").slice(1).join(": ").replace(/^"|"$/g, "")]));
}

const NOTE = "One.\n\nTwo {{clipboard}}.\n\nThree.";
/** `rounds` counts the forms that are asked. */
const values = (asked: string[], rounds: string[][] = []): Values => ({
  fact: (name) => ({ selection: "Two {{clipboard}}.", note: NOTE, title: "Plan", path: "Plan.md", folder: "", tags: "", language: "English", clipboard: "SECRET" })[name],
  property: () => "",
  around: () => "",
  ask: (questions) => (rounds.push(questions.map(({ question }) => question)), asked.push(...questions.map(({ question }) => question)), Promise.resolve(questions.map(({ initial, options }) => options[0] ?? (initial || "me")))),
  related: () => Promise.resolve("[[Other]]\n{{clipboard}}"),
  search: () => Promise.resolve(""),
});

describe.each(LANGUAGES)("the sample prompts in %s", (language) => {
  const samples = samplePrompts(language);
  it("have names that files may have, each another", () => {
    expect(new Set(samples.map(({ name }) => name)).size).toBe(5);
    for (const { name } of samples) expect(name).not.toMatch(/[\\/:*?"<>|#^[\]]/);
  });
  it("can be read, and go to the four places", async () => {
    const outcomes = new Set<string>();
    for (const { name, text } of samples) {
      const { prompt, problems } = readPrompt({ path: `Prompts/${name}.md`, text, properties: properties(text) });
      expect(problems).toEqual([]);
      if (prompt === null) throw new Error(name);
      expect(properties(text)["sidecar"]).toBe("false");
      outcomes.add(outcomeOf(prompt));
      const asked: string[] = [];
      const filled = await fill(prompt.template, values(asked), { now: new Date(2026, 2, 4, 9), language });
      expect(filled).not.toBeNull();
      // What a note holds is never expanded.
      expect(filled).not.toContain("SECRET");
      expect(filled).not.toMatch(/\{\{(?!clipboard\}\})/);
      expect(asked).toHaveLength({ drama: 1, "list-tree": 2 }[prompt.icon ?? ""] ?? 0);
    }
    expect(outcomes).toEqual(new Set(["replace", "after", "note", "show"]));
  });
});

it("asks all that can be asked in one form, although a default waits for the note's title", async () => {
  const { prompt } = readPrompt({ path: "P.md", text: "{{choose:Tone?|a|b}} {{input:Reader?|{{title}}}} {{input:Length?}} {{related:2}}", properties: {} });
  const rounds: string[][] = [];
  expect(prompt && (await fill(prompt.template, values([], rounds), { now: new Date(), language: "en" }))).toBe("a Plan me [[Other]]\n{{clipboard}}");
  expect(rounds).toEqual([["Tone?", "Reader?", "Length?"]]);
});

describe("what a prompt works on", () => {
  const passage = (source: string, from: number, to = from, output = ""): string | null => {
    const text = `---\n---\n${source}`;
    const { prompt } = readPrompt({ path: "P.md", text, properties: output === "" ? {} : { output } });
    if (prompt === null) throw new Error(source);
    const found = promptPassage(prompt, NOTE, { from, to });
    return found === null ? null : `${found.scope}: ${found.text}`;
  };
  it.each<[title: string, ...Parameters<typeof passage>, expected: string | null]>([
    ["the selection", "a {{selection}}", 0, 3, "", "selection: One"],
    ["else the paragraph that it replaces", "a {{selection}}", 1, 1, "replace", "paragraph: One."],
    ["the whole note, where it is about the note and replaces it", "a {{note}}", 1, 1, "replace", `note: ${NOTE}`],
    ["nothing, where there is nothing to replace", "a {{selection}}", 5, 5, "replace", null],
    ["the paragraph, below which the answer goes", "a {{selection}}", 1, 1, "insert-after", "paragraph: One."],
    ["the cursor on an empty line", "a {{selection}}", 5, 5, "insert-after", "cursor: "],
    ["the cursor, where the prompt chooses between selection and note", "{{#if selection}}{{selection}}{{else}}{{note}}{{/if}}", 1, 1, "insert-after", "cursor: "],
    ["the cursor, where the prompt goes on with the text", "a {{before}}", 1, 1, "", "cursor: "],
  ])("is %s", (_title, source, from, to, output, expected) => expect(passage(source, from, to, output)).toBe(expected));
});
