import { describe, expect, test } from "vitest";
import { parseTemplate } from "../../src/core/templates/parse";
import { composed, duration, seeded } from "../random";

const WRONG: readonly [source: string, ...problems: string[]][] = [
  ["{{title", "unclosed {{ 1:1"],
  ["a\nb {{title\n}}", "unclosed {{ 2:3"],
  ["{{}}", "empty  1:3"],
  ["{{ titel }}", "unknown_name titel 1:4"],
  ["{{title}} {{selction|upper}}", "unknown_name selction 1:13"],
  ["{{title|uper}}", "unknown_filter uper 1:9"],
  ["{{title|first}}", "bad_number first 1:9"],
  ["{{title|first:0}}", "bad_number 0 1:9"],
  ["{{title|upper:2}}", "no_argument upper 1:9"],
  ["{{title|default}}", "needs_argument default 1:9"],
  ["{{title:x}}", "no_argument title 1:8"],
  ["{{property}}", "needs_argument property 1:3"],
  ["{{property:}}", "needs_argument property 1:3"],
  ["{{input}}", "needs_argument input 1:3"],
  ["{{choose:Tone|formal}}", "few_choices Tone 1:3"],
  ["{{related:no}}", "bad_number no 1:11"],
  ["{{related:0}}", "bad_number 0 1:11"],
  ["{{search:x|99}}", "bad_number 99 1:12"],
  ["{{date+7}}", "bad_shift date+7 1:3"],
  ["{{date+7h}}", "bad_shift date+7h 1:3"],
  ["{{property:{{title}}}}", "nested {{title}} 1:12"],
  ["{{search:{{#if title}}}}", "nested #if 1:10"],
  ["{{#if title}}x", "if_open #if 1:1"],
  ["x{{else}}", "else_alone else 1:2"],
  ["{{#if title}}{{else}}{{else}}{{/if}}", "else_alone else 1:22"],
  ["x\n{{/if}}", "end_alone /if 2:1"],
  ["{{#each title}}{{/each}}", "unknown_block #each 1:1", "unknown_block /each 1:16"],
  ["{{#if}}x{{/if}}", "empty  1:6"],
  ["{{titel}}\n{{uper}}", "unknown_name titel 1:3", "unknown_name uper 2:3"],
  ["{{search:{{titel}}}}", "unknown_name titel 1:12"],
];

describe("a template that is wrong", () => {
  test.each(WRONG)("%s", (source, ...problems) => {
    const parsed = parseTemplate(source);
    expect(parsed.problems.map(({ key, name, line, column }) => `${key} ${name} ${line}:${column}`)).toEqual(problems);
    expect(parsed.template).toBeNull();
    for (const { offset, line, column } of parsed.problems) expect(source.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0) + column - 1).toBe(offset);
  });

  test("has its conditions no deeper than twenty", () => {
    expect(parseTemplate("{{#if title}}".repeat(21) + "{{/if}}".repeat(21)).problems.map(({ key }) => key)).toEqual(["too_deep"]);
    expect(parseTemplate("{{#if title}}".repeat(20) + "{{/if}}".repeat(20)).problems).toEqual([]);
  });
});

describe("a template that is right", () => {
  test.each(["", "no places", "a } b { c }} d", "\\{{title}}", "{ {title} }", "$x_{1}$", "{{ title | first : 3 }}", "{{input:What? At 9:30?}}", "{{choose:A|b\\|c|d}}", "{{date+ 7d :YYYY}}"])("%s", (source) => {
    expect(parseTemplate(source).problems).toEqual([]);
  });
});

test("any text is read without an exception, and in a time that grows with its length", () => {
  const random = seeded(1);
  const pieces = ["{{", "}}", "{{#if ", "{{/if}}", "{{else}}", "title", "|", ":", "\\", "\n", " ", "first:3", "search:", "input:", "x"];
  for (let round = 0; round < 3000; round += 1) {
    const source = composed(random, pieces, 30);
    const { template, problems } = parseTemplate(source);
    expect(template === null).toBe(problems.length > 0);
  }
});

test.each(["{{search:", "{{input:q|"])("thousands of %j inside one another are a mistake, not the end", (place) => {
  const nested = place.repeat(10_000) + "}}".repeat(10_000);
  expect(duration(() => expect(parseTemplate(nested).problems.map(({ key }) => key)).toContain("nested"))).toBeLessThan(1000);
});

test.each(["{{", "{{#if title}}", "{{search:", "\\{{", "}}", "{{title", "{{title|", "{{title\n"])("a hundred thousand characters of %j are read in a moment", (piece) => {
  expect(duration(() => parseTemplate(piece.repeat(100_000 / piece.length)))).toBeLessThan(2000);
});
