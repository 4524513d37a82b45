/** A chat model that does what its last message says, in Node: `count to 5`, `slowly`, `break off`, `be silent`. */
import { json, webServer, type WebServer } from "./web_server";

export const MODEL = "obedient";

export async function writer(): Promise<WebServer> {
  const server = await webServer(async (sent, response) => {
    // For tests, which run in another process.
    if (sent.url === "/left") return json(response, 200, { left: server.left });
    if (sent.method === "GET") return json(response, 200, { object: "list", data: [{ id: MODEL, object: "model" }] });
    if (!sent.url.endsWith("/chat/completions")) return json(response, 404, { error: { message: "no such path" } });
    const { messages } = JSON.parse(sent.body) as { messages: { content: string }[] };
    const told = messages.at(-1)?.content ?? "";
    response.writeHead(200, { "content-type": "text/event-stream" });
    const say = (delta: object, finish: string | null = null): void => {
      response.write(`data: ${JSON.stringify({ object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`);
    };
    const words = Number(/count to (\d+)/.exec(told)?.[1] ?? 3);
    for (let word = 1; word <= words && !response.destroyed; word++) {
      say({ content: `${word} ` });
      if (told.includes("slowly")) await new Promise((done) => setTimeout(done, 100));
    }
    if (told.includes("break off")) return void response.destroy();
    if (told.includes("be silent")) return;
    say({}, "stop");
    response.end("data: [DONE]\n\n");
  });
  return server;
}
