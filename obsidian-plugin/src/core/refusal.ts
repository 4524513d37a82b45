/** The Problem that an HTTP answer tells, by its status and OpenAI's error body. */
import { Problem, type ProblemKind } from "./problem";
import { errorBody } from "./protocol/chat";
import type { Reply } from "./transport";

const KINDS: Readonly<Record<number, ProblemKind>> = { 401: "key", 403: "forbidden", 421: "host", 429: "busy", 503: "busy" };
// A proxy's error page is no sentence to show.
const LONGEST_MESSAGE = 2000;

export function refusal(reply: Reply): Problem {
  const { status } = reply;
  const told = toldIn(reply.body);
  // A redirect or a page with an error that does not speak as Sidecar does is another program, or a proxy before it.
  const kind = KINDS[status] ?? (status >= 500 ? "failed" : status >= 400 ? "refused" : "shape");
  const wait = reply.headers["retry-after"];
  return new Problem(kind, told?.message ?? "", { status, code: told?.code, hint: wait !== undefined && /^\d{1,5}$/.test(wait) ? wait : undefined });
}

/** The Problem of an error that comes inside a stream that has begun. */
export function streamedRefusal(value: unknown): Problem {
  const { error } = errorBody(value, "event");
  const kind = error.type === "rate_limit_error" ? "busy" : error.type === "invalid_request_error" ? "refused" : "failed";
  return new Problem(kind, error.message.slice(0, LONGEST_MESSAGE), { code: error.code ?? undefined });
}

function toldIn(body: Uint8Array): { message: string; code: string | undefined } | null {
  try {
    const { error } = errorBody(JSON.parse(new TextDecoder().decode(body)), "body");
    return { message: error.message.slice(0, LONGEST_MESSAGE), code: error.code ?? undefined };
  } catch {
    return null;
  }
}
