// LangChain for JavaScript, which most Obsidian plugins are built on.
import assert from "node:assert/strict";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { base, call, collect, colours, painted, report, service } from "./harness.mjs";

const configuration = { baseURL: base };
const chat = (model, more = {}) =>
  new ChatOpenAI({ model, apiKey: service.key, configuration, maxRetries: 0, ...more });

await call("ChatOpenAI.invoke", async () => {
  const answer = await chat(service.quoting).invoke(service.question);
  assert.ok(answer.content.includes(service.fact));
});

await call("ChatOpenAI.stream", async () => {
  const chunks = await collect(await chat(service.quoting).stream(service.question));
  assert.ok(chunks.map((chunk) => chunk.content).join("").includes(service.fact));
});

await call("ChatOpenAI.bindTools, forced", async () => {
  const tools = [{ type: "function", function: { name: "paint", parameters: colours } }];
  const answer = await chat(service.chat).bindTools(tools, { tool_choice: "paint" }).invoke(service.question);
  painted(answer.tool_calls[0].args);
});

await call("ChatOpenAI.withStructuredOutput", async () => {
  const model = chat(service.chat).withStructuredOutput({ title: "paint", ...colours }, { name: "paint" });
  painted(await model.invoke(service.question));
});

await call("ChatOpenAI.stream, Responses", async () => {
  const chunks = await collect(await chat(service.quoting, { useResponsesApi: true }).stream(service.question));
  assert.ok(chunks.map((chunk) => chunk.text).join("").includes(service.fact));
});

await call("OpenAIEmbeddings.embedDocuments", async () => {
  const embeddings = new OpenAIEmbeddings({ model: service.embedding, apiKey: service.key, configuration, maxRetries: 0 });
  const [one, two] = await embeddings.embedDocuments(["One.", "Two."]);
  assert.equal(one.length, two.length);
});

report();
