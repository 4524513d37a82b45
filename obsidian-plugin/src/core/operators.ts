/** A query as it is typed, taken apart into words and operators, for highlighting and completing them. The server reads it
 * by the same rules; this one only says what stands where. */

export type OperatorKind = "word" | "phrase" | "tag" | "path" | "file" | "property" | "note";

/** A piece of a query, from one offset to another. */
export interface QueryPart {
  readonly kind: OperatorKind;
  readonly from: number;
  readonly to: number;
  /** Whether a hyphen in front excludes what it finds. */
  readonly excludes: boolean;
  /** What is asked for: the tag without `#`, the words of a phrase, the note's name with its heading, `name` or `name:value`. */
  readonly value: string;
  /** Whether its end has been typed: a bracket or a quotation mark may still be open. */
  readonly closed: boolean;
}

/** What can be completed at the cursor: the part, and the beginning of its value that stands before the cursor. */
export interface Completion {
  readonly kind: Exclude<OperatorKind, "word" | "phrase">;
  /** What a choice replaces. */
  readonly from: number;
  readonly to: number;
  readonly typed: string;
  /** For a property: its name, when the value is being typed. */
  readonly property: string | null;
}

const LONGEST = 8_000;
const TAG_END = /[\s#,.;:!?"'()[\]{}]/;
const OPENING = /["“„«]/;
const CLOSING = /["”“»]/;

/** Take a query apart. Never fails. */
export function queryParts(query: string): QueryPart[] {
  const text = query.slice(0, LONGEST);
  const parts: QueryPart[] = [];
  for (let at = 0; at < text.length; ) {
    if (/\s/.test(text[at] ?? "")) at += 1;
    else {
      const part = partAt(text, at);
      parts.push(part);
      at = Math.max(part.to, at + 1);
    }
  }
  return parts;
}

/** What can be completed at an offset; null for nothing. */
export function completionAt(query: string, cursor: number): Completion | null {
  const part = queryParts(query).find((each) => each.from < cursor && cursor <= each.to && each.kind !== "word" && each.kind !== "phrase");
  if (part === undefined || (part.closed && part.to === cursor && (part.kind === "note" || part.kind === "property"))) return null;
  const kind = part.kind as Completion["kind"];
  const source = query.slice(part.from, part.to);
  const lead = { tag: /^-?(?:#|tag:"?#?)/i, path: /^-?path:"?/i, file: /^-?file:"?/i, property: /^-?\[/, note: /^-?\[\[/ }[kind].exec(source)?.[0].length ?? 0;
  const colon = kind === "property" ? source.indexOf(":") : -1;
  const inValue = colon >= 0 && part.from + colon < cursor;
  const from = inValue ? part.from + colon + 1 : part.from + lead;
  if (cursor < from) return null;
  const end = part.from + (inValue || colon < 0 ? source.length - closingLength(source, kind, part.closed) : colon);
  return { kind, from, to: Math.max(end, cursor), typed: query.slice(from, cursor), property: inValue ? source.slice(lead, colon).trim() : null };
}

function closingLength(source: string, kind: Completion["kind"], closed: boolean): number {
  if (!closed) return 0;
  if (kind === "note") return 2;
  return kind === "property" || source.endsWith('"') ? 1 : 0;
}

function partAt(text: string, at: number): QueryPart {
  const excludes = text[at] === "-" && /\S/.test(text[at + 1] ?? " ");
  const from = excludes ? at + 1 : at;
  const made = noteAt(text, from) ?? propertyAt(text, from) ?? namedAt(text, from) ?? tagAt(text, from) ?? phraseAt(text, from) ?? wordAt(text, from);
  return { ...made, from: at, excludes };
}

type Made = Pick<QueryPart, "kind" | "to" | "value" | "closed">;

function noteAt(text: string, at: number): Made | null {
  if (!text.startsWith("[[", at)) return null;
  const end = text.indexOf("]]", at);
  const next = text.indexOf("[[", at + 2);
  const closed = end >= 0 && (next < 0 || end < next);
  const stop = closed ? end : next < 0 ? text.length : next;
  const value = text.slice(at + 2, stop).split("|")[0] ?? "";
  return { kind: "note", to: closed ? end + 2 : stop, value: value.trim(), closed };
}

/** Not the box of a task, a footnote or an index: `[x]`, `[^1]`, `[1]`. */
function propertyAt(text: string, at: number): Made | null {
  if (text[at] !== "[" || !/^\p{L}/u.test(text.slice(at + 1, at + 3))) return null;
  const end = text.slice(at, at + 300).search(/\]/);
  const inside = text.slice(at + 1, end < 0 ? at + 300 : at + end);
  if (/\[/.test(inside) || (end >= 0 && inside.length < 2)) return null;
  return { kind: "property", to: end < 0 ? Math.min(text.length, at + 300) : at + end + 1, value: inside.trim(), closed: end >= 0 };
}

function namedAt(text: string, at: number): Made | null {
  const name = /^(path|file|tag):/i.exec(text.slice(at, at + 5))?.[1]?.toLowerCase();
  if (name === undefined) return null;
  const kind = name as "path" | "file" | "tag";
  const from = at + name.length + 1;
  const quoted = text[from] === '"';
  const end = quoted ? text.indexOf('"', from + 1) : from + wordLength(text, from);
  const stop = end < 0 ? text.length : end;
  const value = text.slice(quoted ? from + 1 : from, stop);
  return { kind, to: quoted && end >= 0 ? end + 1 : stop, value: kind === "tag" ? value.replace(/^#/, "") : value, closed: end >= 0 };
}

function tagAt(text: string, at: number): Made | null {
  if (text[at] !== "#") return null;
  let to = at + 1;
  while (to < text.length && !TAG_END.test(text[to] ?? "")) to += 1;
  const value = text.slice(at + 1, to);
  // A number is no tag; a sign alone may become one.
  return value !== "" && !/[\p{L}\p{M}\p{So}_]/u.test(value) ? null : { kind: "tag", to, value: value.replace(/^\/+|\/+$/g, ""), closed: true };
}

function phraseAt(text: string, at: number): Made | null {
  if (!OPENING.test(text[at] ?? "")) return null;
  const length = text.slice(at + 1).search(CLOSING);
  const to = length < 0 ? text.length : at + length + 2;
  return { kind: "phrase", to, value: text.slice(at + 1, length < 0 ? text.length : to - 1), closed: length >= 0 };
}

function wordAt(text: string, at: number): Made {
  const to = at + Math.max(1, wordLength(text, at));
  return { kind: "word", to, value: text.slice(at, to), closed: true };
}

function wordLength(text: string, from: number): number {
  let to = from;
  while (to < text.length && !/\s/.test(text[to] ?? "")) to += 1;
  return to - from;
}
