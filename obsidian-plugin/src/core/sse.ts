/** Server-sent events out of pieces of bytes, as the HTML standard says ("interpreting an event stream"). */
import { Problem } from "./problem";

export interface ServerEvent {
  /** What stood in the line `event:`; empty without one. */
  readonly name: string;
  readonly data: string;
}

// The longest that Sidecar sends is the chunk with the sources: some ten quotations.
const LONGEST = 1_048_576;

/** The events of a body. What follows the last empty line is no event. Throws Problem `shape` for one that is too long. */
export async function* serverEvents(pieces: AsyncIterable<Uint8Array>, longest = LONGEST): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  const lines = new Lines(longest);
  const event = new EventBuilder(longest);
  for await (const piece of pieces) {
    for (const line of lines.feed(decoder.decode(piece, { stream: true }))) {
      const made = event.feed(line);
      if (made !== null) yield made;
    }
  }
}

/** Cuts text into lines that end with LF, CR or both, wherever the pieces were cut. */
class Lines {
  private kept: string[] = [];
  private length = 0;
  private afterReturn = false;

  constructor(private readonly longest: number) {}

  *feed(piece: string): Generator<string> {
    let from = 0;
    if (this.afterReturn && piece.length > 0) {
      this.afterReturn = false;
      if (piece.startsWith("\n")) from = 1;
    }
    for (let at = from; at < piece.length; at++) {
      const char = piece.charCodeAt(at);
      if (char !== 10 && char !== 13) continue;
      yield this.whole(piece.slice(from, at));
      if (char === 13 && at + 1 === piece.length) this.afterReturn = true;
      if (char === 13 && piece.charCodeAt(at + 1) === 10) at++;
      from = at + 1;
    }
    this.keep(piece.slice(from));
  }

  private whole(end: string): string {
    this.keep(end);
    const line = this.kept.join("");
    this.kept = [];
    this.length = 0;
    return line;
  }

  private keep(text: string): void {
    this.length += text.length;
    if (this.length > this.longest) throw tooLong();
    if (text !== "") this.kept.push(text);
  }
}

/** Puts the lines of one event together. */
class EventBuilder {
  private name = "";
  private data: string[] = [];
  private length = 0;

  constructor(private readonly longest: number) {}

  feed(line: string): ServerEvent | null {
    if (line === "") return this.finish();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line.charAt(colon + 1) === " " ? colon + 2 : colon + 1);
    if (field === "event") this.name = value;
    if (field === "data") this.add(value);
    return null;
  }

  private add(value: string): void {
    // Empty lines count too: each is an entry.
    this.length += value.length + 1;
    if (this.length > this.longest) throw tooLong();
    this.data.push(value);
  }

  private finish(): ServerEvent | null {
    const event = this.data.length > 0 ? { name: this.name, data: this.data.join("\n") } : null;
    this.name = "";
    this.data = [];
    this.length = 0;
    return event;
  }
}

function tooLong(): Problem {
  return new Problem("shape", "", { code: "event_too_long" });
}
