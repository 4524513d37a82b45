/** Reads one place of a template: its name, what stands behind the colon, and the filters behind bars. */
import { FILTERS, PLACES, type Filter, type FilterName, type Node, type Place, type PlaceName, type Shift, type TemplateProblemKey } from "./template";

/** What reading a place needs of the template's reader. */
export interface PlaceReading {
  wrong(key: TemplateProblemKey, name: string, offset: number): void;
  inner(from: number, to: number): readonly Node[];
}

type Takes = "nothing" | "text" | "maybe" | "count";
const TAKES: Readonly<Record<PlaceName, Takes>> = {
  selection: "nothing", note: "nothing", title: "nothing", path: "nothing", folder: "nothing", tags: "nothing", language: "nothing",
  clipboard: "nothing", before: "count", after: "count", date: "maybe", today: "maybe", tomorrow: "maybe", yesterday: "maybe",
  time: "maybe", property: "text", input: "text", choose: "text", related: "count", search: "text",
};
const COUNTS: Partial<Record<PlaceName, number>> = { before: 1000, after: 1000, related: 5, search: 5 };
const MOST: Partial<Record<PlaceName, number>> = { before: 1_000_000, after: 1_000_000, related: 50, search: 50 };
const FILTER_TAKES: Readonly<Record<FilterName, "nothing" | "number" | "text">> = {
  upper: "nothing", lower: "nothing", trim: "nothing", first: "number", last: "number", lines: "number", quote: "nothing",
  json: "nothing", default: "text",
};
const SHIFT = /^(date|today)\s*([+-])\s*(.*)$/;

