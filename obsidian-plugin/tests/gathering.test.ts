import { describe, expect, test } from "vitest";
import { gather } from "../src/views/ask/gathering";

type Answer = Awaited<ReturnType<Parameters<typeof gather>[1]["why"]>>;
const INDEXED = { status: "indexed", local: null, explanation: null } as unknown as Answer;
const about = (more: Partial<Parameters<typeof gather>[0]>): Parameters<typeof gather>[0] => ({ note: null, selection: null, searched: false, quotes: false, ...more });
const gathered = (given: Partial<Parameters<typeof gather>[0]>, note: string | null, answer: Partial<Answer> = {}): ReturnType<typeof gather> =>
  gather(about(given), { why: async ({ path }) => ({ ...INDEXED, path, ...answer }) }, { read: async () => note, marksItselfKept: (text) => text.includes("private: true") });
const SELECTED = { path: "a.md", text: "a secret" };

describe("what is sent as text with a question", () => {
  test("is the note, or what was selected in it", async () => {
    expect(await gathered({ note: "a.md" }, "# All of it")).toEqual({ quoted: [{ kind: "note", path: "a.md", text: "# All of it" }], named: [], keptOut: [] });
    expect((await gathered({ selection: SELECTED }, "# All of it\n\na secret")).quoted).toEqual([{ kind: "selection", path: "a.md", text: "a secret" }]);
  });

  test.each([
    ["a mark that the server has not read yet", "---\nprivate: true\n---\n\na secret", {}, "marked"],
    ["a note that the server keeps", "a secret", { status: "excluded" }, "excluded"],
    ["a note for models on its machine", "a secret", { local: "sidecar: local" }, "local"],
    ["a note that it has not read", "a secret", { status: "unknown" }, "unread"],
    ["a note that it takes for another one of the same name", "a secret", { path: "Journal/a.md" }, "unread"],
    ["a note that has gone", null, {}, "unread"],
  ] as const)("is nothing of %s", async (_, note, answer, because) => {
    for (const given of [{ note: "a.md" }, { selection: SELECTED }]) {
      const found = await gathered(given, note, answer as Partial<Answer>);
      expect(found.quoted).toEqual([]);
      expect(found.keptOut).toMatchObject([{ path: "a.md", because }]);
    }
  });

  test("is nothing where the notes are searched: the note is named, and the server puts it in", async () => {
    expect(await gathered({ note: "a.md", searched: true }, "a secret")).toEqual({ quoted: [], named: ["a.md"], keptOut: [] });
  });

  test("is nothing of a note that got a mark a moment ago, not even its name", async () => {
    const marked = "---\nprivate: true\n---\n\na secret";
    for (const given of [{ note: "a.md" }, { selection: SELECTED, quotes: true }, { note: "a.md", selection: SELECTED, quotes: true }]) {
      const found = await gathered({ ...given, searched: true }, marked);
      expect(found).toMatchObject({ quoted: [], named: [] });
      expect(new Set(found.keptOut.map(({ because }) => because))).toEqual(new Set(["marked"]));
    }
  });

  test("goes by the path as Obsidian spells it", async () => {
    expect((await gathered({ note: "\u00e9 x.md" }, "text", { path: "e\u0301\u00a0x.md" })).quoted).toHaveLength(1);
  });
});
