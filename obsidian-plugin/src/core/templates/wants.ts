/** What a template still needs before it can be filled in. What stands under a condition is not wanted before the condition
 * is known, so that nobody is asked in vain, and nothing is read that is not used. */
import { keyOf, textOf, valueOf, type Known, type Moment } from "./render";
import type { Node, Place } from "./template";

export type Want =
  | { readonly kind: "fact"; readonly key: string; readonly name: FactName }
  | { readonly kind: "property"; readonly key: string; readonly name: string }
  /** Text around the cursor, at most so many characters. */
  | { readonly kind: "around"; readonly key: string; readonly side: "before" | "after"; readonly count: number }
  /** Something to ask the user. `options` is empty where any answer will do. */
  | { readonly kind: "question"; readonly key: string; readonly question: string; readonly initial: string; readonly options: readonly string[] }
  /** Notes to look up: near the current one, where `query` is null. */
  | { readonly kind: "notes"; readonly key: string; readonly query: string | null; readonly count: number };

export type FactName = "selection" | "note" | "title" | "path" | "folder" | "tags" | "language" | "clipboard";

/** What is wanted next, each once, in the template's order. Empty when it can be rendered. */
export function wants(nodes: readonly Node[], known: Known, moment: Moment): Want[] {
  const found = new Map<string, Want>();
  collect(nodes, known, moment, found);
  return [...found.values()];
}

function collect(nodes: readonly Node[], known: Known, moment: Moment, found: Map<string, Want>): void {
  for (const node of nodes) {
    if (node.kind === "place") collectPlace(node, known, moment, found);
    if (node.kind !== "if") continue;
    collectPlace(node.on, known, moment, found);
    const value = valueOf(node.on, known, moment);
    if (value !== null) collect(value.trim() === "" ? node.otherwise : node.then, known, moment, found);
  }
}

function collectPlace(place: Place, known: Known, moment: Moment, found: Map<string, Want>): void {
  if (valueOf(place, known, moment) !== null) return;
  collect(place.inner, known, moment, found);
  if (textOf(place.inner, known, moment) === null) return;
  const want = wantOf(place, known, moment);
  if (want !== null && !found.has(want.key)) found.set(want.key, want);
}

function wantOf(place: Place, known: Known, moment: Moment): Want | null {
  const key = keyOf(place, known, moment);
  const inner = textOf(place.inner, known, moment) ?? "";
  switch (place.name) {
    case "property":
      return { kind: "property", key, name: place.argument };
    case "before":
    case "after":
      return { kind: "around", key, side: place.name, count: place.count };
    case "input":
    case "choose":
      return { kind: "question", key, question: place.argument, initial: place.options[0] ?? inner, options: place.options };
    case "related":
      return { kind: "notes", key, query: null, count: place.count };
    case "search":
      return { kind: "notes", key, query: inner.trim(), count: place.count };
    case "date": case "today": case "tomorrow": case "yesterday": case "time":
      return null;
    default:
      return { kind: "fact", key, name: place.name };
  }
}
