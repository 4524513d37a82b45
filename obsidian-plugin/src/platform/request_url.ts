/**
 * Requests through Obsidian's `requestUrl`, which asks outside the page: neither CORS nor mixed content binds it.
 *
 * What is missing on purpose: it gives the whole body at its end and cannot be stopped. Whoever stops waiting is told at
 * once, and the request runs on unheard.
 */
import type { RequestUrlParam, RequestUrlResponse } from "obsidian";
import type { Clock } from "../core/clock";
import { Deadline } from "../core/deadline";
import { asProblem, Problem } from "../core/problem";
import { refusal } from "../core/refusal";
import type { Reply, Request, Transport } from "../core/transport";

export type RequestUrl = (request: RequestUrlParam) => PromiseLike<Pick<RequestUrlResponse, "status" | "headers" | "arrayBuffer">>;

export class RequestUrlTransport implements Transport {
  readonly streams = false;

  constructor(private readonly requestUrl: RequestUrl, private readonly clock: Clock) {}

  async request({ url, method, headers, body, limits }: Request, signal?: AbortSignal): Promise<Reply> {
    if (signal?.aborted === true) throw new Problem("stopped");
    const deadline = new Deadline(this.clock, limits.whole, signal);
    try {
      // The head comes with the body, so what may pass before the first byte says nothing here.
      const contentType = headers["content-type"];
      const sent = { url, method, headers: { ...headers }, throw: false, ...(contentType === undefined ? {} : { contentType }) };
      const answer = this.asked(body === undefined ? sent : { ...sent, body });
      return bounded(await deadline.wait(answer, limits.whole, "whole"), limits.bytes);
    } catch (error) {
      throw error instanceof Problem ? error : asProblem(error);
    } finally {
      deadline.close();
    }
  }

  async *stream(request: Request, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const reply = await this.request(request, signal);
    if (reply.status < 200 || reply.status > 299) throw refusal(reply);
    yield reply.body;
  }

  private async asked(request: RequestUrlParam): Promise<Reply> {
    try {
      const { status, headers, arrayBuffer } = await this.requestUrl(request);
      const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
      return { status, headers: Object.fromEntries(named) as Record<string, string>, body: new Uint8Array(arrayBuffer) };
    } catch {
      // With `throw: false` it throws only where no answer came, in words of each system's own.
      throw new Problem("offline");
    }
  }
}

function bounded(reply: Reply, bytes: number): Reply {
  if (reply.body.byteLength > bytes) throw new Problem("shape", "", { code: "too_large" });
  return reply;
}
