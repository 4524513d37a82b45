/** What can be asked of the server, by name. Each answer's shape is checked. */
import { askEvents } from "./chat_stream";
import { asProblem, Problem } from "./problem";
import type { AskEvent, AskRequest } from "./protocol/chat";
import { clientList, type ClientSettings } from "./protocol/clients";
import { modelList, type ModelEntry } from "./protocol/models";
import { noteFacts, type NoteFacts } from "./protocol/note";
import { relatedAnswer, searchAnswer, type RelatedAnswer, type SearchAnswer } from "./protocol/search";
import type { Reader } from "./protocol/shape";
import { statusAnswer, syncAnswer, type StatusAnswer } from "./protocol/status";
import { whyAnswer, type WhyAnswer } from "./protocol/why";
import type { Sender } from "./sender";
import type { Limits } from "./transport";

export type LedgerList = "excluded" | "failed" | "problems";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const MEGABYTE = 1_048_576;
/** What the index alone answers. */
const QUICK: Limits = { firstByte: 20 * SECOND, silence: 10 * SECOND, whole: MINUTE, bytes: 16 * MEGABYTE };
/** What has to wait for files to be read. */
const PATIENT: Limits = { firstByte: 5 * MINUTE, silence: 10 * SECOND, whole: 6 * MINUTE, bytes: 16 * MEGABYTE };
// Nothing comes before a model is loaded and has read its prompt, which takes minutes on a slow machine. After that the
// server breaks its silence every 10 s.
const WRITING: Limits = { firstByte: 10 * MINUTE, silence: 45 * SECOND, whole: 60 * MINUTE, bytes: 32 * MEGABYTE };

export class Client {
  /** `vault` is the server's name of the vault that is open here, `null` where it serves another. `onProblem` hears of each Problem. */
  constructor(
    private readonly sender: Sender,
    private readonly vault: string | null,
    private readonly onProblem: (problem: Problem) => void = () => undefined,
  ) {}

  /** Whether answers come in pieces; else the whole comes at the end. */
  get streams(): boolean {
    return this.sender.streams;
  }

  async status(lists: readonly LedgerList[] = [], signal?: AbortSignal): Promise<StatusAnswer> {
    return this.get("/vault/status", lists.map((list) => ["list", list]), statusAnswer, signal);
  }

  async models(signal?: AbortSignal): Promise<ModelEntry[]> {
    return [...(await this.get("/v1/models", [], modelList, signal)).data];
  }

  async search(q: { query: string; vault?: string; limit?: number; explain?: boolean; filters?: object }, signal?: AbortSignal): Promise<SearchAnswer> {
    return this.post("/vault/search", { ...q, vault: this.named(q.vault) }, searchAnswer, QUICK, signal);
  }

  async related(q: { path: string; vault?: string; limit?: number }, signal?: AbortSignal): Promise<RelatedAnswer> {
    return this.get("/vault/related", [["path", q.path], ["vault", this.named(q.vault)], ["limit", q.limit]], relatedAnswer, signal);
  }

  async why(q: { path: string; query?: string; vault?: string }, signal?: AbortSignal): Promise<WhyAnswer> {
    return this.get("/vault/why", [["path", q.path], ["query", q.query], ["vault", this.named(q.vault)]], whyAnswer, signal);
  }

  async note(q: { path: string; vault?: string }, signal?: AbortSignal): Promise<NoteFacts> {
    const path = q.path.split("/").map(encodeURIComponent).join("/");
    return this.get(`/vault/notes/${path}`, [["vault", this.named(q.vault)]], noteFacts, signal);
  }

  async clients(signal?: AbortSignal): Promise<ClientSettings[]> {
    const scheme = new URL(this.sender.address.url).protocol.slice(0, -1);
    return [...(await this.get("/console/clients", [["scheme", scheme]], clientList, signal)).clients];
  }

  /** Have the files looked at now; returns when they have been. Needs a key that may write. */
  async sync(vault?: string, signal?: AbortSignal): Promise<void> {
    await this.post("/vault/sync", { vault: this.named(vault) }, syncAnswer, PATIENT, signal);
  }

  /** Ask, and read the answer as it is written. To stop reading stops the model. */
  async *ask(q: AskRequest, signal: AbortSignal): AsyncGenerator<AskEvent> {
    const { notes = "auto", model = "vault", vault, ...rest } = q;
    const name = notes === "never" ? (vault?.name ?? this.vault ?? undefined) : this.named(vault?.name);
    const body = { ...rest, model, stream: true, vault: { ...vault, mode: notes, name } };
    try {
      yield* askEvents(this.sender.stream({ method: "POST", path: "/v1/chat/completions", body, limits: WRITING }, signal));
    } catch (error) {
      throw this.told(error);
    }
  }

  /** The name that a request says. Without one the server would answer from its first vault, which may be another. */
  private named(vault: string | undefined): string {
    const name = vault ?? this.vault;
    if (name === null) throw new Problem("refused", "", { code: "vault_not_served" });
    return name;
  }

  private async get<T>(path: string, query: readonly (readonly [string, string | number | undefined] | string[])[], reader: Reader<T>, signal?: AbortSignal): Promise<T> {
    const given = query.filter(([, value]) => value !== undefined).map(([name, value]) => [String(name), String(value)]);
    const asked = given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
    return this.read({ method: "GET", path: asked, limits: QUICK }, reader, signal);
  }

  private async post<T>(path: string, body: object, reader: Reader<T>, limits: Limits, signal?: AbortSignal): Promise<T> {
    return this.read({ method: "POST", path, body, limits }, reader, signal);
  }

  private async read<T>(route: Parameters<Sender["send"]>[0], reader: Reader<T>, signal?: AbortSignal): Promise<T> {
    try {
      return reader(json((await this.sender.send(route, signal)).body), route.path.split("?")[0] ?? "");
    } catch (error) {
      throw this.told(error);
    }
  }

  private told(error: unknown): Problem {
    const problem = asProblem(error);
    this.onProblem(problem);
    return problem;
  }
}

function json(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    // A captive portal's page, say.
    throw new Problem("shape", "", { code: "no_json" });
  }
}
