/** A web server on a real socket that answers as a test says, and remembers what it was sent. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface WebServer {
  readonly url: string;
  readonly port: number;
  readonly seen: Sent[];
  /** Requests whose client left before the end. */
  readonly left: string[];
  stop(): Promise<void>;
}

export async function webServer(answer: (sent: Sent, response: ServerResponse) => void | Promise<void>, port = 0): Promise<WebServer> {
  const seen: Sent[] = [];
  const left: string[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    response.on("close", () => {
      if (!response.writableFinished) left.push(request.url ?? "");
    });
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const sent = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body: Buffer.concat(parts).toString("utf8") };
      seen.push(sent);
      void answer(sent, response);
    });
  });
  await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
  const bound = (server.address() as AddressInfo).port;
  const stop = (): Promise<void> =>
    new Promise((stopped) => {
      server.close(() => stopped());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${bound}`, port: bound, seen, left, stop };
}

export function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}
