import { describe, expect, it } from "vitest";
import { asWords } from "../src/core/notes/as_words";
import { linkableText } from "../src/core/notes/linkable_text";
import { completionsFor, type Vocabulary } from "../src/core/notes/completion";
import { differingLines, hasCaughtUp } from "../src/core/notes/indexed_lines";
import { readRecent, withRecent } from "../src/core/notes/recent_searches";
import { RelatedFeed, type RelatedState } from "../src/core/notes/related_feed";
import { relatedRows } from "../src/core/notes/related_row";
import { SearchFeed } from "../src/core/notes/search_feed";
import { markWords, snippetOf } from "../src/core/notes/snippet";
import { Problem } from "../src/core/problem";
import type { NoteFacts } from "../src/core/protocol/note";
import type { RelatedNote, SearchAnswer } from "../src/core/protocol/search";

/** Time that a test turns. */
class HandClock {
  private time = 0;
  private waiting: { at: number; run: () => void }[] = [];
  now = () => this.time;
  after = (ms: number, run: () => void) => {
    const one = { at: this.time + ms, run };
    this.waiting.push(one);
    return () => void (this.waiting = this.waiting.filter((each) => each !== one));
  };
  async pass(ms: number): Promise<void> {
    for (const end = this.time + ms; this.time < end; ) {
      this.time += 10;
      const due = this.waiting.filter(({ at }) => at <= this.time);
      this.waiting = this.waiting.filter(({ at }) => at > this.time);
      for (const { run } of due) run();
      for (let turn = 0; turn < 12; turn++) await Promise.resolve();
    }
  }
}

const hit = (path: string, score = 0.5) => ({ path, title: path, heading_path: [], text: "", score, span: { start_line: 1, end_line: 1 }, uri: "", link: path, embeds: [], tags: [], properties: {}, modified: 0 });
const related = (path: string, score = 0.5): RelatedNote => ({ ...hit(path, score), why: { score, lexical: null, matched: [], similarity: null, vector_weight: null, mentioned: false, lanes: [] }, linked: false, links_to: false, linked_from: false });
const facts = (text: string) => ({ chunks: [{ heading_path: [], text, span: { start_line: 1, end_line: 1 } }] }) as unknown as NoteFacts;

/** A server whose index follows a file when the test says so. */
class SlowIndex {
  file = "one";
  indexed = "one";
  asked = 0;
  looked = 0;
  problem: Problem | null = null;
  client = () => {
    if (this.problem !== null) throw this.problem;
    return {
      related: () => {
        this.asked += 1;
        if (this.indexed === "") return Promise.reject(new Problem("refused", "", { code: "note_not_found" }));
        return Promise.resolve({ results: [related(this.indexed)], took_ms: 1 });
      },
      note: () => {
        this.looked += 1;
        return Promise.resolve(facts(this.indexed));
      },
      why: ({ path }: { path: string }) => Promise.resolve({ path, status: "excluded", reason: "#private", explanation: null, candidates: [], problems: [], local: null }),
    };
  };
}

function feedOf(index: SlowIndex) {
  const clock = new HandClock();
  const states: RelatedState[] = [];
  const feed = new RelatedFeed({ client: index.client, limit: () => 10, text: () => Promise.resolve(index.file) }, clock, (state) => states.push(state));
  const kinds = () => states.map((state) => (state.kind === "found" ? `${state.notes[0]?.path}${state.following ? " following" : ""}` : state.kind));
  return { clock, feed, kinds };
}

