// OpenAI's client inside a page: what a browser allows, blocks and lets the page read.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { call, report, service } from "./harness.mjs";

const browser = await chromium.launch({
  executablePath: service.browser,
  headless: true,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

/** Run one of the page's functions on a page of the origin. */
async function inPage(origin, name, more = {}) {
  const page = await browser.newPage();
  try {
    await page.goto(`${origin}/page/index.html`);
    await page.waitForFunction(() => window.ready, null, { timeout: 30_000 });
    return await page.evaluate(([what, given]) => window[what](given), [name, { ...service, ...more }]);
  } finally {
    await page.close();
  }
}

await call("stream, with the client's own headers", async () => {
  const { text, preflighted } = await inPage(service.page, "stream");
  assert.ok(text.includes(service.fact), text);
  assert.ok(preflighted.some((name) => name.startsWith("x-stainless-")), preflighted.join());
});

await call("x-request-id is readable", async () => {
  assert.ok(await inPage(service.page, "requestId"));
});

await call("an error before a stream is readable: 404", async () => {
  const error = await inPage(service.page, "failure", { model: "no-such-model" });
  assert.equal(error.status, 404);
  assert.equal(error.code, "model_not_found");
  assert.ok(error.requestId);
});

await call("an error of the guard is readable: 401", async () => {
  const error = await inPage(service.page, "failure", { key: "wrong" });
  assert.equal(error.status, 401);
  assert.equal(error.code, "invalid_api_key");
});

await call("a path that does not exist is readable: 404", async () => {
  assert.equal(await inPage(service.page, "nowhere"), 404);
});

await call("embeddings and models", async () => {
  const { models, dimensions } = await inPage(service.page, "others");
  assert.ok(models.includes(service.embedding));
  assert.ok(dimensions > 1);
});

await call("DELETE passes its preflight", async () => {
  assert.equal(await inPage(service.page, "remove"), 404);
});

await call("an origin that is not allowed is blocked", async () => {
  const error = await inPage(service.foreign, "failure", { model: service.quoting });
  assert.equal(error.status, undefined);
  assert.match(error.message, /Connection error|Failed to fetch/);
});

await call("a page that is not allowed cannot send a form either", async () => {
  assert.equal(await inPage(service.foreign, "simple"), "blocked");
});

await browser.close();
report();
