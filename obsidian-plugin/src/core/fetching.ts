/** Requests through `fetch`: streamed, stoppable, and bound to what the page may reach. */
import type { Clock } from "./clock";
import { Deadline } from "./deadline";
import { asProblem, Problem } from "./problem";
import { refusal } from "./refusal";
import type { Reply, Request, Transport } from "./transport";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

// An error body says a sentence.
const LONGEST_REFUSAL = 65_536;

export class FetchTransport implements Transport {
  readonly streams = true;

  constructor(private readonly fetch: Fetch, private readonly clock: Clock) {}

  async request(request: Request, signal?: AbortSignal): Promise<Reply> {
    const deadline = new Deadline(this.clock, request.limits.whole, signal);
    try {
      const response = await this.begin(request, deadline);
      return await whole(response, request, deadline, request.limits.bytes);
    } finally {
      deadline.close();
    }
  }

  async *stream(request: Request, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const deadline = new Deadline(this.clock, request.limits.whole, signal);
    try {
      const response = await this.begin(request, deadline);
      if (!response.ok) throw refusal(await whole(response, request, deadline, LONGEST_REFUSAL));
      yield* pieces(response, request, deadline, request.limits.bytes);
    } finally {
      deadline.close();
    }
  }

  private async begin({ url, method, headers, body, limits }: Request, deadline: Deadline): Promise<Response> {
    const init: RequestInit = {
      method,
      headers: { ...headers },
      signal: deadline.signal,
      cache: "no-store",
      credentials: "omit",
      // Sidecar redirects nobody: what does would be sent the question, or the key, elsewhere.
      redirect: "error",
      referrerPolicy: "no-referrer",
      ...(body === undefined ? {} : { body }),
    };
    try {
      const { fetch } = this;
      return await deadline.wait(fetch(url, init), limits.firstByte, "first_byte");
    } catch (error) {
      // `fetch` throws the same TypeError for a closed port, a broken connection and what CORS refuses.
      throw error instanceof TypeError ? new Problem("offline") : asProblem(error);
    }
  }
}

async function whole(response: Response, request: Request, deadline: Deadline, longest: number): Promise<Reply> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces(response, request, deadline, longest)) parts.push(piece);
  return { status: response.status, headers: Object.fromEntries(response.headers), body: joined(parts) };
}

async function* pieces(response: Response, { limits }: Request, deadline: Deadline, longest: number): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  let size = 0;
  for (;;) {
    const { done, value } = await deadline.wait(reader.read(), limits.silence, "silence").catch((error: unknown): never => {
      throw error instanceof Problem ? error : new Problem("cut");
    });
    if (done) return;
    size += value.byteLength;
    if (size > longest) throw new Problem("shape", "", { code: "too_large" });
    yield value;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}
