/** How long to wait before a server is looked for again. */

const FIRST = 1000;
const LONGEST = 30_000;

export class Backoff {
  private tries = 0;

  /** `random` gives numbers from 0 up to 1: the windows of several vaults should not ask in step. */
  constructor(private readonly random: () => number) {}

  /** Milliseconds until the next try: longer each time, up to half a minute. */
  next(): number {
    const most = Math.min(LONGEST, FIRST * 2 ** Math.min(this.tries, 10));
    this.tries += 1;
    return Math.round(most * (0.75 + 0.25 * this.random()));
  }

  reset(): void {
    this.tries = 0;
  }
}
