/**
 * Whether what answers at an address holds the key, before it is sent the key: the server's `runtime/proof.py` from the
 * other side. Another program may have taken the port while the server did not run. The proof names the port, so that
 * such a program cannot pass the question on to the real server elsewhere.
 *
 * A server proves with its owner's key alone. Of the keys that `sidecar token create` makes it keeps only a hash, so
 * none of them can be proved: they are for addresses where something else vouches for the server, see `web_address.ts`.
 */
import { Problem } from "./problem";

export interface Subtle {
  importKey(format: "raw", key: BufferSource, algorithm: HmacImportParams, extractable: boolean, usages: KeyUsage[]): Promise<CryptoKey>;
  verify(algorithm: string, key: CryptoKey, signature: BufferSource, data: BufferSource): Promise<boolean>;
}

/** What the proof needs of WebCrypto. */
export interface Crypto {
  readonly subtle: Subtle;
  getRandomValues(array: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
}

const PURPOSE = "sidecar-server-proof";

/** Make up what a server has to answer for: 192 random bits. */
export function newNonce(crypto: Crypto): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(24)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether a server's answer proves that it holds the key. Throws Problem `unproven` where that cannot be found out. */
export async function proves(answer: unknown, key: string, nonce: string, port: number, crypto: Crypto): Promise<boolean> {
  if (typeof answer !== "string" || !/^[0-9a-f]{64}$/.test(answer)) return false;
  // Outside a secure context there is none.
  if ((crypto.subtle as Subtle | undefined) === undefined) throw new Problem("unproven", "", { code: "no_crypto" });
  const encoder = new TextEncoder();
  const imported = await crypto.subtle.importKey("raw", encoder.encode(key), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  return crypto.subtle.verify("HMAC", imported, bytesOf(answer), encoder.encode([PURPOSE, String(port), nonce].join("\n")));
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
