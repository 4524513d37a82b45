// What the scripts of the console share: a browser, pages that are watched, and signing in.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { headers, service } from "./harness.mjs";

export const browser = await chromium.launch({
  executablePath: service.browser,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"],
});
export const TABS = ["overview", "search", "ask", "models", "clients"];

/** A page of its own, with everything noted that it must not do. */
async function watched(options) {
  const context = await browser.newContext({ locale: "en", viewport: { width: 1280, height: 900 }, ...options });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const seen = { requests: [], violations: [], errors: [] };
  await context.exposeFunction("noteViolation", (what) => seen.violations.push(what));
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      window.noteViolation(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`);
    });
  });
  const page = await context.newPage();
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.setDefaultTimeout(20_000);
  return { context, page, seen };
}

/**
 * Run something on a page, then see that nothing was loaded from elsewhere, refused by the policy or thrown; of a
 * `foreign` page nothing is expected.
 */
export async function within(action, { url = service.url, foreign = false, ...options } = {}) {
  const { context, page, seen } = await watched(options);
  try {
    await action(page, seen);
    if (foreign) return;
    const elsewhere = seen.requests.filter((asked) => asked !== "about:blank" && new URL(asked).origin !== url);
    assert.deepEqual(elsewhere, []);
    assert.deepEqual(seen.violations, []);
    assert.deepEqual(seen.errors, []);
  } finally {
    await context.close();
  }
}

/** A new sign-in link, made with the key as `sidecar console` does. */
export async function newLink() {
  const answer = await fetch(`${service.url}/console/link`, { method: "POST", headers });
  return `${service.url}${(await answer.json()).path}`;
}

export async function open(page, address) {
  await page.goto(address);
  await page.waitForSelector("html[data-ready]", { state: "attached" });
}

/** Sign in and show a part. */
export async function signedIn(page, tab = "overview") {
  await open(page, await newLink());
  await page.waitForSelector("#panel-overview article");
  if (tab !== "overview") await page.click(`#tab-${tab}`);
}

export async function search(page, query) {
  await page.fill("#query", query);
  await page.press("#query", "Enter");
  await page.waitForSelector(".results:not([aria-busy]) .tally, .results .empty");
}

/** Ask a model and give the turn once it is no longer busy. */
export async function askModel(page, model, question, { wait = true } = {}) {
  if (model !== null) await page.selectOption(".composer select", model);
  await page.fill("#question", question);
  await page.press("#question", "Enter");
  const turn = page.locator(".turn").last();
  if (wait) await page.waitForFunction(() => [...document.querySelectorAll(".turn")].at(-1)?.getAttribute("aria-busy") === "false");
  return turn;
}
