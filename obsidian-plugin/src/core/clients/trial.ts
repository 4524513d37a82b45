/** A test of another program's settings: its own requests, one after the other, read as it reads them. Nothing is stored or changed. */
import type { Clock } from "../clock";
import { asProblem, type Problem, type ProblemKind } from "../problem";
import type { ClientCall } from "../protocol/client_calls";
import { KEY_PLACE } from "../protocol/clients";
import type { Limits, Request, Transport } from "../transport";
import { readAnswer } from "./read_answer";
import { Unreadable, type Got } from "./unreadable";

/** How a program in Obsidian reaches the server: as the page, which CORS binds, or through `requestUrl`, which it does not. */
export interface Senders {
  readonly page: Transport;
  readonly program: Transport;
}

export type Result =
  | { readonly kind: "got"; readonly got: Got }
  /** The answer came after the program had given up. */
  | { readonly kind: "late"; readonly got: Got; readonly within: number }
  | { readonly kind: "unreadable"; readonly unreadable: Unreadable }
  | { readonly kind: "problem"; readonly problem: Problem }
  /** Not sent: the program has no field for a key here, and the server wants one. */
  | { readonly kind: "keyless" }
  /** Not sent: it does not go to the server whose key it would carry. */
  | { readonly kind: "foreign" };

export interface Outcome {
  readonly does: string;
  /** From the first byte sent to the last one read; `null` where nothing was sent. */
  readonly seconds: number | null;
  readonly result: Result;
}

export interface TrialGround {
  /** The server's address and key. */
  readonly url: string;
  readonly key: string | null;
  readonly senders: Senders;
  /** Makes sure, before each call, that it is still the server that would be sent the key. Throws the Problem that speaks against it. */
  readonly sure: () => Promise<unknown>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

// A model that is loaded for the first time, and does not know when to stop.
const LIMITS: Limits = { firstByte: 120_000, silence: 60_000, whole: 180_000, bytes: 8 * 2 ** 20 };
const ENDS_ALL: readonly ProblemKind[] = ["key", "host", "offline", "stopped"];

/** Send the calls and tell how each went; what fails for all of them ends it. */
export async function* trial(calls: readonly ClientCall[], ground: TrialGround): AsyncGenerator<Outcome> {
  for (const call of calls) {
    const outcome = await tried(call, ground);
    yield outcome;
    if (outcome.result.kind === "problem" && ENDS_ALL.includes(outcome.result.problem.kind)) return;
  }
}

async function tried(call: ClientCall, ground: TrialGround): Promise<Outcome> {
  if (!goesTo(call.url, ground.url)) return { does: call.does, seconds: null, result: { kind: "foreign" } };
  if (call.keyless && ground.key !== null) return { does: call.does, seconds: null, result: { kind: "keyless" } };
  try {
    await ground.sure();
  } catch (error) {
    return { does: call.does, seconds: null, result: { kind: "problem", problem: asProblem(error) } };
  }
  const started = ground.clock.now();
  const answer = await sent(call, ground);
  const seconds = (ground.clock.now() - started) / 1000;
  const late = answer.kind === "got" && call.within !== null && seconds > call.within;
  return { does: call.does, seconds, result: late ? { kind: "late", got: answer.got, within: call.within } : answer };
}

async function sent(call: ClientCall, { senders, key, signal }: TrialGround): Promise<Result> {
  const pieces: Uint8Array[] = [];
  try {
    const sender = call.page ? senders.page : senders.program;
    for await (const piece of sender.stream(requestOf(call, key), signal)) pieces.push(piece);
    return { kind: "got", got: readAnswer(call.reads, pieces.filter((piece) => piece.byteLength > 0), call.model) };
  } catch (error) {
    return error instanceof Unreadable ? { kind: "unreadable", unreadable: error } : { kind: "problem", problem: asProblem(error) };
  }
}

function requestOf(call: ClientCall, key: string | null): Request {
  const headers = Object.entries(call.headers).map(([name, value]) => [name, withKey(value, key)]);
  const body = call.body === null ? {} : { body: JSON.stringify(call.body) };
  return { method: call.method === "POST" ? "POST" : "GET", url: call.url, headers: Object.fromEntries(headers) as Record<string, string>, limits: LIMITS, ...body };
}

/** A value with the key in its place. */
export function withKey(value: string, key: string | null): string {
  // As a function: a key may hold what `replaceAll` takes for a pattern of its own.
  return value.replaceAll(KEY_PLACE, () => key ?? "none");
}

function goesTo(url: string, server: string): boolean {
  try {
    return new URL(url).origin === new URL(server).origin;
  } catch {
    return false;
  }
}
