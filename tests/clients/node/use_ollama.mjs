// Ollama's own client.
import assert from "node:assert/strict";
import { Ollama } from "ollama";
import { asked, call, collect, headers, report, service } from "./harness.mjs";

const client = new Ollama({ host: service.url, headers });

await call("list", async () => {
  const { models } = await client.list();
  assert.ok(models.some((model) => model.name.startsWith(service.quoting) && model.details));
});

await call("show", async () => {
  assert.ok((await client.show({ model: service.embedding })).capabilities.includes("embedding"));
});

await call("chat", async () => {
  const answer = await client.chat({ model: service.quoting, messages: asked });
  assert.ok(answer.message.content.includes(service.fact));
  assert.equal(answer.done_reason, "stop");
});

await call("chat, stream", async () => {
  const parts = await collect(await client.chat({ model: service.quoting, messages: asked, stream: true }));
  assert.ok(parts.map((part) => part.message.content).join("").includes(service.fact));
  assert.equal(parts.at(-1).done, true);
});

await call("generate", async () => {
  const answer = await client.generate({ model: service.quoting, prompt: service.question });
  assert.ok(answer.response.includes(service.fact));
});

await call("embed", async () => {
  const { embeddings } = await client.embed({ model: service.embedding, input: ["One.", "Two."] });
  assert.equal(embeddings[0].length, embeddings[1].length);
});

await call("version", async () => {
  assert.match((await client.version()).version, /^\d+\.\d+/);
});

report();
