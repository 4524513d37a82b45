/** Readers that check the shape of JSON from the wire. Keys that no reader names are left out, so that a newer server may say more. */
import { Problem } from "../problem";

/** Gives the value with its type, or throws Problem `shape` that names the place. */
export type Reader<T> = (value: unknown, at: string) => T;
export type Read<R> = R extends Reader<infer T> ? T : never;

// Deeper nesting would end in a full stack; the server's own answers have a depth of about 6.
const DEEPEST = 32;

export const text: Reader<string> = (value, at) => (typeof value === "string" ? value : wrong(at, "text"));
export const number: Reader<number> = (value, at) => (typeof value === "number" && Number.isFinite(value) ? value : wrong(at, "a number"));
export const flag: Reader<boolean> = (value, at) => (typeof value === "boolean" ? value : wrong(at, "true or false"));

/** What is only passed on: JSON of any shape, not nested deeper than can be walked. */
export const anything: Reader<unknown> = (value, at) => (isDeeper(value, DEEPEST) ? wrong(at, "less nested") : value);

export function nullable<T>(reader: Reader<T>): Reader<T | null> {
  return (value, at) => (value === null ? null : reader(value, at));
}

export function list<T>(reader: Reader<T>): Reader<readonly T[]> {
  return (value, at) => (Array.isArray(value) ? value.map((each: unknown, index) => reader(each, `${at}[${index}]`)) : wrong(at, "a list"));
}

/** An object whose keys are data, such as a note's properties. */
export function dictionary<T>(reader: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (value, at) => {
    // Made from entries, as an assignment to the key `__proto__` would set the prototype.
    return Object.fromEntries(Object.entries(object(value, at)).map(([key, each]) => [key, reader(each, `${at}.${key}`)]));
  };
}

type Readers = Readonly<Record<string, Reader<unknown>>>;
type Values<R extends Readers> = { readonly [K in keyof R]: Read<R[K]> };
type Given<O extends Readers> = { readonly [K in keyof O]?: Read<O[K]> };

/** An object with the keys of `required`, and those of `optional` where they are there. */
export function fields<R extends Readers, O extends Readers = Record<never, never>>(required: R, optional?: O): Reader<Values<R> & Given<O>> {
  return (value, at) => {
    const given = object(value, at);
    const kept: Record<string, unknown> = {};
    for (const [key, reader] of Object.entries(required)) kept[key] = reader(given[key], `${at}.${key}`);
    for (const [key, reader] of Object.entries(optional ?? {})) {
      if (given[key] !== undefined) kept[key] = reader(given[key], `${at}.${key}`);
    }
    return kept as Values<R> & Given<O>;
  };
}

function object(value: unknown, at: string): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : wrong(at, "an object");
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1));
}

function wrong(at: string, wanted: string): never {
  // The place and never the value, which may be a note's text.
  throw new Problem("shape", "", { hint: `${at} has to be ${wanted}` });
}
