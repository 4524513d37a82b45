/** Time, as the code below the line is given it: a test turns it by hand. */

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Run something once after so many milliseconds; what is returned cancels it. */
  after(ms: number, run: () => void): () => void;
}
