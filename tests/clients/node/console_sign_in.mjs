// Signing in to the console, and what is seen without.
import assert from "node:assert/strict";
import { browser, newLink, open, signedIn, within } from "./console_page.mjs";
import { call, headers, report, service } from "./harness.mjs";

const door = (page) => page.waitForSelector("#sign-in:not([hidden]) h1");

await call("without a link the page shows how to get one, and nothing else", () => within(async (page) => {
  await open(page, service.url);
  await door(page);
  assert.match(await page.textContent("#sign-in"), /sidecar console/);
  assert.equal(await page.isVisible("#panels"), false);
  assert.equal(await page.isVisible("#tabs"), false);
}));

await call("a link signs in, leaves the address bar, and survives a reload", () => within(async (page, seen) => {
  const link = await newLink();
  await open(page, link);
  await page.waitForSelector("#panel-overview article");
  assert.equal(page.url(), `${service.url}/#overview`);
  const code = link.split("=")[1];
  assert.ok(!seen.requests.some((url) => new URL(url).search.includes(code) || new URL(url).pathname.includes(code)));
  await page.reload();
  await page.waitForSelector("#panel-overview article");
  assert.equal(await page.isVisible("#sign-out"), true);
  assert.deepEqual(await page.evaluate(() => [document.cookie, JSON.stringify(localStorage)]), ["", "{}"]);
}));

await call("a link works once", () => within(async (page) => {
  const link = await newLink();
  await open(page, link);
  await page.waitForSelector("#panel-overview article");
  await page.evaluate(() => sessionStorage.clear());
  await page.goto("about:blank");
  await open(page, link);
  await door(page);
  assert.match(await page.textContent("#sign-in .problem"), /has been used or is too old/);
  assert.equal(page.url(), `${service.url}/`);
}));

await call("another tab is not signed in", () => within(async (page) => {
  await signedIn(page);
  const other = await page.context().newPage();
  await open(other, service.url);
  await other.waitForSelector("#sign-in:not([hidden])");
}));

await call("a link can be pasted, and what is none is told apart", () => within(async (page) => {
  await open(page, service.url);
  await door(page);
  await page.fill("#code", "not a link");
  await page.press("#code", "Enter");
  await page.waitForFunction(() => document.querySelector("#code-problem").textContent !== "");
  assert.match(await page.textContent("#code-problem"), /not a sign-in link/);
  await page.fill("#code", `  ${await newLink()} `);
  await page.press("#code", "Enter");
  await page.waitForSelector("#panel-overview article");
}));

await call("a link opened in a tab that is signed in does no harm", () => within(async (page) => {
  await signedIn(page, "search");
  await page.evaluate(() => {
    location.hash = "#sign-in=" + "x".repeat(43);
  });
  await page.waitForSelector("#panel-search:not([hidden])");
  assert.ok(!page.url().includes("sign-in"));
  assert.equal(await page.isVisible("#sign-in"), false);
}));

await call("a browser that keeps nothing for the page shows it all the same", () => within(async (page) => {
  await page.addInitScript(() => {
    for (const name of ["localStorage", "sessionStorage"]) {
      Object.defineProperty(window, name, { get: () => { throw new DOMException("blocked", "SecurityError"); } });
    }
  });
  await signedIn(page, "search");
  await page.selectOption("#theme", "dark");
  assert.equal(await page.getAttribute("html", "data-theme"), "dark");
  await page.selectOption("#language", "pt");
  await page.waitForFunction(() => document.querySelector("#panel-search h1").textContent === "Busca");
  await page.click("#sign-out");
  await door(page);
}));

await call("without scripts the page says what it needs", () => within(async (page) => {
  await page.goto(service.url);
  assert.match(await page.innerText("body"), /This page needs JavaScript\..*Cette page a besoin de JavaScript\./s);
}, { javaScriptEnabled: false }));

await call("a page that is not signed in is no client that was refused", () => within(async (page) => {
  const begun = Date.now() / 1000;
  await open(page, service.url);
  await door(page);
  const told = await (await fetch(`${service.url}/console/requests`, { headers })).json();
  assert.deepEqual(told.recent.filter((seen) => seen.client === "Chrome" && seen.key === null && seen.at > begun), []);
}));

await call("signing out leaves nothing on the page and no key", () => within(async (page) => {
  await signedIn(page);
  const key = await page.evaluate(() => sessionStorage.getItem("sidecar-session"));
  await page.click("#sign-out");
  await door(page);
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  assert.ok(!(await page.content()).includes("demo"));
  const refused = await fetch(`${service.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
  assert.equal(refused.status, 401);
}));

await call("a session that the server has ended shows how to come back", () => within(async (page) => {
  await signedIn(page, "clients");
  await page.waitForSelector("#panel-clients table, #panel-clients p.soft");
  const key = await page.evaluate(() => sessionStorage.getItem("sidecar-session"));
  await fetch(`${service.url}/console/sign-out`, { method: "POST", headers: { authorization: `Bearer ${key}` } });
  await door(page);
  await page.fill("#code", await newLink());
  await page.press("#code", "Enter");
  await page.waitForSelector("#tabs:not([hidden])");
}));

await call("without authentication there is no signing in", () => within(async (page) => {
  await open(page, service.open);
  await page.waitForSelector("#panel-overview article");
  assert.equal(await page.isVisible("#sign-out"), false);
  await page.click("#tab-clients");
  await page.waitForSelector(".settings");
  assert.match(await page.textContent(".settings"), /none/);
}, { url: service.open }));

await call("the page cannot be framed, nor its files loaded, by a page of another origin", () => within(async (page) => {
  await page.goto(`${service.foreign}/page/index.html`).catch(() => {});
  const loaded = await page.evaluate(async (url) => {
    const frame = document.createElement("iframe");
    frame.src = url;
    const framed = new Promise((resolve) => frame.addEventListener("load", () => resolve(true)));
    document.body.append(frame);
    await framed;
    const script = await import(`${url}/console/main.js`).then(() => "loaded", () => "refused");
    const text = await fetch(`${url}/console/texts/en.json`).then(() => "read", () => "refused");
    let inside = "closed";
    try {
      inside = frame.contentDocument === null ? "closed" : "open";
    } catch {
      inside = "closed";
    }
    return [script, text, inside];
  }, service.url);
  assert.deepEqual(loaded, ["refused", "refused", "closed"]);
  const frame = page.frames().find((each) => each !== page.mainFrame());
  assert.ok(!(await frame.content()).includes("wordmark"));
}, { foreign: true }));

await call("a link on a page of another origin opens the console in its own tab", () => within(async (page) => {
  await page.goto(`${service.foreign}/page/index.html`);
  await page.evaluate((url) => {
    location.href = url;
  }, service.url);
  await page.waitForURL(`${service.url}/`);
  await door(page);
}, { foreign: true }));

await call("the key is shown, hidden and copied when asked for", () => within(async (page) => {
  await signedIn(page, "clients");
  await page.waitForSelector(".settings");
  assert.ok(!(await page.content()).includes(headers.authorization.slice(7)));
  await page.click(".reveal");
  await page.waitForFunction((key) => document.querySelector(".settings").textContent.includes(key), service.key);
  await page.click(".reveal");
  assert.ok(!(await page.content()).includes(service.key));
  await page.click(".snippet .copy");
  await page.waitForFunction(() => document.querySelector(".snippet .copy").textContent === "Copied");
  assert.ok((await page.evaluate(() => navigator.clipboard.readText())).includes(`OPENAI_API_KEY="${service.key}"`));
}));

await browser.close();
report();