interface Piece {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** Read what stands between the braces; null where it cannot be read, and what is wrong has been said. */
export function readPlace(source: string, from: number, to: number, reading: PlaceReading): Place | null {
  const [first, ...rest] = pieces(source, from, to, "|");
  if (first === undefined || first.text.trim() === "") return wrong(reading, "empty", "", from);
  const [head, ...tail] = pieces(source, first.from, first.to, ":");
  const argument: Piece | null = tail[0] === undefined ? null : { text: source.slice(tail[0].from, first.to), from: tail[0].from, to: first.to };
  const named = nameIn(head ?? first, reading);
  if (named === null || !isArgument(named.name, argument, first.from, reading)) return null;
  const place = { kind: "place", name: named.name, argument: plain(argument), inner: [], options: [], count: 0, shift: named.shift, filters: [] } as const satisfies Place;
  if (named.name === "input") return { ...place, inner: rest[0] === undefined ? [] : reading.inner(rest[0].from, rest.at(-1)?.to ?? to) };
  if (named.name === "choose") return choice(place, rest, first.from, reading);
  if (argument !== null && named.name !== "search" && argument.text.includes("{{")) return wrong(reading, "nested", argument.text, argument.from);
  if (named.name === "search") return searched(place, argument, rest, reading);
  const count = TAKES[named.name] === "count" ? countIn(named.name, argument, reading) : 0;
  const filters = filtersIn(rest, reading);
  return filters === null || count === null ? null : { ...place, count, filters };
}

function nameIn(head: Piece, reading: PlaceReading): { name: PlaceName; shift: Shift | null } | null {
  const written = head.text.trim();
  const shifted = SHIFT.exec(written);
  const name = shifted === null ? written : (shifted[1] ?? "");
  const known = PLACES.find((each) => each === name);
  if (known === undefined) return wrong(reading, "unknown_name", name, head.from + head.text.indexOf(written));
  if (shifted === null) return { name: known, shift: null };
  const amount = /^(\d{1,5})\s*([dwmy])$/.exec((shifted[3] ?? "").trim());
  if (amount === null) return wrong(reading, "bad_shift", written, head.from);
  const sign = shifted[2] === "-" ? -1 : 1;
  return { name: known, shift: { amount: sign * Number(amount[1]), unit: amount[2] as Shift["unit"] } };
}

function isArgument(name: PlaceName, argument: Piece | null, at: number, reading: PlaceReading): boolean {
  const given = argument !== null && argument.text.trim() !== "";
  if (TAKES[name] === "nothing" && argument !== null) return wrong(reading, "no_argument", name, argument.from - 1) !== null;
  if (TAKES[name] === "text" && !given) return wrong(reading, "needs_argument", name, at) !== null;
  return true;
}

function choice(place: Place, rest: readonly Piece[], at: number, reading: PlaceReading): Place | null {
  const options = rest.map((piece) => plain(piece)).filter((option) => option !== "");
  return options.length < 2 ? wrong(reading, "few_choices", place.argument, at) : { ...place, options };
}

/** Behind a bar may stand how many notes. */
function searched(place: Place, argument: Piece | null, rest: readonly Piece[], reading: PlaceReading): Place | null {
  const [first, ...others] = rest;
  const counted = first !== undefined && /^\s*\d+\s*$/.test(first.text);
  const count = countIn("search", counted ? first : null, reading);
  const filters = filtersIn(counted ? others : rest, reading);
  if (argument === null || count === null || filters === null) return null;
  return { ...place, count, filters, inner: reading.inner(argument.from, argument.to) };
}

function countIn(name: PlaceName, piece: Piece | null, reading: PlaceReading): number | null {
  if (piece === null || piece.text.trim() === "") return COUNTS[name] ?? 0;
  const count = /^\s*\d{1,7}\s*$/.test(piece.text) ? Number(piece.text) : 0;
  return count >= 1 && count <= (MOST[name] ?? 0) ? count : wrong(reading, "bad_number", piece.text.trim(), piece.from);
}

function filtersIn(written: readonly Piece[], reading: PlaceReading): Filter[] | null {
  const filters = written.map((piece) => filterIn(piece, reading));
  return filters.includes(null) ? null : filters.filter((filter) => filter !== null);
}

function filterIn(piece: Piece, reading: PlaceReading): Filter | null {
  const colon = piece.text.indexOf(":");
  const written = (colon < 0 ? piece.text : piece.text.slice(0, colon)).trim();
  const argument = colon < 0 ? "" : plain({ ...piece, text: piece.text.slice(colon + 1) });
  const name = FILTERS.find((each) => each === written);
  if (name === undefined) return wrong(reading, "unknown_filter", written, piece.from);
  const takes = FILTER_TAKES[name];
  if (takes === "nothing" && colon >= 0) return wrong(reading, "no_argument", name, piece.from);
  if (takes === "text" && argument === "") return wrong(reading, "needs_argument", name, piece.from);
  if (takes === "number" && !/^[1-9]\d{0,6}$/.test(argument)) return wrong(reading, "bad_number", argument || name, piece.from);
  return { name, argument };
}

/** Split at a sign that stands neither behind a backslash nor within a place of its own. */
function pieces(source: string, from: number, to: number, sign: string): Piece[] {
  const found: Piece[] = [];
  const signs = /\\.|\{\{|\}\}|[|:]/g;
  let depth = 0;
  let start = from;
  signs.lastIndex = from;
  for (let match = signs.exec(source); match !== null && match.index < to; match = signs.exec(source)) {
    if (match[0] === "{{") depth += 1;
    else if (match[0] === "}}") depth -= 1;
    else if (match[0] === sign && depth === 0) {
      found.push({ text: source.slice(start, match.index), from: start, to: match.index });
      start = match.index + 1;
    }
  }
  return [...found, { text: source.slice(start, to), from: start, to }];
}

function plain(piece: Piece | null): string {
  return piece === null ? "" : piece.text.replace(/\\([\\|:{}])/g, "$1").trim();
}

function wrong(reading: PlaceReading, key: TemplateProblemKey, name: string, offset: number): null {
  reading.wrong(key, name, offset);
  return null;
}
