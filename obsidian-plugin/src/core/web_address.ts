/**
 * Addresses of servers, and to which of them a key may be sent.
 *
 * | address | the key is sent |
 * |--|--|
 * | this machine | once the server has proved that it holds the key, whatever else is set |
 * | `https:` elsewhere | with trust `https` or `always`: its certificate says who it is |
 * | `http:` elsewhere | with trust `always` alone: everyone on the way can read it |
 *
 * A phone asks a server elsewhere, with a key of its own that `sidecar token create` made. The server cannot prove to
 * hold such a key, as it keeps only a hash of it; so there the certificate vouches for the server, and over plain `http:`
 * nothing does, which is why that has to be asked for. On this machine no certificate vouches for anybody: only the
 * owner's key works there.
 */
import { Problem } from "./problem";

export type Trust = "never" | "https" | "always";

/** How a key may come to an address: after a proof, as it is, or not at all. */
export type KeyRule = "proved" | "sent" | "withheld";

/** An address as clients ask it: scheme, name and port, without `/v1` or a slash at the end. Throws Problem `host`. */
export function baseUrl(typed: string): string {
  const trimmed = typed.trim();
  let url: URL;
  try {
    // A name without a scheme is one on this machine or in the house more often than not.
    url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`);
  } catch {
    throw new Problem("host", "", { code: "no_address" });
  }
  const plain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!/^https?:$/.test(url.protocol) || url.hostname === "" || !plain) throw new Problem("host", "", { code: "no_address" });
  if (isEvery(url.hostname) || (url.hostname === "localhost" && url.protocol === "http:")) {
    // Two programs can have one port under `localhost`, at 127.0.0.1 and at [::1]: the one that proves may not be the one that is
    // sent the key. What listens at every address listens there as well.
    url.hostname = "127.0.0.1";
  }
  return url.origin + url.pathname.replace(/\/+$/, "").replace(/\/v1$/, "").replace(/\/+$/, "");
}

/** Whether an address is this machine, by its number: a name means whatever the resolver says. */
export function isThisMachine(url: string): boolean {
  const { hostname } = new URL(url);
  return /^127(\.\d{1,3}){3}$/.test(hostname) || hostname === "[::1]";
}

export function keyRule(url: string, trust: Trust): KeyRule {
  if (isThisMachine(url)) return "proved";
  if (trust === "always") return "sent";
  return trust === "https" && new URL(url).protocol === "https:" ? "sent" : "withheld";
}

export function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}

function isEvery(hostname: string): boolean {
  return hostname === "0.0.0.0" || hostname === "[::]";
}
