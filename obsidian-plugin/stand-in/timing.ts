/** Obsidian's debounce. */

export type Debouncer<A extends unknown[], V> = { (...args: A): Debouncer<A, V>; cancel(): Debouncer<A, V>; run(): V | undefined };

export function debounce<A extends unknown[], V>(callback: (...args: A) => V, timeout = 0, resetTimer = false): Debouncer<A, V> {
  let timer: number | null = null;
  let waiting: A | null = null;
  const run = (): V | undefined => {
    if (timer !== null) window.clearTimeout(timer);
    timer = null;
    const args = waiting;
    waiting = null;
    return args === null ? undefined : callback(...args);
  };
  const debounced = (...args: A): Debouncer<A, V> => {
    waiting = args;
    if (timer !== null && resetTimer) {
      window.clearTimeout(timer);
      timer = null;
    }
    timer ??= window.setTimeout(run, timeout);
    return whole;
  };
  const cancel = (): Debouncer<A, V> => {
    if (timer !== null) window.clearTimeout(timer);
    timer = null;
    waiting = null;
    return whole;
  };
  const whole: Debouncer<A, V> = Object.assign(debounced, { cancel, run });
  return whole;
}
