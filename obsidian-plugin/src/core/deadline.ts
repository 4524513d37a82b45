/** Ends work that takes too long or is no longer wanted. Whoever waits is told at once, whether the work can be stopped or not. */
import type { Clock } from "./clock";
import { Problem } from "./problem";

export class Deadline {
  private readonly controller = new AbortController();
  private readonly ends: Array<() => void> = [];
  private reject: (problem: Problem) => void = () => undefined;
  private readonly ended: Promise<never>;
  private cancelNext: () => void = () => undefined;

  constructor(private readonly clock: Clock, whole: number, wanted?: AbortSignal) {
    this.ended = new Promise((_, reject) => (this.reject = reject));
    // Nobody may be waiting when it ends.
    this.ended.catch(() => undefined);
    this.ends.push(clock.after(whole, () => this.end(new Problem("timeout", "", { code: "whole" }))));
    this.follow(wanted);
  }

  /** For what can be stopped, such as `fetch`. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Wait for work, for so many milliseconds at most. Throws Problem `timeout` or `stopped`. */
  async wait<T>(work: Promise<T>, ms: number, code: string): Promise<T> {
    this.cancelNext();
    this.cancelNext = this.clock.after(ms, () => this.end(new Problem("timeout", "", { code })));
    // Where the deadline came first, nobody looks at how the work ends.
    work.catch(() => undefined);
    try {
      return await Promise.race([this.ended, work]);
    } finally {
      this.cancelNext();
    }
  }

  /** The work is over: no timer and no listener stays. What still runs is stopped. */
  close(): void {
    this.cancelNext();
    for (const end of this.ends) end();
    this.controller.abort();
  }

  private follow(wanted: AbortSignal | undefined): void {
    if (wanted === undefined) return;
    const stop = (): void => this.end(new Problem("stopped"));
    if (wanted.aborted) stop();
    wanted.addEventListener("abort", stop);
    this.ends.push(() => wanted.removeEventListener("abort", stop));
  }

  private end(problem: Problem): void {
    this.reject(problem);
    this.close();
  }
}
