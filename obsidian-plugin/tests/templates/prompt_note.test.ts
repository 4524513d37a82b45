import { describe, expect, test } from "vitest";
import { readPrompt } from "../../src/core/templates/prompt_note";

describe("a prompt in a note", () => {
  test.each([
    ["{{selection}}", "replace", "never"],
    ["{{#if selection}}x{{/if}}", "replace", "never"],
    ["{{before:100}}", "insert-after", "never"],
    ["{{search:{{selection}}}}", "replace", "never"],
    ["{{title}}", "ask-view", "auto"],
  ])("%s goes to %s", (text, output, notes) => {
    expect(readPrompt({ path: "P/My prompt.md", text, properties: {} }).prompt).toMatchObject({ id: "P/My prompt.md", name: "My prompt", description: "", output, notes, model: null, temperature: null });
  });

  test("says what it wants", () => {
    const properties = { name: " N ", description: "D", icon: "mail", output: "New-Note", notes: "always", model: "m", temperature: 0, system: "S" };
    expect(readPrompt({ path: "P.md", text: "---\nx: 1\n---\n\n{{title}}\n\n", properties }).prompt).toMatchObject({ name: "N", description: "D", icon: "mail", output: "new-note", notes: "always", model: "m", temperature: 0, system: "S" });
  });

  test.each([
    [{ output: "somewhere" }, "output"],
    [{ notes: true }, "notes"],
    [{ temperature: 3 }, "temperature"],
    [{ temperature: "hot" }, "temperature"],
    [{ name: ["a"] }, "name"],
  ])("is not run with %j", (properties, name) => {
    const { prompt, problems } = readPrompt({ path: "P.md", text: "x", properties });
    expect(prompt).toBeNull();
    expect(problems).toMatchObject([{ key: "bad_property", name }]);
  });

  test("takes empty properties for none, and knows none by inheritance", () => {
    expect(readPrompt({ path: "P.md", text: "x", properties: { name: null, output: null, temperature: null } }).prompt?.name).toBe("P");
    expect(readPrompt({ path: "P.md", text: "x", properties: Object.create({ name: "inherited" }) as Record<string, unknown> }).prompt?.name).toBe("P");
  });

  test("counts the lines of its frontmatter", () => {
    const { problems } = readPrompt({ path: "P.md", text: "---\nname: a\n---\nx\n {{titel}}", properties: {} });
    expect(problems).toMatchObject([{ key: "unknown_name", line: 5, column: 4 }]);
  });

  test("needs a text", () => {
    expect(readPrompt({ path: "P.md", text: "---\nname: a\n---\n \n", properties: {} }).problems).toEqual([{ key: "no_template" }]);
  });
});
