/** A template for a prompt, as it has been read: text, places to be filled in, and parts that stand under a condition. */

/** What a place is filled with. Some are facts of the note, some are asked of the user, some are looked up. */
export const PLACES = [
  "selection", "note", "title", "path", "folder", "tags", "language", "clipboard", "before", "after",
  "date", "today", "tomorrow", "yesterday", "time", "property", "input", "choose", "related", "search",
] as const;
export type PlaceName = (typeof PLACES)[number];

export const FILTERS = ["upper", "lower", "trim", "first", "last", "lines", "quote", "json", "default"] as const;
export type FilterName = (typeof FILTERS)[number];

export interface Filter {
  readonly name: FilterName;
  /** Its number or its text; empty for none. */
  readonly argument: string;
}

export interface Shift {
  readonly amount: number;
  readonly unit: "d" | "w" | "m" | "y";
}

export interface Place {
  readonly kind: "place";
  readonly name: PlaceName;
  /** A property's name, a format, a question; empty for none. */
  readonly argument: string;
  /** What is searched for, or the default of a question: it may have places of its own. */
  readonly inner: readonly Node[];
  readonly options: readonly string[];
  /** How many notes or characters. */
  readonly count: number;
  readonly shift: Shift | null;
  readonly filters: readonly Filter[];
}

export interface Condition {
  readonly kind: "if";
  readonly on: Place;
  readonly then: readonly Node[];
  readonly otherwise: readonly Node[];
}

export type Node = { readonly kind: "text"; readonly text: string } | Place | Condition;

export interface Template {
  readonly nodes: readonly Node[];
}

export type TemplateProblemKey =
  | "unclosed" | "empty" | "unknown_name" | "unknown_filter" | "needs_argument" | "no_argument" | "bad_number" | "bad_shift"
  | "few_choices" | "nested" | "too_deep" | "if_open" | "else_alone" | "end_alone" | "unknown_block";

/** What is wrong with a template, and where: line and column count from 1. `name` is what was written there. */
export interface TemplateProblem {
  readonly key: TemplateProblemKey;
  readonly name: string;
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** Whether a template, or a part of it, has a place of this name. */
export function uses(nodes: readonly Node[], name: PlaceName): boolean {
  return nodes.some((node) => {
    if (node.kind === "text") return false;
    if (node.kind === "if") return uses([node.on], name) || uses(node.then, name) || uses(node.otherwise, name);
    return node.name === name || uses(node.inner, name);
  });
}
