// The AI SDK with its provider for compatible servers: chat, legacy completions, embeddings.
import assert from "node:assert/strict";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embedMany, generateText, jsonSchema, Output, streamText, tool } from "ai";
import { base, call, collect, colours, painted, report, service } from "./harness.mjs";

const sidecar = createOpenAICompatible({ name: "sidecar", baseURL: base, apiKey: service.key, includeUsage: true });
const structured = createOpenAICompatible({
  name: "sidecar", baseURL: base, apiKey: service.key, supportsStructuredOutputs: true,
});
const prompt = service.question;
const maxRetries = 0;
const tools = { paint: tool({ description: "Paint the fence.", inputSchema: jsonSchema(colours) }) };
const toolChoice = { type: "tool", toolName: "paint" };

await call("generateText", async () => {
  const { text, finishReason } = await generateText({ model: sidecar(service.quoting), prompt, maxRetries });
  assert.ok(text.includes(service.fact));
  assert.equal(finishReason, "stop");
});

await call("streamText", async () => {
  const { textStream, finishReason, usage } = streamText({
    model: sidecar(service.quoting), prompt, maxRetries, onError: () => {},
  });
  assert.ok((await collect(textStream)).join("").includes(service.fact));
  assert.equal(await finishReason, "stop");
  assert.ok((await usage).totalTokens > 0);
});

await call("generateText, forced tool", async () => {
  const { toolCalls } = await generateText({ model: sidecar(service.chat), prompt, tools, toolChoice, maxRetries });
  painted(toolCalls[0].input);
});

await call("streamText, forced tool", async () => {
  const { toolCalls } = streamText({
    model: sidecar(service.chat), prompt, tools, toolChoice, maxRetries, onError: () => {},
  });
  painted((await toolCalls)[0].input);
});

await call("generateText, output with a schema", async () => {
  const output = Output.object({ schema: jsonSchema(colours) });
  painted((await generateText({ model: structured(service.chat), prompt, output, maxRetries })).output);
});

await call("generateText, completionModel", async () => {
  const model = sidecar.completionModel(service.chat);
  const { finishReason } = await generateText({ model, prompt: "One.", maxOutputTokens: 4, maxRetries });
  assert.ok(["stop", "length"].includes(finishReason));
});

await call("streamText, output larger than the context", async () => {
  const { text } = streamText({
    model: sidecar(service.chat),
    prompt: "The page says exactly yes.\nThe page says exactly",
    maxOutputTokens: 32000,
    maxRetries,
    onError: () => {},
  });
  assert.ok((await text).includes("yes"));
});

await call("embedMany", async () => {
  const { embeddings } = await embedMany({
    model: sidecar.textEmbeddingModel(service.embedding), values: ["One.", "Two."], maxRetries,
  });
  assert.equal(embeddings[0].length, embeddings[1].length);
});

report();
