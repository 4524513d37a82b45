/** Secrets, kept by the app apart from any plugin's data: here in the page's memory alone. */
import { Strict } from "./strict";

export class SecretStorage extends Strict {
  _secrets = new Map<string, string>();

  setSecret(id: string, secret: string): void {
    if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(id)) throw new Error("Secret ID must be lowercase alphanumeric with optional dashes.");
    this._secrets.set(id, secret);
  }
  getSecret(id: string): string | null {
    return this._secrets.get(id) ?? null;
  }
  listSecrets(): string[] {
    return [...this._secrets.keys()];
  }
}
