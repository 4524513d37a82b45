/** What a note is made of, line by line: frontmatter, headings, links, embeds, tags, blocks and sections, with their places. */
import { parseYaml } from "./yaml";

export type Loc = { line: number; col: number; offset: number };
export type Pos = { start: Loc; end: Loc };
export type Link = { link: string; original: string; displayText: string; position: Pos };
export type Structure = {
  links?: Link[];
  embeds?: Link[];
  tags?: { tag: string; position: Pos }[];
  headings?: { heading: string; level: number; position: Pos }[];
  sections?: { type: string; id?: string; position: Pos }[];
  listItems?: { parent: number; id?: string; task?: string; position: Pos }[];
  frontmatter?: Record<string, unknown>;
  frontmatterPosition?: Pos;
  frontmatterLinks?: { key: string; link: string; original: string; displayText: string }[];
  blocks?: Record<string, { id: string; position: Pos }>;
};

export function frontmatterOf(text: string): { exists: boolean; frontmatter: string; from: number; to: number; contentStart: number } {
  const found = /^---[ \t]*\r?\n([\s\S]*?)^---[ \t]*(?:\r?\n|$)/m.exec(text);
  if (found === null || found.index !== 0) return { exists: false, frontmatter: "", from: 0, to: 0, contentStart: 0 };
  const from = found[0].indexOf("\n") + 1;
  return { exists: true, frontmatter: found[1] ?? "", from, to: from + (found[1] ?? "").length, contentStart: found[0].length };
}

const WIKI = /(!?)\[\[([^\]\n|]+)(?:\|([^\]\n]+))?\]\]/g;
const MARKDOWN = /(!?)\[([^\]\n]*)\]\((<[^>\n]+>|[^)\s]+)\)/g;
const TAG = /(?<![^\s(])#([\p{L}\p{N}_/-]*[\p{L}_/-][\p{L}\p{N}_/-]*)/gu;

class Lines {
  readonly texts: string[];
  readonly offsets: number[] = [];
  constructor(text: string) {
    this.texts = text.split("\n");
    let offset = 0;
    for (const line of this.texts) {
      this.offsets.push(offset);
      offset += line.length + 1;
    }
  }
  at(line: number, col: number): Loc {
    return { line, col, offset: (this.offsets[line] ?? 0) + col };
  }
  span(line: number, from: number, to: number): Pos {
    return { start: this.at(line, from), end: this.at(line, to) };
  }
  spanLines(first: number, last: number): Pos {
    return { start: this.at(first, 0), end: this.at(last, (this.texts[last] ?? "").length) };
  }
}

export function structureOf(text: string): Structure {
  const lines = new Lines(text);
  const found: Structure = {};
  const head = frontmatterOf(text);
  let first = 0;
  if (head.exists) {
    first = text.slice(0, head.contentStart).split("\n").length - 1;
    found.frontmatterPosition = lines.spanLines(0, Math.max(0, first - 1));
    readFrontmatter(head.frontmatter, found);
    push(found, "sections", { type: "yaml", position: found.frontmatterPosition });
  }
  readBody(lines, first, found);
  return found;
}

function push<K extends "links" | "embeds" | "tags" | "headings" | "sections" | "listItems">(found: Structure, key: K, item: NonNullable<Structure[K]>[number]): void {
  (found[key] ??= [] as never).push(item as never);
}

function readFrontmatter(yaml: string, found: Structure): void {
  let values: unknown;
  try {
    values = parseYaml(yaml);
  } catch {
    return;
  }
  if (typeof values !== "object" || values === null) return;
  found.frontmatter = values as Record<string, unknown>;
  for (const [key, value] of Object.entries(values)) {
    for (const [at, text] of (Array.isArray(value) ? value : [value]).entries()) {
      const link = typeof text === "string" ? /^\[\[([^\]|]+)(?:\|([^\]]+))?\]\]$/.exec(text) : null;
      if (link === null) continue;
      const name = Array.isArray(value) ? `${key}.${at}` : key;
      (found.frontmatterLinks ??= []).push({ key: name, link: link[1] ?? "", original: link[0], displayText: link[2] ?? link[1] ?? "" });
    }
  }
}