describe("related notes of a note", () => {
  it("are asked for anew once the index has what was written", async () => {
    const index = new SlowIndex();
    const { clock, feed, kinds } = feedOf(index);
    await feed.show("a.md");
    index.file = "two";
    feed.edited();
    await clock.pass(500);
    expect(kinds()).toEqual(["looking", "one", "one following"]);
    index.indexed = "two";
    await clock.pass(700);
    expect(kinds()).toEqual(["looking", "one", "one following", "two"]);
    await clock.pass(5_000);
    // Once more, for the vectors.
    expect(index.asked).toBe(3);
  });
  it("are asked for in the end when the index never follows", async () => {
    const index = new SlowIndex();
    const { clock, feed, kinds } = feedOf(index);
    await feed.show("a.md");
    index.file = "two";
    feed.edited();
    await clock.pass(20_000);
    expect(kinds().at(-1)).toBe("one");
    expect(index.looked).toBe(6);
  });
  it("wait for the last of several edits", async () => {
    const index = new SlowIndex();
    const { clock, feed } = feedOf(index);
    await feed.show("a.md");
    for (const text of ["two", "three", "four"]) {
      index.file = index.indexed = text;
      feed.edited();
      await clock.pass(100);
    }
    await clock.pass(500);
    expect(index.asked).toBe(2);
    expect(feed.state).toMatchObject({ kind: "found", notes: [{ path: "four" }] });
  });
  it("are of the note that was shown last, whatever comes later", async () => {
    const index = new SlowIndex();
    const { feed, kinds } = feedOf(index);
    await Promise.all([feed.show("a.md"), feed.show("b.md")]);
    expect(kinds()).toEqual(["looking", "looking", "one"]);
    expect(feed.state).toMatchObject({ path: "b.md" });
  });
  it("come with the reason when the note is not indexed, and by themselves when it is", async () => {
    const index = new SlowIndex();
    index.indexed = "";
    const { clock, feed, kinds } = feedOf(index);
    await feed.show("a.md");
    expect(feed.state).toMatchObject({ kind: "missing", why: { reason: "#private" } });
    index.indexed = index.file = "new";
    feed.edited();
    await clock.pass(500);
    expect(kinds().at(-1)).toBe("new");
  });
  it("say what is wrong, and nothing after they are closed", async () => {
    const index = new SlowIndex();
    index.problem = new Problem("offline");
    const { feed, kinds } = feedOf(index);
    await feed.show("a.md");
    expect(kinds()).toEqual(["looking", "problem"]);
    const last = feed.show("b.md");
    feed.close();
    await last;
    expect(kinds()).toEqual(["looking", "problem", "looking"]);
  });
});

describe("lines of a note and of its chunks", () => {
  it("may differ as they did before", () => {
    const usual = differingLines("---\na: 1\n---\ntext\n%% c %%", ["text"]);
    expect([...usual]).toEqual(["a: 1", "%% c %%"]);
    expect(hasCaughtUp(differingLines("---\na: 1\n---\ntext\nmore\n%% c %%", ["text"]), usual)).toBe(false);
    expect(hasCaughtUp(differingLines("---\na: 1\n---\nmore\n%% c %%", ["text", "more"]), usual)).toBe(false);
    expect(hasCaughtUp(differingLines("---\na: 1\n---\nmore\n%% c %%", ["more"]), usual)).toBe(true);
  });
});

describe("rows of related notes", () => {
  const why = { score: 0.5, lexical: null, matched: [], similarity: 0.42, vector_weight: null, mentioned: false, lanes: [{ lane: "vectors", rank: 1, detail: null }, { lane: "words", rank: 1, detail: "valve, heating" }, { lane: "links", rank: null, detail: "it links to the note" }, { lane: "tags", rank: null, detail: "#house" }] };
  const links = { "a.md": { "b/c.md": 1 }, "d.md": { "a.md": 2 } };
  const rows = (hideLinked: boolean, minimumScore = 0) => relatedRows("a.md", [{ ...related("b/c.md"), why }, related("d.md", 0.4), related("e.md", 0.1)], { links, hideLinked, minimumScore });
  it("say why and what is linked", () => {
    expect(rows(false)[0]).toMatchObject({ folder: "b", linked: { to: true, from: false }, reasons: [{ kind: "meaning", percent: 42 }, { kind: "words", what: "valve, heating" }, { kind: "tags", what: "#house" }] });
    expect(rows(false).map(({ linked }) => linked.from)).toEqual([false, true, false]);
  });
  it("are without linked ones, or weak ones, on request", () => {
    expect(rows(true).map(({ note }) => note.path)).toEqual(["e.md"]);
    expect(rows(false, 0.3)).toHaveLength(2);
  });
});

