/** The vaults that the server has, as far as is known. */
import type { Connection } from "../../core/connection";

export function vaultNames({ state }: Pick<Connection, "state">): string[] {
  return state.kind === "online" ? state.status.vaults.map((vault) => vault.name) : [];
}

/** The server's name of the vault that is open here; `null` when it has another, or none is known. */
export function vaultHere({ state }: Pick<Connection, "state">): string | null {
  return state.kind === "online" ? (state.vault?.name ?? null) : null;
}
