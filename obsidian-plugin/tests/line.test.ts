import { join } from "node:path";
import * as parser from "@typescript-eslint/parser";
import { Linter } from "eslint";
import { expect, test } from "vitest";
import { BELOW_THE_LINE, line } from "../line.mjs";

const root = join(import.meta.dirname, "..");

function told(file: string, code: string): string[] {
  const linter = new Linter({ cwd: root });
  return linter.verify(code, [{ files: ["src/core/**/*.ts"], languageOptions: { parser }, ...line }], join(root, file)).map(({ message }) => message);
}

test.each([
  ['import { Notice } from "obsidian";'],
  ['import type { App } from "obsidian";'],
  ['export { Modal } from "obsidian";'],
  ['export * from "../views/clipboard";'],
  ['export type Theirs = import("obsidian").App;'],
  ['export const later = () => import("obsidian");'],
  ["export const later = (name: string) => import(name);"],
  ['import { readFileSync } from "fs";'],
  ['import { join } from "node:path";'],
  ['import { EditorView } from "@codemirror/view";'],
  ['import type { Context } from "../context";'],
  ['import { shellOf } from "../shell";'],
  ['import { windowClock } from "../platform/window_clock";'],
  ['import { readSettings } from "../settings/settings";'],
  ['import { shownName } from "./../views/ask/shown_name";'],
  ['import { shownName } from "../core/../views/ask/shown_name";'],
  ["export const one = document.title;"],
  ["export const one = globalThis.fetch;"],
  ['export const one = self["setTimeout"];'],
  ["export const one = new XMLHttpRequest();"],
  ["export const one = Date.now();"],
  ["export const one = new Date();"],
  ["export const one = Math.random();"],
  ["export const one = createDiv();"],
])("core may not say: %s", (code) => {
  expect(told("src/core/new_part.ts", code)).toContainEqual(expect.stringContaining(BELOW_THE_LINE));
});

test.each([
  ["src/core/new_part.ts", 'import { Problem } from "./problem"; export const one = new Problem("offline");'],
  ["src/core/new_part.ts", 'export { Problem } from "../core/problem";'],
  ["src/core/answer/new_part.ts", 'import type { Clock } from "../clock"; export type One = Clock;'],
  ["src/core/answer/new_part.ts", 'export type One = import("./inline").Inline;'],
  ["src/core/new_part.ts", "export const one = new Date(2026, 0, 1);"],
])("%s may say: %s", (file, code) => {
  expect(told(file, code)).toEqual([]);
});

test.each(["/(?<!a)b/", "/(?<=a)b/u"])("no part has the pattern %s, which older phones cannot read", (pattern) => {
  expect(told("src/core/new_part.ts", `export const one = ${pattern};`)).toEqual([expect.stringContaining("lookbehind")]);
  expect(told("src/core/new_part.ts", "export const one = /(?<name>a)b/;")).toEqual([]);
});

test("a deeper folder of core has the same line", () => {
  expect(told("src/core/answer/new_part.ts", 'import { windowClock } from "../../platform/window_clock";')).toEqual([BELOW_THE_LINE]);
});
