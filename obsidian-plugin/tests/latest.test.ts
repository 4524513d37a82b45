import { describe, expect, test } from "vitest";
import type { Clock } from "../src/core/clock";
import { Latest } from "../src/core/latest";

/** A clock turned by hand. */
class HandClock implements Clock {
  private time = 0;
  private due: { at: number; run: () => void }[] = [];
  now(): number {
    return this.time;
  }
  after(ms: number, run: () => void): () => void {
    const one = { at: this.time + ms, run };
    this.due.push(one);
    return () => (this.due = this.due.filter((each) => each !== one));
  }
  async turn(ms: number): Promise<void> {
    this.time += ms;
    const ready = this.due.filter(({ at }) => at <= this.time);
    this.due = this.due.filter(({ at }) => at > this.time);
    ready.forEach(({ run }) => run());
    await Promise.resolve().then(() => undefined).then(() => undefined).then(() => undefined);
  }
}

describe("work that is asked for again and again", () => {
  test("begins after a pause, once", async () => {
    const [clock, said] = [new HandClock(), [] as string[]];
    const latest = new Latest(clock, 100);
    for (const word of ["a", "ab", "abc"]) {
      latest.run(() => Promise.resolve(word), (found) => said.push(found));
      await clock.turn(99);
    }
    expect([said, latest.busy]).toEqual([[], true]);
    await clock.turn(1);
    expect([said, latest.busy]).toEqual([["abc"], false]);
  });

  test("is aborted by what comes after it, and says nothing then", async () => {
    const [clock, said] = [new HandClock(), [] as string[]];
    const latest = new Latest(clock, 10);
    const signals: AbortSignal[] = [];
    const ends: ((word: string) => void)[] = [];
    const work = (signal: AbortSignal): Promise<string> => new Promise((resolve) => { signals.push(signal); ends.push(resolve); });
    latest.run(work, (found) => said.push(found), (reason) => said.push(`failed ${String(reason)}`));
    await clock.turn(10);
    latest.run(work, (found) => said.push(found));
    expect(signals[0]?.aborted).toBe(true);
    await clock.turn(10);
    ends[1]?.("second");
    ends[0]?.("first");
    await clock.turn(0);
    expect(said).toEqual(["second"]);
  });

  test("tells of the newest failure only", async () => {
    const [clock, said] = [new HandClock(), [] as string[]];
    const latest = new Latest(clock, 10);
    latest.run(() => { throw new Error("at once"); }, () => undefined, (reason) => said.push(String(reason)));
    await clock.turn(10);
    latest.run(() => Promise.reject(new Error("old")), () => undefined, (reason) => said.push(String(reason)));
    latest.run(() => Promise.reject(new Error("new")), () => undefined, (reason) => said.push(String(reason)));
    await clock.turn(10);
    expect(said).toEqual(["Error: at once", "Error: new"]);
  });

  test("is not done when it is not wanted any more", async () => {
    const [clock, said] = [new HandClock(), [] as string[]];
    const latest = new Latest(clock, 10);
    latest.run(() => Promise.resolve("x"), (found) => said.push(found));
    latest.cancel();
    await clock.turn(100);
    expect([said, latest.busy]).toEqual([[], false]);
  });
});
