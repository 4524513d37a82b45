// A little Markdown, for answers and notes: its blocks. What is written there may have been written to harm: it becomes
// elements of a few harmless kinds and text, images are never loaded, and a link shows where it leads. Every step looks a
// bounded distance ahead, so that no text takes long.

import { h } from "./dom.js";
import { DEEPEST, inline } from "./inline.js";

const LONGEST = 200_000;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^(#{1,6})[ \t]+(.*)$/;
const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const BULLET = /^([ \t]{0,12})([-*+]|\d{1,9}[.)])[ \t]+(.*)$/;
const QUOTE = /^ {0,3}> ?(.*)$/;
const CALLOUT = /^\[!([\w-]{1,40})\][+-]?[ \t]*(.*)$/;
const CELLS = /^[ \t]*\|(.+)\|[ \t]*$/;
const BELOW_HEADS = /^[ \t]*\|(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*$/;
const BLOCK_ID = /(?<![ \t])[ \t]+\^[A-Za-z0-9-]{1,60}$/;

/**
 * Elements for a text. `addressOf` gives the address of a wikilink's target, null for none; `marked` are words to set
 * off.
 */
export function markdown(text, { addressOf = () => null, marked = [] } = {}) {
  const whole = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  const found = marked.map((word) => word.toLowerCase()).filter((word) => word !== "").slice(0, 40);
  return blocks(whole.split(/\r\n?|\n/), { addressOf, marked: found }, 0);
}

function blocks(lines, rules, depth) {
  const made = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    const next = line.trim() === "" ? { to: at + 1, made: [] } : block(lines, at, rules, depth);
    made.push(...next.made);
    at = next.to;
  }
  return made;
}

function block(lines, at, rules, depth) {
  const line = lines[at];
  const fence = FENCE.exec(line);
  if (fence) return code(lines, at, fence[1]);
  const heading = HEADING.exec(line);
  if (heading) return { to: at + 1, made: [h("p", { class: "heading", dir: "auto" }, inline(heading[2], rules))] };
  if (RULE.test(line)) return { to: at + 1, made: [h("hr")] };
  if (CELLS.test(line) && BELOW_HEADS.test(lines[at + 1] ?? "")) return table(lines, at, rules);
  if (depth < DEEPEST && QUOTE.test(line)) return quote(lines, at, rules, depth);
  if (depth < DEEPEST && BULLET.test(line)) return list(lines, at, rules, depth);
  return paragraph(lines, at, rules, depth);
}

function code(lines, at, fence) {
  let to = at + 1;
  while (to < lines.length && !(FENCE.test(lines[to]) && lines[to].trim().startsWith(fence))) to += 1;
  return { to: to + 1, made: [h("pre", { tabindex: 0 }, h("code", {}, lines.slice(at + 1, to).join("\n")))] };
}

function quote(lines, at, rules, depth) {
  let to = at;
  const inside = [];
  for (; to < lines.length && QUOTE.test(lines[to]); to += 1) inside.push(QUOTE.exec(lines[to])[1]);
  const callout = CALLOUT.exec(inside[0]);
  if (callout) inside[0] = "";
  const name = callout && h("p", { class: "heading", dir: "auto" }, inline(callout[2] || callout[1], rules));
  return { to, made: [h("blockquote", { dir: "auto" }, name, blocks(inside, rules, depth + 1))] };
}

function table(lines, at, rules) {
  let to = at + 2;
  while (to < lines.length && CELLS.test(lines[to])) to += 1;
  const row = (line, tag) => h("tr", {}, cells(line).map((cell) => h(tag, { dir: "auto" }, inline(cell, rules))));
  const body = lines.slice(at + 2, to).map((line) => row(line, "td"));
  return { to, made: [h("div", { class: "wide", tabindex: 0 }, h("table", {}, h("thead", {}, row(lines[at], "th")), h("tbody", {}, body)))] };
}

/** A row's cells. A bar behind a backslash is part of its cell, as in a wikilink with another name. */
function cells(line) {
  return CELLS.exec(line)[1].split(/(?<!\\)\|/).map((cell) => cell.trim());
}

function list(lines, at, rules, depth) {
  const [, indent, mark] = BULLET.exec(lines[at]);
  const ordered = /\d/.test(mark);
  const items = [];
  let to = at;
  for (; to < lines.length; to += 1) {
    const item = BULLET.exec(lines[to]);
    if (item && item[1].length <= indent.length && /\d/.test(item[2]) === ordered) items.push([item[3]]);
    else if (lines[to].trim() !== "" && (item ? item[1].length > indent.length : /^[ \t]/.test(lines[to]))) {
      items.at(-1).push(lines[to].replace(/^[ \t]{1,4}/, ""));
    } else break;
  }
  const made = items.map((inside) => h("li", { dir: "auto" }, task(inside, rules, depth)));
  const start = ordered ? Number.parseInt(mark, 10) : 1;
  return { to, made: [h(ordered ? "ol" : "ul", { start: start > 1 ? start : null }, made)] };
}

function task(lines, rules, depth) {
  const [first, ...rest] = lines;
  const box = /^\[(.)\][ \t]+(.*)$/u.exec(first);
  const words = box ? [box[1] === " " ? "☐ " : "☑ ", inline(box[2], rules)] : inline(first, rules);
  return [words, blocks(rest, rules, depth + 1)];
}

function paragraph(lines, at, rules, depth) {
  const words = [];
  let to = at;
  for (; to < lines.length && lines[to].trim() !== ""; to += 1) {
    const starts = FENCE.test(lines[to]) || HEADING.test(lines[to]) || QUOTE.test(lines[to]) || BULLET.test(lines[to]);
    if (to > at && starts && depth < DEEPEST) break;
    words.push(to > at ? h("br") : "", inline(lines[to].replace(BLOCK_ID, ""), rules));
  }
  return { to, made: [h("p", { dir: "auto" }, words)] };
}
