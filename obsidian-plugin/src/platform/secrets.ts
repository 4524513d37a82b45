/** The key to the server, in Obsidian's own store of secrets: never in data.json, which is synced and backed up. */
import type { SecretStorage } from "obsidian";

const ID = "sidecar-key";

export interface Secrets {
  /** `null` when there is none. */
  key(): string | null;
  /** Keep a key; an empty one forgets what there was. */
  keep(key: string): void;
}

export function secretsIn(storage: SecretStorage): Secrets {
  return {
    // The store has no way to delete: a key that was taken back is kept as an empty text.
    key: () => storage.getSecret(ID) || null,
    keep: (key) => storage.setSecret(ID, key.trim()),
  };
}
