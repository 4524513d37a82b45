/** The one line of the status bar: which text, and how it looks. */
import type { ConnectionState } from "./connection";
import type { Problem } from "./problem";
import type { VaultStatus } from "./protocol/status";
import type { Key, Values } from "./texts/texts";

export type Tone = "ok" | "busy" | "bad" | "off";

export interface StatusLine {
  readonly key: Key;
  readonly values: Values;
  readonly tone: Tone;
}

export function statusLine(state: ConnectionState): StatusLine {
  if (state.kind === "looking") return line("status.looking", "busy");
  if (state.kind === "offline") return state.problem?.kind === "timeout" ? line("status.slow", "bad") : line("status.offline", "off");
  if (state.kind === "problem") return line(keyOf(state.problem), "bad");
  if (state.vault === null) return line(state.unmatched === "several" ? "status.several_vaults" : "status.other_vault", "bad");
  return vaultLine(state.vault);
}

function vaultLine(vault: VaultStatus): StatusLine {
  const done = vault.files - vault.pending;
  if (vault.phase === "closed") return line("status.closed", "bad");
  if (vault.paused !== null && vault.pending > 0) return line("status.paused", "busy", { done, total: vault.files });
  if (vault.rebuilding) return line("status.rebuilding", "busy");
  if (!vault.ready) return line("status.indexing", "busy", { done, total: vault.files });
  if (vault.problems.length > 0) return line("status.attention", "bad", { count: vault.problems.length });
  if (vault.chunks_without_vector > 0) return line("status.meaning", "busy", { percent: percent(vault) });
  return line("status.ready", "ok");
}

function percent({ chunks, chunks_without_vector: missing }: VaultStatus): number {
  return Math.floor((100 * Math.max(0, chunks - missing)) / Math.max(1, chunks));
}

function keyOf({ kind, code }: Problem): Key {
  if (code === "plain_http") return "status.withheld";
  switch (kind) {
    case "key":
    case "unproven":
    case "forbidden":
    case "host":
    case "shape":
      return `status.${kind}`;
    default:
      return "status.problem";
  }
}

function line(key: Key, tone: Tone, values: Values = {}): StatusLine {
  return { key, values, tone };
}
