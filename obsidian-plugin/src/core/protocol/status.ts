/** `GET /vault/status`: what is indexed, what not and why. `/healthz` beside it, and `POST /vault/sync`. */
import { dictionary, fields, flag, list, nullable, number, text, type Read } from "./shape";
import { noteProblem } from "./why";

export const vaultStatus = fields(
  {
    name: text,
    path: text,
    kind: text,
    files: number,
    indexed: number,
    excluded: number,
    failed: number,
    local: number,
    pending: number,
    chunks: number,
    chunks_without_vector: number,
    embedding: fields({ model: nullable(text), dimensions: nullable(number) }),
    links: fields({ resolved: number, unresolved: number }),
    excluded_by_rule: dictionary(number),
    problems_by_code: dictionary(number),
    phase: text,
    paused: nullable(text),
    slowed: nullable(text),
    ready: flag,
    rebuilding: flag,
    problems: list(text),
  },
  {
    excluded_files: list(fields({ path: text, rule: text })),
    failed_files: list(fields({ path: text, reason: nullable(text) })),
    problem_notes: list(fields({ path: text, problems: list(noteProblem) })),
  },
);
/** `files = indexed + excluded + failed + pending`. The three lists are there when they were asked for. */
export type VaultStatus = Read<typeof vaultStatus>;

const knownModel = fields({ id: text, kind: text });

export const statusAnswer = fields({
  ready: flag,
  version: text,
  vaults: list(vaultStatus),
  models: list(knownModel),
  notices: list(text),
  took_ms: number,
});
export type StatusAnswer = Read<typeof statusAnswer>;

export const syncAnswer = fields({ vaults: list(fields({ name: text, path: text, ready: flag, pending: number })), took_ms: number });

export const health = fields({ status: text }, { proof: text });
