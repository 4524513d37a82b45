/** What a filter of a template makes of a text. */
import type { Filter } from "./template";

/** Put a text through filters, in their order. */
export function filtered(text: string, filters: readonly Filter[]): string {
  return filters.reduce((made, filter) => apply(made, filter), text);
}

function apply(text: string, { name, argument }: Filter): string {
  switch (name) {
    case "upper":
      return text.toLocaleUpperCase();
    case "lower":
      return text.toLocaleLowerCase();
    case "trim":
      return text.trim();
    case "first":
      return firstOf(text, Number(argument));
    case "last":
      return lastOf(text, Number(argument));
    case "lines":
      return text.split("\n").slice(0, Number(argument)).join("\n");
    case "quote":
      return text.split("\n").map((line) => `> ${line}`.trimEnd()).join("\n");
    case "json":
      return JSON.stringify(text);
    case "default":
      return text.trim() === "" ? argument : text;
  }
}

/** The first characters of a text, without half of one. */
export function firstOf(text: string, most: number): string {
  return text.slice(0, most).replace(/[\ud800-\udbff]$/, "");
}

/** The last characters of a text, without half of one. */
export function lastOf(text: string, most: number): string {
  return text.slice(Math.max(0, text.length - most)).replace(/^[\udc00-\udfff]/, "");
}
