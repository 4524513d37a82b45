// Markdown within a line: emphasis, code, links, wikilinks and addresses, and the words that were searched for.

import { h, link, safeAddress } from "./dom.js";

export const DEEPEST = 6;
const AHEAD = 2000;
const ADDRESS = /^(?:https?:\/\/|obsidian:\/\/)[^\s<>"'`\])}]{1,2000}/i;
const MARKS = /[\\`*_~[\]!<&hHoO]/;
const ENTITY = /^&(?:(lt|gt|amp|quot|apos|nbsp)|#(\d{1,7}));/;
const ENTITIES = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'", nbsp: "\u00a0" };
const ENDING = /(?<![.,;:!?])[.,;:!?]+$/;

/** Elements and text for a line or a few. `rules`: `addressOf` and `marked`, as `markdown` has them. */
export function inline(text, rules, depth = 0) {
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
  const ahead = marked.map((word) => ({ word, from: -1 }));
  const made = [];
  let at = 0;
  while (at < text.length) {
    const next = nearest(lower, ahead, at);
    if (next === null) break;
    made.push(text.slice(at, next.from), h("mark", {}, text.slice(next.from, next.to)));
    at = next.to;
  }
  return [...made, text.slice(at)];
}

/** Where the next of the words is. Each is looked for once from where it was found last, so that the text is read once. */
function nearest(lower, ahead, at) {
  let best = null;
  for (const each of ahead) {
    if (each.from < at) {
      const from = lower.indexOf(each.word, at);
      each.from = from < 0 ? Infinity : from;
    }
    if (each.from < Infinity && (best === null || each.from < best.from)) best = { from: each.from, to: each.from + each.word.length };
  }
  return best;
}
