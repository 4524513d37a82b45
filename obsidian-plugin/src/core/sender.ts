/** Sends requests to one address. The only place where the key is put into one, and what it has to wait for. */
import type { Address } from "./discovery";
import { Problem } from "./problem";
import { newNonce, proves, type Crypto } from "./proof";
import { health } from "./protocol/status";
import { refusal } from "./refusal";
import type { Limits, Reply, Request, Transport } from "./transport";
import { isThisMachine, keyRule, portOf } from "./web_address";

/** A request without address and key. */
export interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: unknown;
  readonly limits: Limits;
}

const HEALTH: Limits = { firstByte: 10_000, silence: 10_000, whole: 15_000, bytes: 4096 };

export interface Means {
  readonly transport: Transport;
  readonly crypto: Crypto;
}

export class Sender {
  constructor(readonly address: Address, private readonly means: Means) {}

  get streams(): boolean {
    return this.means.transport.streams;
  }

  /** The whole answer. Throws the Problem that it tells when it is not 2xx. */
  async send(route: Route, signal?: AbortSignal): Promise<Reply> {
    const reply = await this.means.transport.request(await this.addressed(route, signal), signal);
    if (reply.status < 200 || reply.status > 299) throw refusal(reply);
    return reply;
  }

  /** The answer's pieces as they come. */
  async *stream(route: Route, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    yield* this.means.transport.stream(await this.addressed(route, signal), signal);
  }

  private async addressed({ method, path, body, limits }: Route, signal: AbortSignal | undefined): Promise<Request> {
    const headers: Record<string, string> = {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(await this.keyHeaders(signal)),
    };
    return { method, url: this.address.url + path, headers, limits, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  }

  private async keyHeaders(signal: AbortSignal | undefined): Promise<Record<string, string>> {
    const { url, key, trust, from } = this.address;
    if (key === null) {
      if (from === "settings") throw new Problem("key", "", { code: "no_key" });
      // Without a key there is no proof: not for any machine but this one.
      if (!isThisMachine(url)) throw new Problem("unproven", "", { code: "no_proof" });
      return {};
    }
    const rule = keyRule(url, trust);
    if (rule === "withheld") throw new Problem("unproven", "", { code: "plain_http" });
    // What a file on this machine tells runs on this machine, under whatever address: it can prove itself.
    if (rule === "proved" || from === "folder") await this.prove(key, signal);
    return { authorization: `Bearer ${key}` };
  }

  /**
   * Before each request: another program can take the port the moment the server has ended, and a proof that held for seconds would
   * have it sent the key. It costs a millisecond or two on this machine. What is left is that moment between the two requests.
   */
  private async prove(key: string, signal: AbortSignal | undefined): Promise<void> {
    const { crypto, transport } = this.means;
    const nonce = newNonce(crypto);
    const url = `${this.address.url}/healthz?nonce=${nonce}`;
    const answer = proofIn(await transport.request({ method: "GET", url, headers: {}, limits: HEALTH }, signal));
    if (answer === null) throw new Problem("unproven", "", { code: "no_proof" });
    if (!(await proves(answer, key, nonce, portOf(this.address.url), crypto))) throw new Problem("unproven", "", { code: "other_key" });
  }
}

function proofIn(reply: Reply): string | null {
  const refused = refusal(reply);
  // Of what has not proved anything only the code is told, and none of its words.
  if (refused.code === "host_not_allowed" || refused.code === "origin_not_allowed") {
    throw new Problem(refused.kind, "", { code: refused.code, status: reply.status });
  }
  try {
    return reply.status === 200 ? (health(JSON.parse(new TextDecoder().decode(reply.body)), "healthz").proof ?? null) : null;
  } catch {
    return null;
  }
}
