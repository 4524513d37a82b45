import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { marksItselfKept } from "../src/core/kept_marks";

interface Case {
  readonly title: string;
  readonly note: string;
  readonly expected: { readonly withheld?: string | null; readonly local?: string | null };
}

/** The cases that the server's own reader is held to. */
function serverCases(name: string): Case[] {
  const file = fileURLToPath(new URL(`../../tests/notes/cases/${name}.md`, import.meta.url));
  const parts = readFileSync(file, "utf8").split("\n.\n");
  return Array.from({ length: Math.floor(parts.length / 3) }, (_, at) => {
    const [title = "", note = "", expected = ""] = parts.slice(3 * at, 3 * at + 3);
    return { title: title.trim(), note, expected: JSON.parse(expected) as Case["expected"] };
  });
}

const cases = [...serverCases("privacy"), ...serverCases("local")];
const kept = cases.filter(({ expected }) => Boolean(expected.withheld ?? expected.local));
const free = cases.filter(({ expected }) => !(expected.withheld ?? expected.local));

describe("a note that the server keeps by what it says", () => {
  it("is among the cases", () => expect(kept.length).toBeGreaterThan(60));
  it.each(kept.map(({ title, note }) => [title, note]))("is known by its text: %s", (_, note) => expect(marksItselfKept(note)).toBe(true));
  it.each(kept.map(({ title, note }) => [title, note]))("also with line ends of Windows: %s", (_, note) => expect(marksItselfKept(note.replace(/\n/g, "\r\n"))).toBe(true));
});

describe("a note that says nothing of the kind", () => {
  const code = "a tag in code is only an example";
  it("is asked about in few of the cases that only look like it", () => {
    const asked = free.filter(({ note }) => marksItselfKept(note)).map(({ title }) => title);
    expect([free.length, asked]).toEqual([16, ["a nested flag is not the note's", code, "an inline field in code is only an example", "a nested mark is not the note's", code]]);
  });
  it.each([
    "",
    "# Boat\n\nThe boat is big.",
    "---\ntitle: My private life\ntags: [privateer, not/private]\nprivate: false\nsidecar: true\n---\nprivate: true",
    "A private matter; private: yes, in prose. The sidecar: local.",
    "---\nprivate:\n---\nx",
    "https://example.com/#private-page and page#private",
    "a --- b\n---\nprivate: true",
  ])("%j", (note) => expect(marksItselfKept(note)).toBe(false));
});

describe("what is being typed", () => {
  it.each(["---\nprivate: true\n", "---\ntags:\n  - private\n", "---\nsidecar: local"])("%j counts before the frontmatter is closed", (note) => expect(marksItselfKept(note)).toBe(true));
});

it.each(["private", "private:", "private::", "tags:", "#private", "---\n", "\n-", "sidecar:\n ", ": ", "\"", "''"])("takes no long time over %j", (piece) => {
  for (const begin of ["", "---\n"]) {
    const begun = performance.now();
    marksItselfKept(begin + piece.repeat(200_000 / piece.length));
    expect(performance.now() - begun).toBeLessThan(3000);
  }
});
