/** What other programs make of a stream. The parsers that take no care are re-enacted: what they assume, these assume. */
import { said, Unreadable, type Got } from "./unreadable";

/** The pieces of a body as the network brought them. */
export type Pieces = readonly Uint8Array[];

interface Chunk {
  readonly choices: readonly { readonly delta: { readonly content?: string | null }; readonly finish_reason: string | null }[];
}

/** Everything, as UTF-8. */
export function wholeText(pieces: Pieces): string {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return pieces.map((piece) => decoder.decode(piece, { stream: true })).join("") + decoder.decode();
}

/** Every event of a stream that ends as OpenAI's does. */
export function stream(pieces: Pieces): Got {
  let text = "";
  let ends = 0;
  for (const event of events(pieces)) {
    for (const choice of (event as Chunk).choices) {
      text += choice.delta.content ?? "";
      if (choice.finish_reason !== null) ends++;
    }
  }
  if (ends !== 1) throw new Unreadable("no_reason");
  return said(text, pieces.length);
}

/** All that came so far, split at blank lines; the end is exactly `data: [DONE]`. */
export function streamBuffered(pieces: Pieces): Got {
  let text = "";
  for (const event of wholeText(pieces).split("\n\n")) {
    if (event === "data: [DONE]") return said(text, pieces.length);
    text += (JSON.parse(after(event.split("data: "), 1)) as Chunk).choices[0]!.delta.content ?? "";
  }
  throw new Unreadable("no_end");
}

/** Each read of the network by itself, with nothing carried over. */
export function streamByRead(pieces: Pieces): Got {
  let text = "";
  for (const line of pieces.flatMap((piece) => wholeText([piece]).split("\n"))) {
    if (!line.startsWith("data: ") || line === "data: [DONE]") continue;
    const choice = (JSON.parse(line.slice("data: ".length)) as Chunk).choices[0]!;
    if (choice.finish_reason === "stop") continue;
    if (typeof choice.delta.content !== "string") throw new Unreadable("odd");
    text += choice.delta.content;
  }
  return said(text, pieces.length);
}

/** Each read is split at `data: `; `choices[0]` is taken for granted. */
export function streamSplit(pieces: Pieces): Got {
  let text = "";
  for (const event of pieces.flatMap((piece) => `\n${wholeText([piece])}`.split("\ndata: ").slice(1))) {
    if (event.trim() === "[DONE]") return said(text, pieces.length);
    text += (JSON.parse(event) as Chunk).choices[0]!.delta.content ?? "";
  }
  throw new Unreadable("no_end");
}

interface ResponseEvent {
  readonly type: string;
  readonly delta?: string;
  readonly response?: Response;
}
export interface Response {
  readonly output: readonly { readonly type: string; readonly content?: readonly { readonly text: string }[] }[];
}

export function responsesStream(pieces: Pieces): Got {
  let text = "";
  let last: ResponseEvent | null = null;
  for (const event of events(pieces)) {
    last = event as ResponseEvent;
    if (last.type === "response.output_text.delta") text += last.delta ?? "";
  }
  if (last?.type !== "response.completed" || !last.response || outputText(last.response) !== text) throw new Unreadable("not_whole");
  return said(text, pieces.length);
}

/** The text of a response's messages. */
export function outputText(response: Response): string {
  return response.output.filter((item) => item.type === "message").flatMap((item) => item.content!.map((part) => part.text)).join("");
}

function* events(pieces: Pieces): Generator {
  const text = wholeText(pieces);
  if (!text.endsWith("data: [DONE]\n\n")) throw new Unreadable("no_end");
  for (const event of text.split("\n\n").slice(0, -2)) {
    const lines = event.split("\n").filter((line) => !line.startsWith(":") && !line.startsWith("event:"));
    if (lines.length > 0) yield JSON.parse(lines[0]!.replace(/^data: /, ""));
  }
}

function after(parts: readonly string[], index: number): string {
  const part = parts[index];
  if (part === undefined) throw new Unreadable("odd");
  return part;
}
