/** Chance that a test can repeat: the same seed gives the same numbers. */

/** A generator of numbers in [0, 1), after Mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(random: () => number, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

/** A text of so many of the pieces at most. */
export function composed(random: () => number, pieces: readonly string[], most: number): string {
  return Array.from({ length: Math.floor(random() * most) }, () => pick(random, pieces)).join("");
}

/** How long some work takes, in ms. */
export function duration(work: () => unknown): number {
  const from = performance.now();
  work();
  return performance.now() - from;
}
