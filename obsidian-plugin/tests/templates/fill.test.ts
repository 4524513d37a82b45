import { describe, expect, test } from "vitest";
import { fill, type Values } from "../../src/core/templates/fill";
import { parseTemplate } from "../../src/core/templates/parse";

/** Values that keep a list of what was asked of them. */
class Recorded implements Values {
  readonly asked: string[] = [];
  constructor(private readonly values: Readonly<Record<string, string | null>> = {}) {}
  fact(name: string): Promise<string> {
    return Promise.resolve(this.take(name));
  }
  property(name: string): string {
    return this.take(`property ${name}`);
  }
  around(side: string, count: number): string {
    return this.take(`${side} ${count}`);
  }
  ask(questions: readonly { question: string; initial: string; options: readonly string[] }[]): Promise<string[] | null> {
    this.asked.push(`ask ${questions.map(({ question, initial, options }) => [question, initial, ...options].join("/")).join(" & ")}`);
    return Promise.resolve(questions.some(({ question }) => this.values[question] === null) ? null : questions.map(({ question }) => this.values[question] ?? ""));
  }
  related(count: number): Promise<string> {
    return Promise.resolve(this.take(`related ${count}`));
  }
  search(query: string, count: number): Promise<string> {
    return Promise.resolve(this.take(`search ${query} ${count}`));
  }
  private take(what: string): string {
    this.asked.push(what);
    return this.values[what] ?? "";
  }
}

interface Case {
  readonly title: string;
  readonly source: string;
  readonly values?: Readonly<Record<string, string | null>>;
  readonly becomes: string | null;
  readonly asked: readonly string[];
}

const CASES: readonly Case[] = [
  { title: "nothing is read that is not there", source: "plain", becomes: "plain", asked: [] },
  { title: "a value is asked for once", source: "{{title}}{{title|upper}}", values: { title: "a" }, becomes: "aA", asked: ["title"] },
  { title: "what is filled in is not read as a template", source: "{{note}}", values: { note: "{{clipboard}} {{#if x}}" }, becomes: "{{clipboard}} {{#if x}}", asked: ["note"] },
  { title: "an answer of the user is no template either", source: "{{input:Q}}", values: { Q: "{{clipboard}}" }, becomes: "{{clipboard}}", asked: ["ask Q/"] },
  { title: "nor is what a filter makes", source: "{{note|default:\\{\\{clipboard\\}\\}}}", becomes: "{{clipboard}}", asked: ["note"] },
  { title: "dollar signs are no patterns", source: "{{note}}", values: { note: "$& $1 $$" }, becomes: "$& $1 $$", asked: ["note"] },
  { title: "a question is asked once", source: "{{input:Q|a}} {{input:Q|b}} {{choose:C|x|y}}", values: { Q: "1", C: "y" }, becomes: "1 1 y", asked: ["ask Q/a & C/x/x/y"] },
  { title: "a default is filled in before its question is asked", source: "{{input:Q|{{title}}!}}", values: { title: "T", Q: "1" }, becomes: "1", asked: ["title", "ask Q/T!"] },
  { title: "who does not go on is not asked again", source: "{{input:Q}}{{related}}", values: { Q: null }, becomes: null, asked: ["ask Q/"] },
  { title: "a condition that holds", source: "{{#if selection}}[{{selection}}]{{else}}{{input:Q}}{{/if}}", values: { selection: "s" }, becomes: "[s]", asked: ["selection"] },
  { title: "a condition that does not hold", source: "{{#if selection}}{{clipboard}}{{else}}{{input:Q}}{{/if}}", values: { selection: " \n", Q: "q" }, becomes: "q", asked: ["selection", "ask Q/"] },
  { title: "conditions within conditions", source: "{{#if title}}{{#if path}}a{{else}}b{{/if}}c{{/if}}d", values: { title: "t" }, becomes: "bcd", asked: ["title", "path"] },
  { title: "a condition on an answer", source: "{{#if input:Q}}{{input:R}}{{/if}}", values: { Q: "1", R: "2" }, becomes: "2", asked: ["ask Q/", "ask R/"] },
  { title: "a search for what is selected", source: "{{search:about {{selection|first:3}}|2}}", values: { selection: "abcdef", "search about abc 2": "found" }, becomes: "found", asked: ["selection", "search about abc 2"] },
  { title: "a search for what was found", source: "{{search:{{search:{{title}}|1}}}}", values: { title: "t", "search t 1": "u", "search u 5": "v" }, becomes: "v", asked: ["title", "search t 1", "search u 5"] },
  { title: "searches for nothing and for something not known yet", source: "{{search:{{title}}}}{{search:{{path}}}}", values: { path: "p", "search p 5": "v" }, becomes: "v", asked: ["title", "path", "search  5", "search p 5"] },
  { title: "a search that is not known yet is not one for nothing", source: "{{#if search:{{title}}}}{{else}}{{search:{{path}}}}{{/if}}", values: { path: "p", "search p 5": "v" }, becomes: "v", asked: ["title", "search  5", "path", "search p 5"] },
  { title: "text around the cursor, no more than was asked for", source: "{{before:3}}|{{after:2}}", values: { "before 3": "abcdef", "after 2": "ghi" }, becomes: "def|gh", asked: ["before 3", "after 2"] },
  { title: "no half characters", source: "{{before:1}}{{title|first:1}}{{title|last:1}}", values: { "before 1": "😀", title: "😀" }, becomes: "", asked: ["before 1", "title"] },
  { title: "lines that hold conditions alone leave nothing", source: "a\n  {{#if title}}\nb\n{{else}}\nc\n{{/if}}  \nd", values: { title: "t" }, becomes: "a\nb\nd", asked: ["title"] },
  { title: "conditions within a line leave the line", source: "a {{#if title}}b{{/if}}\nc", values: { title: "t" }, becomes: "a b\nc", asked: ["title"] },
  { title: "braces as they are", source: "\\{{title}} {{title}}", values: { title: "t" }, becomes: "{{title}} t", asked: ["title"] },
  { title: "signs behind a backslash", source: "{{choose:Which\\: one?|a\\|b|c\\}}}", values: { "Which: one?": "a|b" }, becomes: "a|b", asked: ["ask Which: one?/a|b/a|b/c}"] },
];

describe("a template is filled in", () => {
  test.each(CASES)("$title", async ({ source, values, becomes, asked }) => {
    const recorded = new Recorded(values);
    const { template, problems } = parseTemplate(source);
    expect(problems).toEqual([]);
    expect(template && (await fill(template, recorded, { now: new Date(2026, 2, 14), language: "en" }))).toBe(becomes);
    expect(recorded.asked).toEqual(asked);
  });
});
