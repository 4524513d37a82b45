import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { marksItselfKept as marks } from "../src/core/kept_marks";

const marksItselfKept = (note: string): boolean => marks(note, (yaml) => parse(yaml) as unknown);

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
  it("is among the cases", () => expect(free.length).toBeGreaterThan(15));
  it.each(free.map(({ title, note }) => [title, note]))("is not asked about: %s", (_, note) => expect(marksItselfKept(note)).toBe(false));
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

it.each(["private", "sidecar", "tags"])("a list of %j that holds itself, or doubles at each of forty steps, is read to its end", (key) => {
  const own: unknown[] = [];
  own.push(own);
  let doubled: unknown[] = ["x"];
  for (let step = 0; step < 40; step += 1) doubled = [doubled, doubled];
  for (const value of [own, doubled]) expect(marks("---\na: 1\n---\n", () => ({ [key]: value }))).toBe(false);
  expect(marks("---\na: 1\n---\n", () => ({ [key]: [doubled, own, key === "sidecar" ? "off" : key === "tags" ? "private" : "yes"] }))).toBe(true);
});

// Forms that no case of the server has; what its reader says of each was tried with it.
describe("what the server reads in other forms", () => {
  it.each([
    "---\ntags:\n  - a\n\n  - private\n---\n", "---\ntags:\n# mine\n  - private\n---\n", "---\nprivate:\n\n  true\n---\n", "---\nsidecar: >-\n\n  local\n---\n", "---\ntags: [a,\nprivate]\n---\n",
    '---\n{\n"private":\ntrue\n}\n---\n', "---\ntags: &t [private]\nx: *t\n---\n", '---\n"privat\\u0065": true\n---\n', "---\ntitle: a\n...\nprivate: true\n---\n", "---\ntitle: a\n...\ntags: [private]\n---\n",
    "[[People/Ana]] private:: true", "- [[a]] private:: true", "- [ ] ![[a]] private:: true", "`x` private:: true", "%% x %% private:: true", "<!-- n --> private:: true", "$a$ private:: true",
    "---\nsidecar: local_only\n---\n", "sidecar:: local_only", "#PRİVATE", "#prıvate", "%% #private %%", "(#private)", '"#private"',
  ])("%j is kept", (note) => expect(marksItselfKept(note)).toBe(true));
  it.each([
    "```js\nthis.#private = 1\n```", "`#private {}`", "~~~\n#private\n```\n~~~", "---\nkubernetes:\n  sidecar: none\n---\n", "---\ndescription: |\n  Set private: true in package.json\n---\n",
    '---\ntitle: "Meta tag: private browsing"\n---\n', "---\nprivate: public\n---\n", "[[#private]]", "<html href='#private'>", "[to it](#private)", "---\nsidecar: localhost\n---\n", "---\nprivate: # not yet\n---\n",
  ])("%j is not", (note) => expect(marksItselfKept(note)).toBe(false));
  it("code that ends does not hide what stands below it", () => expect(marksItselfKept("```\n#x\n```\n#private")).toBe(true));
});

it.each(["private", "private:", "private::", "tags:", "#private", "---\n", "\n-", "sidecar:\n ", ": ", "\"", "''", "[" + "_".repeat(199), "_", "[ ", "(*", "`", "```\n", "1.", "\n\n", "- "])("takes no long time over %j", (piece) => {
  for (const begin of ["", "---\n"]) {
    const begun = performance.now();
    marksItselfKept(begin + piece.repeat(200_000 / piece.length));
    expect(performance.now() - begun).toBeLessThan(3000);
  }
});
