/** Which way requests go: `fetch`, as it streams; `requestUrl` to an address that `fetch` is kept from, by CORS or as mixed content. */
import { Problem } from "../core/problem";
import { errorBody } from "../core/protocol/chat";
import { health } from "../core/protocol/status";
import type { Limits, Reply, Request, Transport } from "../core/transport";

const PROBE: Limits = { firstByte: 5000, silence: 5000, whole: 8000, bytes: 65_536 };

export class Transports implements Transport {
  /** The origins that `fetch` was kept from. In memory alone: settings of the server or the network may change. */
  private readonly kept = new Set<string>();

  constructor(private readonly fetching: Transport, private readonly buffered: Transport) {}

  /** Whether what was asked last came in pieces. */
  get streams(): boolean {
    return this.kept.size === 0;
  }

  async request(request: Request, signal?: AbortSignal): Promise<Reply> {
    if (this.isKept(request)) return this.throughBuffered(request, () => this.buffered.request(request, signal));
    try {
      return await this.fetching.request(request, signal);
    } catch (error) {
      if (!(await this.isKeptFrom(request, error, signal))) throw error;
      return this.buffered.request(request, signal);
    }
  }

  async *stream(request: Request, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    if (!this.isKept(request)) {
      let begun = false;
      try {
        for await (const piece of this.fetching.stream(request, signal)) {
          begun = true;
          yield piece;
        }
        return;
      } catch (error) {
        if (begun || !(await this.isKeptFrom(request, error, signal))) throw error;
      }
    }
    yield* this.buffered.stream(request, signal);
  }

  private isKept({ url }: Request): boolean {
    return this.kept.has(new URL(url).origin);
  }

  private async throughBuffered(request: Request, send: () => Promise<Reply>): Promise<Reply> {
    try {
      return await send();
    } catch (error) {
      // The server is gone. What comes back may let `fetch` in.
      if (error instanceof Problem && error.kind === "offline") this.kept.delete(new URL(request.url).origin);
      throw error;
    }
  }

  /**
   * Whether `fetch` is kept from an address that answers all the same. `fetch` tells nothing of why it failed, so both ways are
   * tried on what needs no key: a server that was just starting answers both.
   */
  private async isKeptFrom({ url }: Request, error: unknown, signal?: AbortSignal): Promise<boolean> {
    if (!(error instanceof Problem) || error.kind !== "offline") return false;
    const { origin } = new URL(url);
    const probe: Request = { method: "GET", url: `${origin}/healthz`, headers: {}, limits: PROBE };
    if (!(await answers(this.buffered, probe, signal)) || (await answers(this.fetching, probe, signal))) return false;
    this.kept.add(origin);
    return true;
  }
}

/**
 * Whether it is Sidecar that answers. `requestUrl` follows redirects, and takes the key along: what only redirects, such as a page to
 * log in at, keeps `fetch` out for a good reason.
 */
async function answers(transport: Transport, probe: Request, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    const { body } = await transport.request(probe, signal);
    return speaksAsSidecar(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return false;
  }
}

function speaksAsSidecar(answer: unknown): boolean {
  try {
    health(answer, "healthz");
    return true;
  } catch {
    // It may refuse the name that it is asked under.
    return errorBody(answer, "healthz").error.message !== "";
  }
}
