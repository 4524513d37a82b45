/** How requests reach a server. Knows HTTP alone: no key, no route. */

/** How long and how much; milliseconds and bytes. */
export interface Limits {
  /** Until the head of the answer is there. */
  readonly firstByte: number;
  /** Between two pieces of the body. */
  readonly silence: number;
  /** From the beginning to the end. */
  readonly whole: number;
  /** The most that the body may have. */
  readonly bytes: number;
}

export interface Request {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly limits: Limits;
}

/** An answer with its whole body, whatever its status. Names of headers are lower case. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Where `streams` is false the whole body comes as one piece, at the end. All throw Problem alone. */
export interface Transport {
  readonly streams: boolean;
  request(request: Request, signal?: AbortSignal): Promise<Reply>;
  /** The pieces of the body as they come. An answer that is not 2xx is thrown as the Problem that its body tells. */
  stream(request: Request, signal: AbortSignal): AsyncIterable<Uint8Array>;
}
