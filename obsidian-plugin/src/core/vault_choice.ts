/** Which of the server's vaults is the one that is open here. */
import type { VaultStatus } from "./protocol/status";

/** The vault that is open here. */
export interface Here {
  readonly name: string;
  /** Its folder, with links resolved; `null` where that is not known, as on a phone. */
  readonly path: string | null;
  /** The server's name of it, where the user has chosen one. */
  readonly chosen?: string | null;
}

export type Choice = { readonly vault: VaultStatus } | { readonly vault: null; readonly why: "none" | "several" };

/**
 * By its folder where the server runs here: another vault may have the same name. By its name where the server runs
 * elsewhere or sees other folders, as in a container; `sameMachine` says that it does neither.
 */
export function chooseVault(vaults: readonly VaultStatus[], here: Here, sameMachine: boolean): Choice {
  if (here.chosen) return only(vaults.filter((vault) => vault.name === here.chosen));
  const { path } = here;
  if (path !== null) {
    const found = samePath(vaults, path);
    if (found.length > 0) return only(found);
    if (sameMachine) return { vault: null, why: "none" };
  }
  return byName(vaults, here.name);
}

function samePath(vaults: readonly VaultStatus[], path: string): readonly VaultStatus[] {
  const exact = vaults.filter((vault) => plain(vault.path) === plain(path));
  // Windows and macOS know one folder under several spellings.
  return exact.length > 0 ? exact : vaults.filter((vault) => folded(vault.path) === folded(path));
}

function byName(vaults: readonly VaultStatus[], name: string): Choice {
  // The server numbers vaults of one name, `Notes` and `Notes 2`: its own name alone would take the first for the second.
  const named = vaults.filter((vault) => folded(nameOf(vault)) === folded(name));
  return only(named.length > 0 ? named : vaults.filter((vault) => folded(vault.name) === folded(name)));
}

function nameOf(vault: VaultStatus): string {
  return plain(vault.path).split("/").pop() || vault.name;
}

function only(found: readonly VaultStatus[]): Choice {
  const [vault] = found;
  if (vault === undefined) return { vault: null, why: "none" };
  return found.length === 1 ? { vault } : { vault: null, why: "several" };
}

function plain(path: string): string {
  // Windows writes some long paths with a prefix.
  return path.replace(/\\/g, "/").replace(/^\/\/\?\//, "").replace(/(.)\/+$/, "$1");
}

function folded(text: string): string {
  return plain(text).normalize("NFC").toLowerCase();
}
