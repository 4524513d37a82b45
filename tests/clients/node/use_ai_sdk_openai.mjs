// The AI SDK with its OpenAI provider, whose default is Responses.
import assert from "node:assert/strict";
import { createOpenAI } from "@ai-sdk/openai";
import { embedMany, generateText, jsonSchema, Output, streamText, tool } from "ai";
import { base, call, collect, colours, painted, report, service } from "./harness.mjs";

const openai = createOpenAI({ baseURL: base, apiKey: service.key });
const prompt = service.question;
const maxRetries = 0;
const tools = { paint: tool({ description: "Paint the fence.", inputSchema: jsonSchema(colours) }) };
const toolChoice = { type: "tool", toolName: "paint" };

await call("generateText, Responses", async () => {
  const { text } = await generateText({ model: openai(service.quoting), prompt, maxRetries });
  assert.ok(text.includes(service.fact));
});

await call("streamText, Responses", async () => {
  const { textStream, finishReason } = streamText({
    model: openai(service.quoting), prompt, maxRetries, onError: () => {},
  });
  assert.ok((await collect(textStream)).join("").includes(service.fact));
  assert.equal(await finishReason, "stop");
});

await call("generateText, Responses, forced tool", async () => {
  const { toolCalls } = await generateText({ model: openai(service.chat), prompt, tools, toolChoice, maxRetries });
  painted(toolCalls[0].input);
});

await call("generateText, Responses, fileSearch", async () => {
  const { text, sources } = await generateText({
    model: openai(service.quoting),
    prompt,
    tools: { file_search: openai.tools.fileSearch({ vectorStoreIds: ["vs_vault"], maxNumResults: 3 }) },
    maxRetries,
  });
  assert.ok(text.includes(service.fact));
  assert.ok(sources.some((source) => source.sourceType === "document"), JSON.stringify(sources));
});

await call("generateText, chat", async () => {
  const { text, usage } = await generateText({ model: openai.chat(service.quoting), prompt, maxRetries });
  assert.ok(text.includes(service.fact));
  assert.ok(usage.totalTokens > 0);
});

await call("streamText, chat", async () => {
  const { textStream, finishReason } = streamText({
    model: openai.chat(service.quoting), prompt, maxRetries, onError: () => {},
  });
  assert.ok((await collect(textStream)).join("").includes(service.fact));
  assert.equal(await finishReason, "stop");
});

await call("generateText, chat, sources", async () => {
  const { sources } = await generateText({ model: openai.chat(service.quoting), prompt, maxRetries });
  assert.ok(sources.some((source) => source.url?.startsWith("obsidian://")), JSON.stringify(sources));
});

await call("streamText, chat, forced tool", async () => {
  const { toolCalls } = streamText({
    model: openai.chat(service.chat), prompt, tools, toolChoice, maxRetries, onError: () => {},
  });
  painted((await toolCalls)[0].input);
});

await call("generateText, chat, output with a schema", async () => {
  const output = Output.object({ schema: jsonSchema(colours) });
  const answer = await generateText({ model: openai.chat(service.chat), prompt, output, maxRetries });
  painted(answer.output);
});

await call("embedMany", async () => {
  const { embeddings } = await embedMany({
    model: openai.textEmbeddingModel(service.embedding), values: ["One.", "Two."], maxRetries,
  });
  assert.equal(embeddings[0].length, embeddings[1].length);
});

report();
