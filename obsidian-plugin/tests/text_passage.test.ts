import { describe, expect, it } from "vitest";
import { bodyStart, passageAt, type Scope } from "../src/core/text_commands/passage";
import { followed, placeOf, type Tracked } from "../src/core/text_commands/tracked_passage";

/** A note in which `|` is the cursor, or two of them the selection. */
function marked(text: string): { note: string; from: number; to: number } {
  const from = text.indexOf("|");
  const rest = text.slice(0, from) + text.slice(from + 1);
  const to = rest.indexOf("|");
  return to < 0 ? { note: rest, from, to: from } : { note: rest.slice(0, to) + rest.slice(to + 1), from, to };
}

function taken(text: string, scope: Scope): string | null {
  const { note, from, to } = marked(text);
  const passage = passageAt(note, { from, to }, scope);
  if (passage !== null) expect(note.slice(passage.from, passage.to)).toBe(passage.text);
  return passage === null ? null : `${passage.scope}: ${passage.text}`;
}

describe("the passage that a command takes", () => {
  const cases: [title: string, text: string, scope: Scope, taken: string | null][] = [
    ["what is selected, without white space at its edges", "a | b c |d", "paragraph", "selection: b c"],
    ["the paragraph around the cursor", "one\n\ntwo\nth|ree\n\nfour", "paragraph", "paragraph: two\nthree"],
    ["the paragraph at its very end", "one\n\ntwo|", "paragraph", "paragraph: two"],
    ["the paragraph at its very start", "one\n\n|two\n", "paragraph", "paragraph: two"],
    ["a selection of white space alone counts as none", "one\n\nt|w|o", "paragraph", "selection: w"],
    ["white space alone", "one tw| |o", "paragraph", "paragraph: one tw o"],
    ["nothing on an empty line", "one\n|\ntwo", "paragraph", null],
    ["nothing in an empty note", "|", "note", null],
    ["a code block as a whole, with its empty lines", "a\n\n```js\nx\n\ny|\n```\n\nb", "paragraph", "paragraph: ```js\nx\n\ny\n```"],
    ["an indented list item with its indentation", "a\n\n  - b|\n  - c", "paragraph", "paragraph:   - b\n  - c"],
    ["the whole note without its frontmatter", "---\na: 1\n---\n\n# T\n\nbo|dy\n", "note", "note: # T\n\nbody"],
    ["nothing while the cursor is in the frontmatter", "---\na: |1\n---\n\nbody", "paragraph", null],
    ["frontmatter when it was selected", "---\n|a: 1|\n---\n\nbody", "paragraph", "selection: a: 1"],
    ["the section with its sub-sections", "# A\n\nx|\n\n## B\n\ny\n\n# C\n\nz", "section", "section: # A\n\nx\n\n## B\n\ny"],
    ["a sub-section alone", "# A\n\nx\n\n## B\n\ny|\n\n# C", "section", "section: ## B\n\ny"],
    ["the text above the first heading", "in|tro\n\n# A", "section", "section: intro"],
    ["a section in which code has a line like a heading", "# A\n\n```sh\n# no\n```\n\nx|\n\n# B", "section", "section: # A\n\n```sh\n# no\n```\n\nx"],
    ["an unclosed fence runs to the end", "# A\n\n```\n# no|\n\n# B", "section", "section: # A\n\n```\n# no\n\n# B"],
    ["the cursor alone, at the end of a selection", "a |b| c", "cursor", "cursor: "],
  ];
  it.each(cases)("is %s", (_title, text, scope, expected) => expect(taken(text, scope)).toBe(expected));

  it("finds the end of frontmatter, and none where a rule is", () => {
    expect(bodyStart("---\na: 1\n---\nx")).toBe(13);
    expect(bodyStart("---\n---\nx")).toBe(8);
    expect(bodyStart("---\na: 1\n---")).toBe(12);
    expect(bodyStart("text\n---\nx\n---\n")).toBe(0);
  });
});

describe("a passage that is followed while its note changes", () => {
  const note = "Alpha beta.\n\nGamma delta.\n\nEpsilon.";
  const original = "Gamma delta.";
  const tracked: Tracked = { note, from: 13, to: 25 };
  const now = (text: string): string | null => {
    const place = placeOf(followed(tracked, text), original);
    return place === null ? null : `${place.from}-${place.to} ${text.slice(place.from, place.to)}`;
  };
  it.each<[string, string, string | null]>([
    ["nothing changed", note, "13-25 Gamma delta."],
    ["text before it", `New. ${note}`, "18-30 Gamma delta."],
    ["text after it", `${note} More.`, "13-25 Gamma delta."],
    ["typed at its start", note.replace("Gamma", "So Gamma"), "16-28 Gamma delta."],
    ["typed at its end", note.replace("delta.", "delta. Yes."), "13-25 Gamma delta."],
    ["the same letter typed at its start", note.replace("Gamma", "GGamma"), "14-26 Gamma delta."],
    ["edits on both sides at once", `New. ${note} More.`, "18-30 Gamma delta."],
    ["cut and pasted elsewhere", "Alpha beta.\n\nEpsilon.\n\nGamma delta.", "23-35 Gamma delta."],
    ["changed inside", note.replace("delta", "Delta"), null],
    ["deleted", "Alpha beta.\n\nEpsilon.", null],
    ["there twice after it was moved", `Epsilon.\n\n${original}\n\nx\n\n${original}\n`, null],
    ["everything gone", "", null],
  ])("is found with %s", (_title, text, expected) => expect(now(text)).toBe(expected));

  it("follows through a long row of random edits elsewhere", () => {
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
    let at = tracked;
    for (let round = 0; round < 2000; round += 1) {
      const { from, to } = placeOf(at, original) ?? { from: -1, to: -1 };
      expect(from).toBeGreaterThanOrEqual(0);
      const text = at.note;
      const before = random(2) === 0;
      const start = before ? random(from + 1) : to + random(text.length - to + 1);
      const end = before ? Math.min(from, start + random(3)) : Math.min(text.length, start + random(3));
      at = followed(at, text.slice(0, start) + "ax d".slice(random(4), 4) + text.slice(end));
    }
    expect(placeOf(at, original)).not.toBeNull();
  });

  it("moves a mere place behind what is typed there", () => {
    const cursor: Tracked = { note: "one\ntwo", from: 3, to: 3 };
    expect(placeOf(followed(cursor, "one, and\ntwo"), "")).toEqual({ from: 8, to: 8 });
    expect(placeOf(followed(cursor, "one"), "")).toEqual({ from: 3, to: 3 });
    expect(placeOf(followed(cursor, ""), "")).toEqual({ from: 0, to: 0 });
  });
});
