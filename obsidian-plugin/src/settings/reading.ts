/** Readers of single values from a file that anybody may have edited: each gives its default for what it cannot use. */

/** Reads one value; never throws. */
export type Reader<T> = (kept: unknown) => T;
type Readers = Readonly<Record<string, Reader<unknown>>>;
/** What a section's readers give. */
export type SectionOf<R extends Readers> = { readonly [K in keyof R]: ReturnType<R[K]> };

const LONGEST = 4096;

export function text(otherwise: string): Reader<string> {
  return (kept) => (typeof kept === "string" && kept.length <= LONGEST ? kept : otherwise);
}

/** A folder of the vault: what would lead out of it, or into a hidden folder, is left out. */
export function folder(otherwise: string): Reader<string> {
  const read = text(otherwise);
  return (kept) => read(kept).split(/[\\/]+/).map((name) => name.trim()).filter((name) => name !== "" && !name.startsWith(".")).join("/");
}

export function flag(otherwise: boolean): Reader<boolean> {
  return (kept) => (typeof kept === "boolean" ? kept : otherwise);
}

/** A number within bounds; one that lies outside becomes the nearest that does not. */
export function number(otherwise: number, { least, most, whole = false }: { least: number; most: number; whole?: boolean }): Reader<number> {
  return (kept) => {
    if (typeof kept !== "number" || !Number.isFinite(kept)) return otherwise;
    return Math.min(most, Math.max(least, whole ? Math.round(kept) : kept));
  };
}

export function oneOf<const T extends string>(known: readonly T[], otherwise: NoInfer<T>): Reader<T> {
  return (kept) => known.find((word) => word === kept) ?? otherwise;
}

/** `null` where nothing, or nothing usable, was chosen. */
export function orNull(reader: Reader<string>): Reader<string | null> {
  return (kept) => (typeof kept === "string" && kept !== "" ? reader(kept) || null : null);
}

/** Pairs of texts; what is no such pair is left out. */
export function pairs(): Reader<readonly (readonly [string, string])[]> {
  return (kept) => {
    const isPair = (each: unknown): each is [string, string] => Array.isArray(each) && each.length === 2 && each.every((one) => typeof one === "string" && one.length <= LONGEST);
    return Array.isArray(kept) ? kept.filter(isPair) : [];
  };
}

/** Several values under their names. */
export function section<R extends Readers>(readers: R): Reader<SectionOf<R>> {
  return (kept) => {
    const values = typeof kept === "object" && kept !== null ? (kept as Record<string, unknown>) : {};
    const read = Object.entries(readers).map(([name, reader]) => [name, reader(Object.hasOwn(values, name) ? values[name] : undefined)]);
    return Object.freeze(Object.fromEntries(read)) as SectionOf<R>;
  };
}
