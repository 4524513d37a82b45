// Whether the console can be used without a mouse, without good eyes, and without eyes: as the browser computes it.
import assert from "node:assert/strict";
import { askModel, browser, open, search, signedIn, within } from "./console_page.mjs";
import { call, report, service } from "./harness.mjs";

const CONTROLS = new Set(["button", "link", "textbox", "searchbox", "combobox", "tab", "option", "checkbox", "radio", "progressbar", "tabpanel", "group", "region", "article", "DisclosureTriangle"]);
const LEAST = 4.5;
const MOST_STOPS = 400;

/** Call `look` with each part of the page, filled, and with the page before signing in. */
async function everywhere(page, look) {
  await open(page, service.url);
  await page.waitForSelector("#sign-in:not([hidden]) h1");
  await look("sign in");
  await page.goto("about:blank");
  await signedIn(page);
  await page.evaluate(() => document.querySelectorAll("details").forEach((each) => (each.open = true)));
  await look("overview");
  await page.click("#tab-search");
  await search(page, "gate code cabin");
  await page.evaluate(() => document.querySelectorAll("#panel-search details").forEach((each) => (each.open = true)));
  await look("search");
  await page.click("#tab-ask");
  await look("ask, before");
  await askModel(page, "demo/writes", "What is the gate code for the cabin?");
  await look("ask");
  await page.click("#tab-models");
  await page.waitForSelector(".chart");
  await look("models");
  await page.click("#tab-clients");
  await page.waitForSelector("#panel-clients table");
  await look("clients");
}

await call("every control has a name for who hears it", () => within(async (page) => {
  const inspector = await page.context().newCDPSession(page);
  let known = 0;
  await everywhere(page, async (where) => {
    const { nodes } = await inspector.send("Accessibility.getFullAXTree");
    const controls = nodes.filter((node) => !node.ignored && CONTROLS.has(node.role?.value));
    known += controls.length;
    // Groups that nobody can enter, as a list of terms, need no name.
    const nameless = controls.filter((node) => node.role.value !== "group" && !node.name?.value?.trim());
    assert.deepEqual(nameless.map((node) => node.role.value), [], where);
  });
  assert.ok(known > 100, String(known));
}));

/** Texts that stand out too little from what is behind them, as WCAG 2 reckons. */
function faint(least) {
  const parsed = (colour) => {
    const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const over = ([r, g, b, a], behind) => [r, g, b].map((part, index) => (part * a + behind[index] * (255 - a)) / 255);
  const light = (colour) => {
    const [r, g, b] = colour.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    const layers = [];
    for (let each = element; each !== null; each = each.parentElement) layers.unshift(parsed(getComputedStyle(each).backgroundColor));
    return layers.reduce((behind, layer) => over(layer, behind), parsed("Canvas").slice(0, 3));
  };
  const found = [];
  let looked = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() === "" || !element.checkVisibility({ visibilityProperty: true }) || element.closest(".unseen, .skip, noscript, option")) continue;
    const behind = ground(element);
    const [a, b] = [light(over(parsed(getComputedStyle(element).color), behind)), light(behind)].sort((one, other) => other - one);
    looked += 1;
    if ((a + 0.05) / (b + 0.05) < least) found.push(`${((a + 0.05) / (b + 0.05)).toFixed(2)}: ${element.tagName} ${element.className} ${walker.currentNode.data.slice(0, 40)}`);
  }
  return { found, looked };
}

const readable = (colorScheme) => () => within(async (page) => {
  await everywhere(page, async (where) => {
    const { found, looked } = await page.evaluate(faint, LEAST);
    assert.ok(looked > 8, where);
    assert.deepEqual(found, [], where);
  });
}, { colorScheme, reducedMotion: "reduce" });

await call("every text stands out from what is behind it, in the light", readable("light"));
await call("every text stands out from what is behind it, in the dark", readable("dark"));

/** What can be reached by key, as the page has it. */
function reachable() {
  const wanted = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  return [...document.querySelectorAll(wanted)].filter((each) => each.checkVisibility({ visibilityProperty: true }) && each.tabIndex >= 0 && !each.disabled).length;
}

