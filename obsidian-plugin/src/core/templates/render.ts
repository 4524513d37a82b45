/** Fills in a template. What is put in is never read as a template itself: a note that holds `{{clipboard}}` is a text. */
import { formatDate, shiftDate } from "../dates";
import { filtered, firstOf, lastOf } from "./filters";
import type { Node, Place, Template } from "./template";

/** What is known so far, by the keys of what was wanted. */
export type Known = ReadonlyMap<string, string>;

/** When it is, and the language that months and days are named in. */
export interface Moment {
  readonly now: Date;
  readonly language: string;
}

/** Fill in a template. What is not known is left empty. */
export function render(template: Template, known: Known, moment: Moment): string {
  return rendered(template.nodes, known, moment);
}

/** The text of nodes; null as long as one of them is not known. */
export function textOf(nodes: readonly Node[], known: Known, moment: Moment): string | null {
  const unknown = nodes.some((node) => node.kind === "place" && valueOf(node, known, moment) === null);
  return unknown ? null : rendered(nodes, known, moment);
}

/** What a place is filled with; null as long as it is not known. */
export function valueOf(place: Place, known: Known, moment: Moment): string | null {
  if (place.name === "search" && textOf(place.inner, known, moment) === null) return null;
  const value = dated(place, moment) ?? known.get(keyOf(place, known, moment)) ?? null;
  return value === null ? null : filtered(around(value, place), place.filters);
}

/** By what name a place's value is known. A question asked twice is the same question, whatever its defaults. */
export function keyOf(place: Place, known: Known, moment: Moment): string {
  switch (place.name) {
    case "input":
    case "choose":
      return `question:${place.argument}`;
    case "property":
      return `property:${place.argument}`;
    case "before":
    case "after":
    case "related":
      return `${place.name}:${place.count}`;
    case "search":
      return `search:${place.count}:${(textOf(place.inner, known, moment) ?? "").trim()}`;
    default:
      return place.name;
  }
}

function rendered(nodes: readonly Node[], known: Known, moment: Moment): string {
  return nodes.map((node) => {
    if (node.kind === "text") return node.text;
    if (node.kind === "place") return valueOf(node, known, moment) ?? "";
    const holds = (valueOf(node.on, known, moment) ?? "").trim() !== "";
    return rendered(holds ? node.then : node.otherwise, known, moment);
  }).join("");
}

function around(value: string, place: Place): string {
  if (place.name === "before") return lastOf(value, place.count);
  return place.name === "after" ? firstOf(value, place.count) : value;
}

function dated(place: Place, { now, language }: Moment): string | null {
  switch (place.name) {
    case "time":
      return formatDate(now, place.argument || "HH:mm", language);
    case "date":
    case "today":
      return formatDate(place.shift === null ? now : shiftDate(now, place.shift.amount, place.shift.unit), place.argument || "YYYY-MM-DD", language);
    case "tomorrow":
      return formatDate(shiftDate(now, 1, "d"), place.argument || "YYYY-MM-DD", language);
    case "yesterday":
      return formatDate(shiftDate(now, -1, "d"), place.argument || "YYYY-MM-DD", language);
    default:
      return null;
  }
}
