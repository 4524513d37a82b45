/** What went wrong between the plugin and the server, by kind. Views turn the kind into a sentence of the user's language. */

/**
 * | kind | it means |
 * |--|--|
 * | offline | nothing answers at the address, or the page may not reach it |
 * | timeout | it took longer than it may |
 * | cut | the answer ended before its end |
 * | stopped | the user, or the view that asked, stopped it |
 * | shape | what answered does not speak as this version of Sidecar does |
 * | key | there is no key, or the server refuses it |
 * | forbidden | the key's scope, or the origin, is not let in |
 * | host | the server does not answer under this name |
 * | busy | too much at once, or a model that cannot be had now |
 * | refused | the server does not take the request as it is |
 * | failed | the server, or a model behind it, went wrong |
 * | unproven | what answers has not proved to be the user's Sidecar, so the key was not sent |
 */
export type ProblemKind = "offline" | "timeout" | "cut" | "stopped" | "shape" | "key" | "forbidden" | "host" | "busy" | "refused" | "failed" | "unproven";

export interface ProblemDetails {
  /** What there is to know beyond the kind, such as the seconds to wait; never a key. */
  readonly hint?: string | undefined;
  /** The server's code, such as `note_not_found`, or one of the plugin's own. */
  readonly code?: string | undefined;
  /** The HTTP status, where there was an answer. */
  readonly status?: number | undefined;
}

/** `message` is the server's own words where it gave any, else empty. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  readonly hint?: string;
  readonly code?: string;
  readonly status?: number;

  constructor(kind: ProblemKind, message = "", details: ProblemDetails = {}) {
    super(message);
    this.name = "Problem";
    this.kind = kind;
    if (details.hint !== undefined) this.hint = details.hint;
    if (details.code !== undefined) this.code = details.code;
    if (details.status !== undefined) this.status = details.status;
  }
}

/** Any thrown value as a Problem; what is none is a failure of our own, which tells its words. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof Error && thrown.name === "AbortError") return new Problem("stopped");
  return new Problem("failed", thrown instanceof Error ? thrown.message : "");
}
