/** A clock that a test turns by hand, and the real one for tests over sockets. */
import type { Clock } from "../src/core/clock";

export class TurnedClock implements Clock {
  private time = 1_700_000_000_000;
  private waiting: { at: number; run: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(ms: number, run: () => void): () => void {
    const entry = { at: this.time + ms, run };
    this.waiting.push(entry);
    return () => {
      this.waiting = this.waiting.filter((each) => each !== entry);
    };
  }

  /** Let time pass: what is due runs in order, and what follows from it before the next. */
  async pass(ms: number): Promise<void> {
    const until = this.time + ms;
    for (;;) {
      const next = this.waiting.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.time = next.at;
      this.waiting = this.waiting.filter((each) => each !== next);
      next.run();
      await settled();
    }
    this.time = until;
    await settled();
  }

  /** Milliseconds until each of what waits. */
  get pending(): number[] {
    return this.waiting.map(({ at }) => at - this.time).sort((a, b) => a - b);
  }
}

/** Let everything that is ready run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((done) => setImmediate(done));
}

export const realClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
