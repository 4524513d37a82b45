/** An OpenAI-compatible server on a real socket whose answers a test writes: for `sidecar serve --upstream`. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** `hold` goes on only when the test says so; `cut` breaks the connection; `length` ends at the model's limit; `fail` is an answer of 500. */
export type Step = { readonly text: string } | { readonly reasoning: string } | { readonly wait: number } | "hold" | "cut" | "length";
export type Script = readonly Step[] | { readonly fail: number; readonly message: string };

export interface Asked {
  readonly body: { readonly model: string; readonly messages: readonly { readonly role: string; readonly content: string }[]; readonly stream?: boolean };
  /** Whether the client went before the answer was whole. */
  left: boolean;
  /** When it went, in ms. */
  leftAt: number;
}

export class ScriptedUpstream {
  readonly asked: Asked[] = [];
  private readonly scripts: Script[] = [];
  private goOn: () => void = () => undefined;
  private early = false;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async open(models: readonly string[] = ["tiny"]): Promise<ScriptedUpstream> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const own = new ScriptedUpstream(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`);
    server.on("request", (request, response) => void own.answer(request, response, models));
    return own;
  }

  /** Answer the next questions so, one after the other. */
  next(...scripts: Script[]): void {
    this.scripts.push(...scripts);
  }

  /** End what holds, or is about to. */
  release(): void {
    this.early = true;
    this.goOn();
  }

  /** Forget what was not asked for. */
  reset(): void {
    this.goOn();
    this.early = false;
    this.scripts.length = 0;
  }

  get last(): Asked | undefined {
    return this.asked.at(-1);
  }

  async close(): Promise<void> {
    this.goOn();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse, models: readonly string[]): Promise<void> {
    const url = request.url ?? "";
    if (request.method === "GET" && url.endsWith("/models")) {
      return json(response, 200, { object: "list", data: models.map((id) => ({ id, object: "model", owned_by: "test" })) });
    }
    if (!url.endsWith("/chat/completions")) return json(response, 404, { error: { message: `no such path: ${url}` } });
    const body = JSON.parse(await text(request)) as Asked["body"];
    const asked: Asked = { body, left: false, leftAt: 0 };
    this.asked.push(asked);
    const script = this.scripts.shift() ?? [{ text: "An answer of no script." }];
    if ("fail" in script) return json(response, script.fail, { error: { message: script.message, type: "server_error" } });
    await this.play(script, asked, response);
  }

  private async play(script: readonly Step[], asked: Asked, response: ServerResponse): Promise<void> {
    response.on("close", () => {
      asked.left = !response.writableFinished;
      asked.leftAt = Date.now();
    });
    response.writeHead(200, { "content-type": "text/event-stream" });
    event(response, { role: "assistant", content: "" });
    for (const step of script) {
      if (response.destroyed) return;
      if (step === "length") continue;
      if (step === "hold") await this.hold(response);
      else if (step === "cut") return void response.destroy();
      else if ("wait" in step) await new Promise((resolve) => setTimeout(resolve, step.wait));
      else event(response, "text" in step ? { content: step.text } : { reasoning_content: step.reasoning });
    }
    if (response.destroyed) return;
    event(response, {}, script.includes("length") ? "length" : "stop");
    response.end("data: [DONE]\n\n");
  }

  private async hold(response: ServerResponse): Promise<void> {
    if (!this.early) await new Promise<void>((resolve) => ((this.goOn = resolve), response.on("close", resolve)));
    this.early = false;
  }
}

function event(response: ServerResponse, delta: object, finish: string | null = null): void {
  const chunk = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "tiny", choices: [{ index: 0, delta, finish_reason: finish }] };
  response.write(`data: ${JSON.stringify(chunk)}\n\n`);
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function text(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}
