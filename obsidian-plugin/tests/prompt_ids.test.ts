import { expect, test } from "vitest";
import { afterDelete, afterRename, idOf, type PromptIds } from "../src/core/text_commands/prompt_ids";
import { readSettings } from "../src/settings/settings";

const renamed = (...names: readonly (readonly [string, string])[]): PromptIds => names.reduce<PromptIds>((ids, [from, to]) => afterRename(ids, from, to), []);

test("a prompt keeps its id when its note is renamed, and again", () => {
  expect(idOf([], "P/a.md")).toBe("P/a.md");
  expect(idOf(renamed(["P/a.md", "P/b.md"], ["P/b.md", "P/c.md"]), "P/c.md")).toBe("P/a.md");
  expect(renamed(["P/a.md", "P/b.md"], ["P/b.md", "P/a.md"])).toEqual([]);
});

test("a new note of the old name has another id", () => {
  const ids = renamed(["a", "b"]);
  expect(idOf(ids, "a")).toBe("a 2");
  expect(idOf(afterRename(ids, "a", "c"), "c")).toBe("a 2");
  expect(idOf(afterRename(ids, "a", "c"), "a")).toBe("a 3");
});

test("a deleted note leaves its id to others", () => {
  expect(idOf(afterDelete(renamed(["a", "b"]), "b"), "a")).toBe("a");
});

test("what was kept of it is read, and what is no such thing is left out", () => {
  expect(readSettings({ prompts: { renamed: [["b", "a"], ["c"], 3, ["d", 4], ["e", "f", "g"]] } }).prompts.renamed).toEqual([["b", "a"]]);
  expect(readSettings({ prompts: { renamed: "x" } }).prompts.renamed).toEqual([]);
});
