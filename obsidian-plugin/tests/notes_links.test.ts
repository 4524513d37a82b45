import { describe, expect, it } from "vitest";
import { linkSuggestions, RELATED_ENOUGH } from "../src/core/notes/link_suggestions";
import { scanLinks, type ScanProgress } from "../src/core/notes/link_scan";
import { COVERED, linkableText } from "../src/core/notes/linkable_text";
import { linkedText, type LinkWriting } from "../src/core/notes/linked_text";
import { unlinkedMentions } from "../src/core/notes/mentions";
import type { RelatedNote } from "../src/core/protocol/search";
import { duration } from "./random";

const BOILER = { path: "House/Boiler.md", names: ["Boiler"] };
const CLAIRE = { path: "People/Claire Moreau.md", names: ["Claire Moreau", "Claire"] };
const found = (text: string, ...notes: { path: string; names: readonly string[] }[]) => unlinkedMentions(text, notes.length > 0 ? notes : [BOILER, CLAIRE]).map(({ words, from }) => [words, from]);
const writing: LinkWriting = {
  link: (path, words) => {
    const name = path.replace(/^.*\/|\.md$/g, "");
    return words === "" || words === name ? `[[${name}]]` : `[[${name}|${words}]]`;
  },
  heading: "Related notes",
  headings: ["Related notes", "Notas relacionadas"],
};
const related = (path: string, score: number): RelatedNote => ({
  path, title: path, heading_path: [], text: "", score, span: { start_line: 1, end_line: 1 }, uri: "", link: path, embeds: [], tags: [], properties: {}, modified: 0, why: { score, lexical: null, matched: [], similarity: null, vector_weight: null, mentioned: false, lanes: [] }, linked: false, links_to: false, linked_from: false,
});

describe("what names a note", () => {
  it("is found once, by its longest name, at the first place", () => {
    expect(found("I saw Claire Moreau. The boiler of Claire, the boiler.")).toEqual([["Claire Moreau", 6], ["boiler", 25]]);
  });
  it("is a word of its own", () => expect(found("Boilerplate, preboiler, Boiler_2")).toEqual([]));
  it("is found with signs beside it", () => expect(found("(Boiler), “Claire”'s")).toEqual([["Boiler", 1], ["Claire", 11]]));
  it("is found in scripts without spaces", () => expect(found("昨日は京都メモを読んだ", { path: "京都メモ.md", names: ["京都メモ"] })).toEqual([["京都メモ", 3]]));
  it("may have signs in it", () => expect(found("I write C++ and Node.js here", { path: "a.md", names: ["Node.js"] })).toEqual([["Node.js", 16]]));
  it("is no short name and no mere number, but a day is one", () => {
    expect(found("go to 2025 on 2025-03-04", { path: "Go.md", names: ["Go"] }, { path: "2025.md", names: ["2025"] }, { path: "Daily/2025-03-04.md", names: ["2025-03-04"] })).toEqual([["2025-03-04", 14]]);
  });
  it.each([
    ["frontmatter", "---\nof: Boiler\n---\n"],
    ["fenced code", "```\nBoiler\n```\n"],
    ["fenced code that is not closed", "~~~\nBoiler\n"],
    ["a longer fence with a shorter one in it", "````\n```\nBoiler\n````\n"],
    ["fenced code in a quote", "> ```\n> Boiler\n> ```\n"],
    ["indented code", "text\n\n    Boiler\n"],
    ["code", "a `Boiler` b"],
    ["code in two backticks", "a ``x ` Boiler`` b"],
    ["a wikilink", "[[Boiler]] [[Other|Boiler]] ![[Boiler#x]]"],
    ["a link", "[the Boiler](http://x.y/Boiler) [a [b] Boiler](z)"],
    ["a footnote's name", "[^Boiler]"],
    ["an address", "https://example.org/Boiler www.Boiler.org me@Boiler.org"],
    ["mathematics", "$$\nBoiler\n$$ and $Boiler$"],
    ["a comment", "%% Boiler %% <!-- Boiler -->"],
    ["HTML", '<a href="x">Boiler</a> <b title="Boiler">x</b>'],
    ["a heading", "## Boiler\n"],
    ["a tag", "#Boiler #house/Boiler"],
    ["a field's name", "Boiler:: 3\n- Boiler:: 4"],
    ["a definition", "[x]: Boiler"],
  ])("is not looked for in %s", (_, text) => expect(found(text)).toEqual([]));
  it("is looked for right behind what is left out", () => {
    expect(found("---\na: 1\n---\nBoiler")).toEqual([["Boiler", 13]]);
    expect(found("```\nx\n```\nBoiler")).toEqual([["Boiler", 10]]);
    expect(found("- [ ] Boiler")).toEqual([["Boiler", 6]]);
    expect(found("> [!tip] Boiler\n> Claire")).toEqual([["Boiler", 9], ["Claire", 18]]);
  });
  it("keeps the places of a text, whatever is covered", () => {
    const text = "a 🦊 `x` [[b]] ```\nc";
    expect(linkableText(text)).toHaveLength(text.length);
    expect(linkableText(text)).toContain(COVERED);
  });
  it.each(["`".repeat(20_000), "`a``b".repeat(8_000), "[".repeat(20_000), "<a".repeat(8_000), "$".repeat(20_000), "%%a".repeat(8_000), "a@".repeat(8_000), "---\n".repeat(8_000)])("takes no long time for odd texts", (text) => {
    const begun = performance.now();
    linkableText(text);
    expect(performance.now() - begun).toBeLessThan(1500);
  });
  it("takes no long time in a vault of many notes that begin alike", () => {
    const notes = Array.from({ length: 20_000 }, (_, at) => ({ path: `${at}.md`, names: [`Note number ${at} of all`] }));
    const text = Array.from({ length: 40 }, (_, at) => `see Note number ${at * 3} of all the others.`).join("\n");
    let mentions = 0;
    expect(duration(() => (mentions = unlinkedMentions(text, notes).length))).toBeLessThan(4000);
    expect(mentions).toBe(40);
  });
});