const kindOf = (line: string): string => {
  if (/^\s*(?:[-*+]|\d+[.)])\s/.test(line)) return "list";
  if (/^\s*>\s*\[!/.test(line)) return "callout";
  if (/^\s*>/.test(line)) return "blockquote";
  if (/^\s*\|/.test(line)) return "table";
  if (/^\s*(?:---+|\*\*\*+|___+)\s*$/.test(line)) return "thematicBreak";
  return "paragraph";
};

function readBody(lines: Lines, first: number, found: Structure): void {
  for (let line = first; line < lines.texts.length; ) {
    const text = lines.texts[line] ?? "";
    const heading = /^(#{1,6})\s+(.*?)\s*#*\s*$/.exec(text);
    const fence = /^\s*(`{3,}|~{3,})/.exec(text);
    if (text.trim() === "") line += 1;
    else if (fence !== null) line = readFence(lines, line, fence[1] ?? "```", found);
    else if (heading !== null) {
      const position = lines.span(line, 0, text.length);
      push(found, "headings", { heading: heading[2] ?? "", level: (heading[1] ?? "").length, position });
      push(found, "sections", { type: "heading", position });
      readLine(lines, line, found);
      line += 1;
    } else line = readParagraph(lines, line, found);
  }
}

function readFence(lines: Lines, first: number, mark: string, found: Structure): number {
  let last = first + 1;
  while (last < lines.texts.length && !(lines.texts[last] ?? "").trim().startsWith(mark)) last += 1;
  push(found, "sections", { type: "code", position: lines.spanLines(first, Math.min(last, lines.texts.length - 1)) });
  return last + 1;
}

function readParagraph(lines: Lines, first: number, found: Structure): number {
  const type = kindOf(lines.texts[first] ?? "");
  let last = first;
  const goesOn = (line: string): boolean => line.trim() !== "" && !/^#{1,6}\s/.test(line) && !/^\s*(`{3,}|~{3,})/.test(line);
  while (last + 1 < lines.texts.length && goesOn(lines.texts[last + 1] ?? "")) last += 1;
  for (let line = first; line <= last; line += 1) readLine(lines, line, found);
  const id = /(?:^|\s)\^([A-Za-z0-9-]+)\s*$/.exec(lines.texts[last] ?? "")?.[1];
  const section = { type, position: lines.spanLines(first, last), ...(id === undefined || type === "list" ? {} : { id }) };
  push(found, "sections", section);
  if (id !== undefined && type !== "list") (found.blocks ??= {})[id.toLowerCase()] = { id, position: section.position };
  return last + 1;
}

function readLine(lines: Lines, line: number, found: Structure): void {
  const text = lines.texts[line] ?? "";
  const bare = text.replace(/`[^`\n]+`/g, (code) => " ".repeat(code.length));
  for (const link of bare.matchAll(WIKI)) addLink(found, link[1] === "!", link[2] ?? "", link[3], link[0], lines.span(line, link.index, link.index + link[0].length));
  for (const link of bare.matchAll(MARKDOWN)) {
    const target = (link[3] ?? "").replace(/^<|>$/g, "");
    if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue;
    addLink(found, link[1] === "!", decodeURI(target), link[2], link[0], lines.span(line, link.index, link.index + link[0].length));
  }
  const unlinked = bare.replace(WIKI, (link) => " ".repeat(link.length));
  for (const tag of unlinked.matchAll(TAG)) push(found, "tags", { tag: tag[0], position: lines.span(line, tag.index, tag.index + tag[0].length) });
  readItem(lines, line, text, found);
}

function addLink(found: Structure, embed: boolean, target: string, shown: string | undefined, original: string, position: Pos): void {
  // Inside tables the bar is written \|.
  const link = target.replace(/\\$/, "").trim();
  push(found, embed ? "embeds" : "links", { link, original, displayText: shown ?? link, position });
}

function readItem(lines: Lines, line: number, text: string, found: Structure): void {
  const item = /^(\s*)(?:[-*+]|\d+[.)])\s+(?:\[(.)\]\s)?/.exec(text);
  if (item === null) return;
  const position = lines.span(line, (item[1] ?? "").length, text.length);
  const id = /\s\^([A-Za-z0-9-]+)\s*$/.exec(text)?.[1];
  if (id !== undefined) (found.blocks ??= {})[id.toLowerCase()] = { id, position };
  push(found, "listItems", { parent: -1, position, ...(id === undefined ? {} : { id }), ...(item[2] === undefined ? {} : { task: item[2] }) });
}
