// A little Markdown, for answers and notes. What is written there may have been written to harm: it becomes elements of a
// few harmless kinds and text, images are never loaded, and a link shows where it leads. Every step looks a bounded
// distance ahead, so that no text takes long.

import { h, link, safeAddress } from "./dom.js";

const DEEPEST = 6;
const AHEAD = 2000;
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
const ADDRESS = /^(?:https?:\/\/|obsidian:\/\/)[^\s<>"'`\])}]{1,2000}/i;
const MARKS = /[\\`*_~[\]!<&hHoO]/;
const ENTITY = /^&(?:(lt|gt|amp|quot|apos|nbsp)|#(\d{1,7}));/;
const ENTITIES = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'", nbsp: "\u00a0" };
const ENDING = /(?<![.,;:!?])[.,;:!?]+$/;

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

function inline(text, rules, depth = 0) {
  const made = [];
  let plain = "";
  let at = 0;
  const keep = () => {
    if (plain !== "") made.push(...words(plain, rules));
    plain = "";
  };
  while (at < text.length) {
    const rest = text.slice(at).search(MARKS);
    if (rest < 0) {
      plain += text.slice(at);
      break;
    }
    plain += text.slice(at, at + rest);
    at += rest;
    const special = depth < DEEPEST ? marked(text, at, rules, depth) : null;
    if (special === null) {
      plain += text[at];
      at += 1;
    } else {
      keep();
      made.push(...[special.made].flat());
      at = special.to;
    }
  }
  keep();
  return made;
}

/** What begins at a place, and where it ends; null where nothing does. */
function marked(text, at, rules, depth) {
  const here = text[at];
  if (here === "\\") return /[!-/:-@[-`{-~]/.test(text[at + 1] ?? "") ? { made: text[at + 1], to: at + 2 } : null;
  if (here === "&") return entity(text, at);
  if (here === "`") return ticks(text, at);
  if (here === "[" && text[at + 1] === "[") return wikilink(text, at, rules);
  if (here === "[") return linked(text, at, rules, depth);
  if (here === "!") return text.startsWith("![[", at) ? wikilink(text, at + 1, rules, { embeds: true }) : image(text, at);
  if (here === "*" || here === "_" || here === "~") return stressed(text, at, rules, depth);
  return bare(text, at);
}

/** The server writes `<` so in answers, for pages that take Markdown for markup. */
function entity(text, at) {
  const found = ENTITY.exec(text.slice(at, at + 12));
  if (found === null) return null;
  const code = Number(found[2]);
  if (found[1] === undefined && !(code > 31 && code <= 0x10ffff)) return null;
  return { made: found[1] === undefined ? String.fromCodePoint(code) : ENTITIES[found[1]], to: at + found[0].length };
}

function ticks(text, at) {
  const [run] = /^`+/.exec(text.slice(at, at + 20));
  const end = text.slice(0, at + AHEAD).indexOf(run, at + run.length);
  return end < 0 ? null : { made: h("code", {}, text.slice(at + run.length, end).trim()), to: end + run.length };
}

function stressed(text, at, rules, depth) {
  const mark = text[at];
  const run = text[at + 1] === mark ? mark + mark : mark;
  if (mark === "~" && run.length < 2) return null;
  const open = at + run.length;
  if (/\s/.test(text[open] ?? " ") || (mark === "_" && /[\p{L}\p{N}]/u.test(text[at - 1] ?? " "))) return null;
  const end = text.slice(0, at + AHEAD).indexOf(run, open);
  if (end <= open || /\s/.test(text[end - 1])) return null;
  if (mark === "_" && /[\p{L}\p{N}]/u.test(text[end + run.length] ?? " ")) return null;
  const tag = mark === "~" ? "s" : run.length === 2 ? "strong" : "em";
  return { made: h(tag, {}, inline(text.slice(open, end), rules, depth + 1)), to: end + run.length };
}

function wikilink(text, at, rules, { embeds = false } = {}) {
  const end = text.slice(0, at + AHEAD).indexOf("]]", at);
  if (end < 0 || text.slice(at + 2, end).includes("[[")) return null;
  const [target, shown] = halves(text.slice(at + 2, end));
  const address = rules.addressOf(target);
  // Behind the bar of an embed stands its size.
  const label = h("bdi", {}, embeds ? target : shown);
  return { made: address === null ? label : link(address, label), to: end + 2 };
}

function halves(inside) {
  const bar = inside.indexOf("|");
  return bar < 0 ? [inside, inside] : [inside.slice(0, bar).replace(/\\$/, ""), inside.slice(bar + 1)];
}

/** `[words](address)`, from its bracket: the words, the address and where it ends. */
function parts(text, at) {
  const near = text.slice(0, at + AHEAD);
  const middle = near.indexOf("](", at);
  const close = middle < 0 ? -1 : near.indexOf(")", middle);
  if (close < 0 || near.slice(at + 1, middle).includes("[")) return null;
  return { words: near.slice(at + 1, middle), address: near.slice(middle + 2, close).trim().split(/\s/)[0], to: close + 1 };
}

function linked(text, at, rules, depth) {
  const found = parts(text, at);
  if (found === null) return null;
  return { made: addressed(inline(found.words, { ...rules, addressOf: () => null }, depth + 1), found.address), to: found.to };
}

/** An image is never loaded: its name and its address stand there as those of a link do. */
function image(text, at) {
  if (text[at + 1] !== "[") return null;
  const found = parts(text, at + 1);
  return found === null ? null : { made: addressed([found.words || "image"], found.address), to: found.to };
}

function bare(text, at) {
  if (/[\p{L}\p{N}]/u.test(text[at - 1] ?? " ")) return null;
  const angle = text[at] === "<" ? 1 : 0;
  const found = ADDRESS.exec(text.slice(at + angle, at + AHEAD));
  if (found === null) return null;
  const address = found[0].replace(ENDING, "");
  const closes = angle && text[at + 1 + found[0].length] === ">";
  if (safeAddress(address) === null || (angle && !closes)) return null;
  return { made: link(address, safeAddress(address)), to: closes ? at + found[0].length + 2 : at + address.length };
}

/**
 * Words with where they lead beside them, so that nobody is led elsewhere than they read. Each runs its own way: a mark
 * in the words that turns the writing round would else turn the address too.
 */
function addressed(words, address) {
  const href = safeAddress(address);
  const said = h("bdi", {}, words);
  if (href === null) return [said, h("bdi", { class: "address" }, ` (${address})`)];
  return [link(href, said), h("bdi", { class: "address" }, ` (${href})`)];
}

/** Plain text, with the words set off that were searched for. */
function words(text, { marked }) {
  const lower = text.toLowerCase();
  // Where small letters take more room than capitals, places in the one are none in the other.
  if (marked.length === 0 || lower.length !== text.length) return [text];
  const made = [];
  let at = 0;
  while (at < text.length) {
    const next = nearest(lower, marked, at);
    if (next === null) break;
    made.push(text.slice(at, next.from), h("mark", {}, text.slice(next.from, next.to)));
    at = next.to;
  }
  return [...made, text.slice(at)];
}

function nearest(lower, marked, at) {
  let best = null;
  for (const word of marked) {
    const from = lower.indexOf(word, at);
    if (from >= 0 && (best === null || from < best.from)) best = { from, to: from + word.length };
  }
  return best;
}
