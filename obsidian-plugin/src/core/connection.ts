/** The connection to the server: looks for it, keeps looking, and says how it is. */
import { Backoff } from "./backoff";
import { Client } from "./client";
import type { Clock } from "./clock";
import type { Address } from "./discovery";
import { asProblem, Problem, type ProblemKind } from "./problem";
import type { StatusAnswer, VaultStatus } from "./protocol/status";
import { Sender, type Means } from "./sender";
import { chooseVault, type Here } from "./vault_choice";
import { isThisMachine } from "./web_address";

export type ConnectionState =
  | { readonly kind: "looking" }
  | { readonly kind: "offline"; readonly problem: Problem | null }
  | {
      readonly kind: "online";
      readonly status: StatusAnswer;
      readonly vault: VaultStatus | null;
      /** Why `vault` is `null`: none is this one, or several may be. */
      readonly unmatched: "none" | "several" | null;
      readonly address: Address;
    }
  | { readonly kind: "problem"; readonly problem: Problem };

export interface ConnectionParts extends Means {
  readonly clock: Clock;
  /** Where the server is now; `null` when none is known. Asked at each look, as it may have been started anew elsewhere. */
  find(): Promise<Address | null>;
  /** Which vault is open here; asked at each look. */
  here(): Here | Promise<Here>;
  random(): number;
}

const WHILE_INDEXING = 1500;
const WHILE_READY = 30_000;
// On this machine a look is a small file read, or a port that refuses at once: who has just started the server need not wait.
const WHILE_NONE_IS_HERE = 5000;
// An answer that is late says that the machine is busy sooner than that the server is gone.
const LATE_ANSWERS = 2;
/** What goes away by itself; for everything else the user has to do something. */
const PASSING: ReadonlySet<ProblemKind> = new Set<ProblemKind>(["offline", "timeout", "cut", "stopped", "busy"]);
const DOUBTFUL: ReadonlySet<ProblemKind> = new Set<ProblemKind>(["offline", "cut", "failed", "key", "host", "unproven"]);

export class Connection {
  state: ConnectionState = { kind: "looking" };
  private readonly listeners = new Set<(state: ConnectionState) => void>();
  private readonly backoff: Backoff;
  private sender: Sender | null = null;
  private online: Client | null = null;
  private running = false;
  private isNear = false;
  private looking: { readonly done: Promise<void>; readonly stop: AbortController } | null = null;
  private cancelNext: () => void = () => undefined;
  private late = 0;
  private told = "";

  constructor(private readonly parts: ConnectionParts) {
    this.backoff = new Backoff(() => parts.random());
  }

  /** Hear of every change; the result ends it. */
  listen(changed: (state: ConnectionState) => void): () => void {
    this.listeners.add(changed);
    return () => this.listeners.delete(changed);
  }

  /** Look now. While one look is under way there is no second. */
  look(): Promise<void> {
    if (this.looking !== null) return this.looking.done;
    this.cancelNext();
    const stop = new AbortController();
    const done = this.lookOnce(stop.signal).finally(() => {
      if (this.looking?.stop !== stop) return;
      this.looking = null;
      this.schedule();
    });
    this.looking = { done, stop };
    return done;
  }

  /** Begin to look again and again. Called while it runs, it begins anew: for settings that have changed. */
  start(): void {
    this.stop();
    this.running = true;
    this.sender = null;
    this.online = null;
    this.backoff.reset();
    this.tell({ kind: "looking" });
    void this.look();
  }

  stop(): void {
    this.running = false;
    this.cancelNext();
    this.looking?.stop.abort();
    this.looking = null;
  }

  /** Throws Problem `offline`, or the one that keeps the connection from working. */
  client(): Client {
    if (this.online !== null) return this.online;
    throw "problem" in this.state && this.state.problem !== null ? this.state.problem : new Problem("offline");
  }

  private async lookOnce(stopped: AbortSignal): Promise<void> {
    const found = await this.found(stopped).catch((error: unknown) => asProblem(error));
    if (stopped.aborted) return;
    if (found instanceof Problem) this.lost(found);
    else this.tell(found);
  }

  private async found(stopped: AbortSignal): Promise<ConnectionState | Problem> {
    const address = await this.parts.find();
    if (stopped.aborted) return new Problem("stopped");
    this.isNear = address === null || isThisMachine(address.url);
    if (address === null) return new Problem("offline", "", { code: "not_running" });
    const sender = this.senderFor(address);
    const status = await new Client(sender, null).status([], stopped);
    const here = await this.parts.here();
    if (stopped.aborted) return new Problem("stopped");
    const choice = chooseVault(status.vaults, here, address.from === "folder" && isThisMachine(address.url));
    this.late = 0;
    this.backoff.reset();
    this.online = new Client(sender, choice.vault?.name ?? null, (problem) => this.doubt(problem));
    return { kind: "online", status, vault: choice.vault, unmatched: choice.vault === null ? choice.why : null, address };
  }

  private senderFor(address: Address): Sender {
    const same = this.sender !== null && JSON.stringify(this.sender.address) === JSON.stringify(address);
    if (!same || this.sender === null) this.sender = new Sender(address, this.parts);
    return this.sender;
  }

  private lost(problem: Problem): void {
    if (problem.kind === "timeout" && this.online !== null && ++this.late <= LATE_ANSWERS) return;
    this.online = null;
    this.sender = null;
    this.tell(PASSING.has(problem.kind) ? { kind: "offline", problem } : { kind: "problem", problem });
  }

  /** A request found out that the server is gone, or another one. */
  private doubt(problem: Problem): void {
    if (this.running && DOUBTFUL.has(problem.kind)) void this.look();
  }

  private schedule(): void {
    if (!this.running) return;
    this.cancelNext = this.parts.clock.after(this.pause(), () => void this.look());
  }

  private pause(): number {
    if (this.state.kind !== "online") return Math.min(this.backoff.next(), this.isNear ? WHILE_NONE_IS_HERE : Infinity);
    return this.state.status.ready && this.late === 0 ? WHILE_READY : WHILE_INDEXING;
  }

  private tell(state: ConnectionState): void {
    this.state = state;
    const told = fingerprint(state);
    if (told === this.told) return;
    this.told = told;
    for (const listener of [...this.listeners]) listener(state);
  }
}

/** What tells two states apart: how long the answer took does not. */
function fingerprint(state: ConnectionState): string {
  if (state.kind === "online") return JSON.stringify({ ...state, status: { ...state.status, took_ms: 0 } });
  if (state.kind === "looking") return state.kind;
  const { problem } = state;
  return JSON.stringify([state.kind, problem?.kind, problem?.code, problem?.status, problem?.message]);
}