describe("what is proposed", () => {
  const notes = [BOILER, CLAIRE];
  it("is neither the note itself nor one that it links to", () => {
    const links = { "a.md": { "House/Boiler.md": 1 } };
    expect(linkSuggestions("a.md", "The Boiler and Claire Moreau", { notes, related: [related("House/Boiler.md", 0.9)], links }).map(({ path }) => path)).toEqual(["People/Claire Moreau.md"]);
    expect(linkSuggestions("House/Boiler.md", "Boiler", { notes, related: [], links })).toEqual([]);
  });
  it("is a related note that is near enough and linked in neither direction", () => {
    const near = [related("b.md", 0.5), related("c.md", RELATED_ENOUGH - 0.01), related("d.md", 0.4)];
    expect(linkSuggestions("a.md", "", { notes, related: near, links: { "d.md": { "a.md": 1 } } })).toEqual([{ kind: "related", path: "b.md", score: 0.5, sure: false }]);
  });
  it("is chosen beforehand where name or nearness speaks for it", () => {
    const chosen = (text: string, near: readonly RelatedNote[] = []) => linkSuggestions("a.md", text, { notes, related: near, links: {} }).map(({ sure }) => sure);
    expect(chosen("with Claire Moreau")).toEqual([true]);
    expect(chosen("the boiler")).toEqual([false]);
    expect(chosen("Boiler it is")).toEqual([false]);
    expect(chosen("the boiler", [related("House/Boiler.md", 0.3)])).toEqual([true]);
  });
});

describe("links in a text", () => {
  const link = (text: string, near: readonly RelatedNote[] = []) => linkedText(text, linkSuggestions("a.md", text, { notes: [BOILER, CLAIRE], related: near, links: {} }), writing);
  it("take the words that stand there", () => expect(link("The boiler and Claire Moreau.")).toBe("The [[Boiler|boiler]] and [[Claire Moreau]]."));
  it("have their bar escaped in a table", () => expect(link("| a | b |\n|---|---|\n| the boiler | c |")).toBe("| a | b |\n|---|---|\n| the [[Boiler\\|boiler]] | c |"));
  it("stand in a list at the end where the text has no words for them", () => {
    expect(link("text\n", [related("b.md", 0.5)])).toBe("text\n\n## Related notes\n\n- [[b]]\n");
    expect(link("text\r\n", [related("b.md", 0.5)])).toBe("text\r\n\r\n## Related notes\r\n\r\n- [[b]]\r\n");
    expect(link("", [related("b.md", 0.5)])).toBe("## Related notes\n\n- [[b]]\n");
  });
  it("go on with a list that is there, in whatever language", () => {
    expect(link("x\n\n## Notas relacionadas\n\n- [[c]]\n", [related("b.md", 0.5)])).toBe("x\n\n## Notas relacionadas\n\n- [[c]]\n- [[b]]\n");
  });
});

describe("the search for missing links", () => {
  const near = (path: string): readonly RelatedNote[] | null => (path === "none.md" ? null : path === "many.md" ? [related("x.md", 0.5), related("y.md", 0.4)] : [related("x.md", 0.3), related("y.md", 0.1)]);
  async function scanned(paths: readonly string[], stopAfter = Infinity): Promise<{ told: ScanProgress[]; asked: number }> {
    const told: ScanProgress[] = [];
    const stop = new AbortController();
    let asked = 0;
    const ask = (path: string): Promise<readonly RelatedNote[] | null> => {
      asked += 1;
      return Promise.resolve(near(path));
    };
    const hear = (progress: ScanProgress): void => {
      told.push(progress);
      if (told.length >= stopAfter) stop.abort();
    };
    await scanLinks(paths, ask, { links: () => ({ "linked.md": { "x.md": 1 } }), signal: stop.signal, told: hear });
    return { told, asked };
  }
  it("gives the notes with the most first, and leaves out those without", async () => {
    const { told } = await scanned(["a.md", "none.md", "linked.md", "many.md"]);
    expect(told.at(-1)).toEqual({ done: 4, total: 4, found: [{ path: "many.md", missing: 2 }, { path: "a.md", missing: 1 }] });
  });
  it("ends when it is told to", async () => {
    const { told, asked } = await scanned(Array.from({ length: 100 }, (_, n) => `${n}.md`), 3);
    expect(told).toHaveLength(3);
    expect(asked).toBeLessThan(8);
  });
  it("throws what the server throws", async () => {
    const broken = scanLinks(["a.md"], () => Promise.reject(new Error("away")), { links: () => ({}), signal: new AbortController().signal, told: () => undefined });
    await expect(broken).rejects.toThrow("away");
  });
});
