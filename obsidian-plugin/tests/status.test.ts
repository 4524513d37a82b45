import { expect, test } from "vitest";
import type { ConnectionState } from "../src/core/connection";
import { Problem, type ProblemKind } from "../src/core/problem";
import { statusAnswer, type VaultStatus } from "../src/core/protocol/status";
import { statusLine } from "../src/core/status";
import { LANGUAGES } from "../src/core/texts/section";
import { textsFor } from "../src/core/texts/texts";
import { contract } from "./contracts";

const STATUS = statusAnswer(contract("status").body, "status");
const READY: VaultStatus = { ...STATUS.vaults[0]!, problems: [], chunks: 100, chunks_without_vector: 0, files: 1200, pending: 0, ready: true };

function online(vault: Partial<VaultStatus> | null, unmatched: "none" | "several" | null = null): ConnectionState {
  const address = { url: "http://127.0.0.1:1", key: null, trust: "https", from: "folder" } as const;
  return { kind: "online", status: STATUS, vault: vault === null ? null : { ...READY, ...vault }, unmatched, address };
}
const problem = (kind: ProblemKind, code?: string): ConnectionState => ({ kind: "problem", problem: new Problem(kind, "", { code }) });

test.each<[ConnectionState, string, string]>([
  [{ kind: "looking" }, "Sidecar: connecting…", "busy"],
  [{ kind: "offline", problem: null }, "Sidecar: offline", "off"],
  [{ kind: "offline", problem: new Problem("offline") }, "Sidecar: offline", "off"],
  [{ kind: "offline", problem: new Problem("timeout") }, "Sidecar: not answering", "bad"],
  [online({}), "Sidecar: ready", "ok"],
  [online({ ready: false, pending: 200 }), "Sidecar: indexing 1,000 of 1,200", "busy"],
  [online({ ready: false, pending: 200, paused: "battery" }), "Sidecar: indexing paused, 1,000 of 1,200", "busy"],
  [online({ rebuilding: true }), "Sidecar: rebuilding the index", "busy"],
  [online({ chunks_without_vector: 1 }), "Sidecar: ready, still learning meanings (99%)", "busy"],
  [online({ chunks: 0, chunks_without_vector: 0 }), "Sidecar: ready", "ok"],
  [online({ problems: ["One."] }), "Sidecar: ready, 1 thing to look at", "bad"],
  [online({ problems: ["One.", "Two."] }), "Sidecar: ready, 2 things to look at", "bad"],
  [online({ phase: "closed", ready: false, problems: ["Away."] }), "Sidecar: this vault cannot be read", "bad"],
  [online(null, "none"), "Sidecar: this vault is not served", "bad"],
  [online(null, "several"), "Sidecar: several vaults have this name", "bad"],
  [problem("key"), "Sidecar: key needed", "bad"],
  [problem("unproven"), "Sidecar: server not recognised", "bad"],
  [problem("unproven", "plain_http"), "Sidecar: key not sent", "bad"],
  [problem("forbidden"), "Sidecar: not allowed", "bad"],
  [problem("host"), "Sidecar: address not accepted", "bad"],
  [problem("shape"), "Sidecar: versions do not match", "bad"],
  [problem("refused"), "Sidecar: problem", "bad"],
  [problem("failed"), "Sidecar: problem", "bad"],
])("%j is said as %s", (state, said, tone) => {
  const { key, values, tone: found } = statusLine(state);
  expect([textsFor("en")(key, values), found]).toEqual([said, tone]);
  for (const language of LANGUAGES) expect(textsFor(language)(key, values)).not.toMatch(/[{}]/);
});
