// How the console looks and reads: languages, light and dark, narrow and wide, keys, and what axe finds.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { TABS, askModel, browser, open, search, signedIn, within } from "./console_page.mjs";
import { call, report, service } from "./harness.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LANGUAGES = { en: "Up to date", pt: "Em dia", es: "Al día", it: "Aggiornato", fr: "À jour" };
const KEY = /\b(page|tab|sign_in|overview|search|ask|models|clients|phase|lane|kind|verdict|setting|status)\.[a-z_]+\b/;

/** Fill every part, so that there is something to look at. */
async function filled(page) {
  await signedIn(page, "search");
  await search(page, "gate code cabin");
  await page.click("#tab-ask");
  await askModel(page, "demo/writes", "What is the gate code for the cabin?");
  await page.click("#tab-models");
  await page.waitForSelector(".chart");
  await page.click("#tab-clients");
  await page.waitForSelector(".settings");
}

async function faults(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const found = await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    return found.violations.flatMap((each) => each.nodes.map((node) => `${each.id}: ${node.html.slice(0, 120)} ${node.failureSummary}`));
  });
}

const examined = (colorScheme) => () => within(async (page) => {
  await open(page, service.url);
  assert.deepEqual(await faults(page), []);
  await filled(page);
  for (const tab of TABS) {
    await page.click(`#tab-${tab}`);
    assert.deepEqual(await faults(page), [], tab);
  }
}, { colorScheme, reducedMotion: "reduce" });

await call("axe finds nothing wrong in the light", examined("light"));
await call("axe finds nothing wrong in the dark", examined("dark"));

const speaks = (language) => () => within(async (page) => {
  await filled(page);
  assert.match(await page.getAttribute("html", "lang"), new RegExp(`^${language}`));
  for (const tab of TABS) {
    await page.click(`#tab-${tab}`);
    const text = await page.evaluate(() => document.body.innerText);
    assert.ok(!KEY.test(text), `${tab}: ${KEY.exec(text)?.[0]}`);
    assert.ok(!/\{\w+\}/.test(text.replaceAll("{{key}}", "")), tab);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, tab);
  }
  await page.click("#tab-overview");
  assert.ok((await page.textContent("#panel-overview")).includes(LANGUAGES[language]));
}, { locale: language, viewport: { width: 360, height: 740 } });

await call("it speaks English, on a narrow screen too", speaks("en"));
await call("it speaks Portuguese, on a narrow screen too", speaks("pt"));
await call("it speaks Spanish, on a narrow screen too", speaks("es"));
await call("it speaks Italian, on a narrow screen too", speaks("it"));
await call("it speaks French, on a narrow screen too", speaks("fr"));

await call("a language that there is none of is answered in English", () => within(async (page) => {
  await open(page, service.url);
  assert.match(await page.textContent("#sign-in h1"), /Sign in/);
}, { locale: "ja" }));

await call("the language is changed at once, kept, and a conversation goes on", () => within(async (page) => {
  await signedIn(page, "ask");
  await askModel(page, "demo/writes", "What is the gate code for the cabin?");
  await page.selectOption("#language", "it");
  await page.waitForFunction(() => document.querySelector("#panel-ask h1").textContent === "Chiedi");
  assert.match(await page.textContent(".turn .answer"), /4471-B/);
  assert.match(await page.textContent(".sources h3"), /Fonti/);
  await page.reload();
  await page.waitForSelector("#panel-ask:not([hidden])");
  assert.equal(await page.textContent("#tab-overview"), "Panoramica");
}));

const paper = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

await call("light and dark follow the system, or what was chosen", () => within(async (page) => {
  await open(page, service.url);
  const light = await paper(page);
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await paper(page);
  assert.notEqual(light, dark);
  await page.selectOption("#theme", "light");
  assert.equal(await paper(page), light);
  await page.selectOption("#theme", "dark");
  await page.emulateMedia({ colorScheme: "light" });
  assert.equal(await paper(page), dark);
  await page.reload();
  assert.equal(await paper(page), dark);
}));

await call("at no width from 360 to 1600 anything is cut off", () => within(async (page) => {
  await filled(page);
  for (const width of [360, 480, 768, 1023, 1024, 1280, 1600]) {
    await page.setViewportSize({ width, height: 800 });
    for (const tab of TABS) {
      await page.click(`#tab-${tab}`);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${tab} ${width}`);
    }
  }
}));

await call("the keyboard reaches everything", () => within(async (page) => {
  await signedIn(page);
  await page.focus("#tab-overview");
  const chosen = () => page.evaluate(() => [document.activeElement.dataset.name, document.querySelector("[role=tab][aria-selected=true]").dataset.name]);
  for (const [key, tab] of [["ArrowRight", "search"], ["ArrowDown", "ask"], ["ArrowLeft", "search"], ["End", "clients"], ["ArrowRight", "overview"], ["Home", "overview"], ["ArrowUp", "clients"]]) {
    await page.keyboard.press(key);
    assert.deepEqual(await chosen(), [tab, tab], key);
  }
  assert.equal(await page.evaluate(() => document.querySelectorAll("[role=tab][tabindex='0']").length), 1);
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "none");
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "query");
  await page.keyboard.type("a/b");
  assert.equal(await page.inputValue("#query"), "a/b");
  await page.goBack();
  assert.ok(await page.isVisible("#panel-clients"));
}));

await call("what happens is told to who cannot see it", () => within(async (page) => {
  await signedIn(page, "search");
  await search(page, "gate code cabin");
  await page.waitForFunction(() => /\d+ passages?/.test(document.querySelector("#said").textContent));
  await page.click("#tab-ask");
  await askModel(page, "demo/writes", "What is the gate code for the cabin?");
  await page.waitForFunction(() => document.querySelector("#said").textContent === "The answer is complete.");
  const log = page.locator("[role=log]");
  assert.equal(await log.getAttribute("aria-live"), "polite");
  assert.ok((await log.locator("p").count()) >= 2);
}));

await call("who wants less motion gets none", () => within(async (page) => {
  await signedIn(page, "ask");
  const turn = await askModel(page, "demo/hangs", "What is the gate code?", { wait: false });
  await turn.waitFor();
  const moving = await page.evaluate(() => document.getAnimations().length);
  assert.equal(moving, 0);
  await page.keyboard.press("Escape");
}, { reducedMotion: "reduce" }));

await browser.close();
report();
