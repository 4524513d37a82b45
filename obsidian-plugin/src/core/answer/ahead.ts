/** Where signs stand in a text. Each is looked for once, so that a reader never reads the rest of the text again for it. */

export class Ahead {
  private readonly places = new Map<string, readonly number[]>();
  private runs: ReadonlyMap<number, readonly number[]> | null = null;

  constructor(private readonly text: string) {}

  /** Where a sign stands at or behind a place; the text's length where it does not. */
  find(sign: string, from: number): number {
    let places = this.places.get(sign);
    if (places === undefined) this.places.set(sign, (places = placesOf(this.text, sign)));
    return firstFrom(places, from) ?? this.text.length;
  }

  /** How long the run of backticks at a place is, and where the next one of the same length stands. */
  ticks(at: number): { length: number; closes: number | null } {
    const end = endOfTicks(this.text, at);
    this.runs ??= runsOfTicks(this.text);
    return { length: end - at, closes: firstFrom(this.runs.get(end - at) ?? [], end) };
  }
}

function placesOf(text: string, sign: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(sign); at >= 0; at = text.indexOf(sign, at + 1)) places.push(at);
  return places;
}

function runsOfTicks(text: string): Map<number, number[]> {
  const runs = new Map<number, number[]>();
  for (let at = text.indexOf("`"); at >= 0; ) {
    const end = endOfTicks(text, at);
    const same = runs.get(end - at);
    if (same === undefined) runs.set(end - at, [at]);
    else same.push(at);
    at = text.indexOf("`", end);
  }
  return runs;
}

function endOfTicks(text: string, at: number): number {
  let end = at;
  while (text[end] === "`") end += 1;
  return end;
}

function firstFrom(places: readonly number[], from: number): number | null {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return places[low] ?? null;
}
