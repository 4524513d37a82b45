/**
 * The key that is kept on this device, with the address that it was typed in for. Settings are synchronised with the
 * vault and secrets are not: an address that another device changed takes no key of this one along.
 */
import { baseUrl, isThisMachine } from "./web_address";

/** Where secrets lie by their names: Obsidian's own store, which synchronises and deletes nothing. */
export interface SecretStore {
  getSecret(id: string): string | null;
  setSecret(id: string, secret: string): void;
}

const KEY = "sidecar-key";
const ADDRESS = "sidecar-key-address";

export class KeptKey {
  constructor(private readonly store: SecretStore) {}

  /** The key for an address; `null` when there is none, or it was typed in for another. */
  forAddress(typed: string): string | null {
    const key = this.store.getSecret(KEY) || null;
    const address = addressOf(typed);
    if (key === null || address === null) return null;
    // On this machine a server has to prove that it holds the key, whichever address that is.
    return isThisMachine(address) || this.store.getSecret(ADDRESS) === address ? key : null;
  }

  /** Keep a key for the address that stands beside it; an empty key forgets what there was. */
  keep(key: string, typed: string): void {
    this.store.setSecret(KEY, key.trim());
    this.store.setSecret(ADDRESS, key.trim() === "" ? "" : (addressOf(typed) ?? ""));
  }

  /** The address was typed in here: a key that was there before any address belongs to it. */
  typed(typed: string): void {
    if (this.store.getSecret(KEY) && !this.store.getSecret(ADDRESS)) this.store.setSecret(ADDRESS, addressOf(typed) ?? "");
  }
}

function addressOf(typed: string): string | null {
  try {
    return baseUrl(typed);
  } catch {
    return null;
  }
}