describe("a search while somebody types", () => {
  function searching() {
    const clock = new HandClock();
    const answers = new Map<string, (answer: SearchAnswer) => void>();
    const client = () => ({ search: ({ query }: { query: string }) => new Promise<SearchAnswer>((resolve) => answers.set(query, resolve)) });
    const feed = new SearchFeed({ client }, clock, () => undefined);
    return { clock, feed, answers };
  }
  it("asks after a pause, and the newest answer counts, whichever comes first", async () => {
    const { clock, feed, answers } = searching();
    feed.search("bo");
    await clock.pass(100);
    feed.search("boi");
    await clock.pass(300);
    feed.search("boiler");
    await clock.pass(300);
    expect([...answers.keys()]).toEqual(["boi", "boiler"]);
    answers.get("boiler")?.({ results: [hit("new")], took_ms: 2 });
    await clock.pass(10);
    answers.get("boi")?.({ results: [hit("old")], took_ms: 2 });
    await clock.pass(10);
    expect(feed.state).toMatchObject({ searching: false, found: { query: "boiler", hits: [{ path: "new" }] } });
  });
  it("keeps what was found until there is something newer, and forgets it with the query", async () => {
    const { clock, feed, answers } = searching();
    feed.search("a");
    await clock.pass(300);
    answers.get("a")?.({ results: [hit("a")], took_ms: 1 });
    await clock.pass(10);
    feed.search("ab");
    expect(feed.state).toMatchObject({ searching: true, found: { query: "a" } });
    feed.search(" ");
    expect(feed.state).toMatchObject({ searching: false, found: null });
  });
});

describe("completion", () => {
  const vocabulary: Vocabulary = { tags: () => ["house", "house/heating", "Café"], folders: () => ["House/", "My place/"], files: () => ["Boiler", "Two words"], properties: () => ["status", "created"], values: (name) => (name === "status" ? ["done", "to do"] : []) };
  const completed = (typed: string) => {
    const cursor = typed.indexOf("|");
    return completionsFor(typed.replace("|", ""), cursor, vocabulary).map(({ query, caret }) => `${query.slice(0, caret)}|${query.slice(caret)}`);
  };
  it.each([
    ["#ho|", ["#house |", "#house/heating |"]],
    ["#cafe|", []],
    ["#caf|", ["#Café |"]],
    ["x tag:heat|", ["x tag:house/heating |"]],
    ["-path:Ho|", ["-path:House/ |"]],
    ["path:my|", ['path:"My place/" |']],
    ["file:two| x", ['file:"Two words"| x']],
    ["[st|", ["[status:|"]],
    ["[status:d|", ["[status:done] |", "[status:to do] |"]],
    ["[status:d|] x", ["[status:done]| x", "[status:to do]| x"]],
    ["[[boi|", ["[[Boiler]] |"]],
    ["plain|", []],
  ])("of %s", (typed, proposed) => expect(completed(typed)).toEqual(proposed));
});

describe("snippets", () => {
  const marked = (text: string, ...words: string[]) => markWords(text, words).map(({ text: part, marked: mark }) => (mark ? `<${part}>` : part)).join("");
  it("mark words in other forms, cases and accents", () => expect(marked("Cafés and Boilers boil", "cafe", "boiler")).toBe("<Cafés> and <Boilers> <boil>"));
  it("mark inside scripts without spaces", () => expect(marked("昨日は京都へ", "京都")).toBe("昨日は<京都>へ"));
  it("show what is around the first word, without headings and marks", () => {
    const text = `## Heading\n\n${"far away ".repeat(40)}\n- the [[Boiler|old boiler]] **clicks** ${"again ".repeat(60)}`;
    const shown = snippetOf(text, ["boiler"]).map((each) => each.text).join("");
    expect(shown).toContain("the old boiler clicks");
    expect(shown).not.toContain("Heading");
    expect(shown.length).toBeLessThan(260);
    expect(shown.startsWith("… ") && shown.endsWith(" …")).toBe(true);
  });
});

describe("a passage as a query", () => {
  it.each(["[[", "[", "[a](", "[]("])("is had of a huge note full of %j in a moment, as what may be linked and what is shown of it are", (signs) => {
    const note = signs.repeat(1_000_000 / signs.length);
    const began = performance.now();
    asWords(note);
    snippetOf(note, ["a"]);
    linkableText(note);
    expect(performance.now() - began).toBeLessThan(4000);
  });
  it("has none of its operators", () => expect(asWords('See [[Boiler|the boiler]] #house -x path:House/ [status:done] "quoted words" [a](http://b.c) **bold**')).toBe("See the boiler house x House/ status:done quoted words a bold"));
});

describe("recent searches", () => {
  it("are few, the newest first, each once", () => {
    expect(withRecent(["a", "b"], " b ")).toEqual(["b", "a"]);
    expect(withRecent(["a"], " ")).toEqual(["a"]);
    expect(withRecent(Array.from({ length: 8 }, (_, n) => `${n}`), "x")).toHaveLength(8);
    expect(readRecent([1, "a", "", null])).toEqual(["a"]);
    expect(readRecent("no")).toEqual([]);
  });
});