/** Where the keyboard is: a number for each element, and whether that can be seen. */
function here() {
  const at = document.activeElement;
  if (at === document.body || at === document.documentElement) return null;
  at.dataset.stop ??= String(document.querySelectorAll("[data-stop]").length);
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(at);
  const seen = outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2 && !/, 0\)$/.test(outlineColor);
  const box = at.getBoundingClientRect();
  return { stop: Number(at.dataset.stop), seen: seen && box.width > 0 && box.bottom > 0 && box.top < innerHeight, what: at.outerHTML.slice(0, 90) };
}

await call("the tab key comes to everything once, in the page's order, and shows where it is", () => within(async (page) => {
  await everywhere(page, async (where) => {
    await page.evaluate(() => {
      document.querySelectorAll("[data-stop]").forEach((each) => delete each.dataset.stop);
      // Before everything: where the keyboard goes next depends on where it was last.
      const before = document.createElement("p");
      before.tabIndex = -1;
      document.body.prepend(before);
      before.focus();
    });
    const wanted = await page.evaluate(reachable);
    const stops = [];
    for (let step = 0; step < MOST_STOPS; step += 1) {
      await page.keyboard.press("Tab");
      const at = await page.evaluate(here);
      if (at === null || at.stop < stops.length) break;
      assert.ok(at.seen, `${where}: ${at.what}`);
      stops.push(at);
    }
    assert.equal(stops.length, wanted, `${where}: ${stops.map((stop) => stop.what).join("\n")}`);
    const order = await page.evaluate(() => [...document.querySelectorAll("[data-stop]")].map((each) => Number(each.dataset.stop)));
    assert.deepEqual(order, [...order].sort((one, other) => one - other), where);
  });
}, { reducedMotion: "reduce" }));

await call("headings stand in order, and there is one of the first rank", () => within(async (page) => {
  await everywhere(page, async (where) => {
    const ranks = await page.evaluate(() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter((each) => each.checkVisibility()).map((each) => Number(each.tagName[1])));
    assert.equal(ranks[0], 1, where);
    assert.equal(ranks.filter((rank) => rank === 1).length, 1, where);
    for (const [index, rank] of ranks.entries()) assert.ok(index === 0 || rank <= ranks[index - 1] + 1, `${where}: ${ranks}`);
  });
}));

await call("the language that is read is the one that is chosen, and what is in another is marked", () => within(async (page) => {
  await signedIn(page, "clients");
  await page.waitForSelector(".settings");
  for (const language of ["pt", "es", "it", "fr", "en"]) {
    await page.selectOption("#language", language);
    await page.waitForFunction((tag) => document.documentElement.lang.split("-")[0] === tag, language);
    await page.selectOption("#program", { index: 1 });
    assert.equal(await page.getAttribute(".client .steps", "lang"), "en");
  }
}));

await call("a copy says that it was made, each time, and says it where it failed", () => within(async (page) => {
  await signedIn(page, "clients");
  await page.waitForSelector(".settings");
  await page.evaluate(() => {
    window.heard = [];
    new MutationObserver(() => window.heard.push(document.getElementById("said").textContent)).observe(document.getElementById("said"), { childList: true, characterData: true, subtree: true });
  });
  assert.equal(await page.getAttribute("#said", "aria-live"), "polite");
  const heard = (count) => page.waitForFunction(([text, wanted]) => window.heard.filter((each) => each === text).length === wanted, count);
  await page.click(".settings .copy >> nth=0");
  await heard(["Copied", 1]);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${service.url}/v1`);
  await page.click(".settings .copy >> nth=1");
  await heard(["Copied", 2]);
  await page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: { writeText: () => Promise.reject(new Error("no")) } }));
  await page.click(".settings .copy >> nth=0");
  await heard(["Not copied", 1]);
}));

await call("who wants less motion sees nothing move, in any part", () => within(async (page) => {
  await everywhere(page, async (where) => {
    const moving = await page.evaluate(() => [...document.querySelectorAll("*")].flatMap((each) => [null, "::before", "::after"].map((part) => getComputedStyle(each, part)))
      .filter(({ animationName, transitionDuration }) => animationName !== "none" || /[1-9]/.test(transitionDuration)).length);
    assert.equal(moving, 0, where);
  });
}, { reducedMotion: "reduce" }));

await browser.close();
report();
