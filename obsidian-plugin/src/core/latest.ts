/** Work that is asked for again and again, as while somebody types: it waits for a pause, and only the newest counts. */
import type { Clock } from "./clock";

export class Latest {
  private cancelWait: (() => void) | null = null;
  private running: AbortController | null = null;

  /** `wait`: how long nothing further must be asked for before work begins, in ms. */
  constructor(
    private readonly clock: Clock,
    private readonly wait: number,
  ) {}

  /**
   * Do the work after the pause, in place of what was asked for before. `done` and `failed` are called for the newest work
   * only; what is no longer wanted is aborted by its signal and says nothing.
   */
  run<T>(work: (signal: AbortSignal) => Promise<T>, done: (result: T) => void, failed: (reason: unknown) => void = () => undefined): void {
    this.cancel();
    const own = new AbortController();
    this.running = own;
    this.cancelWait = this.clock.after(this.wait, () => {
      this.cancelWait = null;
      void this.attempt(own, work, done, failed);
    });
  }

  /** Whether something waits or is being done. */
  get busy(): boolean {
    return this.running !== null;
  }

  /** Want nothing any more. */
  cancel(): void {
    this.cancelWait?.();
    this.cancelWait = null;
    this.running?.abort();
    this.running = null;
  }

  private async attempt<T>(own: AbortController, work: (signal: AbortSignal) => Promise<T>, done: (result: T) => void, failed: (reason: unknown) => void): Promise<void> {
    let tell: () => void;
    try {
      const result = await work(own.signal);
      tell = () => done(result);
    } catch (reason) {
      tell = () => failed(reason);
    }
    if (this.running !== own) return;
    this.running = null;
    tell();
  }
}
