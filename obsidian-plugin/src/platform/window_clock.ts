/** Time of the window. */
import type { Clock } from "../core/clock";

export const windowClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = window.setTimeout(run, ms);
    return () => window.clearTimeout(timer);
  },
};
