// Using the console: search, answers, what attacks it, and a server that goes away.
import assert from "node:assert/strict";
import { TABS, askModel, browser, newLink, open, search, signedIn, within } from "./console_page.mjs";
import { call, report, service } from "./harness.mjs";

await call("the overview counts what is indexed and says why files are left out", () => within(async (page) => {
  await signedIn(page);
  const text = await page.textContent("#panel-overview");
  assert.match(text, /Up to date/);
  assert.match(text, /indexed/);
  await page.click("[data-name=vault-demo-excluded] summary");
  assert.match(await page.textContent("[data-name=vault-demo-excluded]"), /private: true/);
}));

await call("a search shows hits with links into Obsidian and why they were found", () => within(async (page) => {
  await signedIn(page, "search");
  await search(page, "gate code cabin");
  const first = page.locator(".hit").first();
  assert.equal(await first.locator("h2").textContent(), "Cabin");
  assert.match(await first.locator("h2 a").getAttribute("href"), /^obsidian:\/\/open\?vault=demo&file=Places%2FCabin/);
  assert.match(await first.locator(".excerpt").textContent(), /4471-B/);
  assert.ok((await first.locator("mark").allTextContents()).includes("gate"));
  assert.match(await first.locator(".lanes").textContent(), /words.*gate/);
  await first.locator(".why summary").click();
  assert.match(await first.locator(".why dl").textContent(), /score/);
}));

await call("operators narrow a search, and nothing found is said", () => within(async (page) => {
  await signedIn(page, "search");
  await page.click(".operators summary");
  await page.click(".operators button >> nth=1");
  assert.equal(await page.inputValue("#query"), "path:");
  await search(page, "path:Places/ code");
  const paths = await page.locator(".hit .path").allTextContents();
  assert.ok(paths.length > 0 && paths.every((path) => path.includes("Places/")), paths.join());
  await search(page, "path:Nowhere/ xyzzy");
  assert.match(await page.textContent(".results .empty"), /Nothing was found/);
}));

await call("an answer streams, cites, and leads into Obsidian", () => within(async (page) => {
  await signedIn(page, "ask");
  const turn = await askModel(page, "demo/writes", "What is the gate code for the cabin?");
  assert.match(await turn.locator(".answer strong").textContent(), /4471-B/);
  assert.match(await turn.locator(".answer a").first().getAttribute("href"), /^obsidian:\/\/open\?vault=demo&file=Places%2FCabin/);
  assert.equal(await turn.locator(".answer ol li").count(), 2);
  assert.match(await turn.locator(".sources").textContent(), /Cabin/);
  assert.match(await page.textContent("[role=log]"), /4471-B/);
}));

await call("without a language model it answers in quotations", () => within(async (page) => {
  await open(page, service.open);
  await page.waitForSelector("#panel-overview article");
  await page.click("#tab-ask");
  assert.match(await page.textContent("#panel-ask .notice"), /No language model is set/);
  const turn = await askModel(page, null, "What is the gate code for the cabin?");
  assert.match(await turn.locator("blockquote").first().textContent(), /4471-B/);
  assert.match(await turn.locator(".sources a").first().getAttribute("href"), /^obsidian:\/\/open\?/);
}, { url: service.open }));

await call("a button stops an answer, and Escape the next one", () => within(async (page) => {
  await signedIn(page, "ask");
  for (const stop of [() => page.click(".composer .stop"), () => page.keyboard.press("Escape")]) {
    const turn = await askModel(page, "demo/hangs", "What is the gate code?", { wait: false });
    await turn.locator(".answer").waitFor();
    await stop();
    await page.waitForSelector(".composer button[type=submit]");
    assert.match(await turn.textContent(), /Stopped\./);
    assert.equal(await turn.getAttribute("aria-busy"), "false");
  }
}));

await call("Shift and Enter begin a new line, Enter asks, and the keyboard stays in the field", () => within(async (page) => {
  await signedIn(page, "ask");
  await page.selectOption(".composer select", "demo/writes");
  await page.focus("#question");
  await page.keyboard.type("one");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("two");
  assert.equal(await page.inputValue("#question"), "one\ntwo");
  assert.equal(await page.locator(".turn").count(), 0);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector(".turn")?.getAttribute("aria-busy") === "false");
  assert.equal(await page.textContent(".turn .question"), "one\ntwo");
  assert.deepEqual(await page.evaluate(() => [document.activeElement.id, document.activeElement.value]), ["question", ""]);
}));

await call("an answer that breaks off says so, and is asked for again", () => within(async (page) => {
  await signedIn(page, "ask");
  const turn = await askModel(page, "demo/breaks", "What is the gate code?");
  await turn.locator(".problem-box").waitFor();
  await turn.locator(".problem-box button").click();
  await page.waitForFunction(() => document.querySelector(".turn").getAttribute("aria-busy") === "false");
  assert.equal(await page.locator(".turn").count(), 1);
}));

await call("a model's answer can run nothing, load nothing and lead nowhere unseen", () => within(async (page) => {
  await signedIn(page, "ask");
  const turn = await askModel(page, "demo/attacks", "What is the gate code for the cabin?");
  await harmless(page);
  const text = await turn.textContent();
  assert.match(text, /<img src=x onerror=/);
  assert.match(text, /click me \(javascript:document\.title='attacked'\)/);
  const addresses = await turn.locator("a").evaluateAll((all) => all.map((each) => [each.href, each.target, each.rel, each.parentElement.textContent]));
  // The server has taken the teeth out of most of it; here it is as the model wrote it.
  const raw = await page.evaluate(async (text) => {
    const { markdown } = await import("/console/markdown.js");
    const place = document.querySelector("#panel-ask").appendChild(document.createElement("div"));
    place.append(...markdown(text, { addressOf: () => "javascript:alert(1)", marked: ["<script>", "<", "img"] }));
    return [...place.querySelectorAll("a")].map((each) => [each.href, each.target, each.rel, each.parentElement.textContent]);
  }, service.attacks);
  await harmless(page);
  assert.ok(raw.length >= 3, raw.join("\n"));
  for (const [href, target, rel, around] of [...addresses, ...raw]) {
    assert.match(href, /^(https:\/\/evil\.example\/|obsidian:\/\/open\?)/);
    if (href.startsWith("https:")) {
      assert.deepEqual([target, rel], ["_blank", "noopener noreferrer"]);
      assert.ok(around.includes(href), href);
    }
  }
}));

await call("a hostile vault's titles, paths, tags and text stay text", () => within(async (page) => {
  await signedIn(page, "search");
  for (const query of ["hostile", "path:img", "tag:attack", "[owner:script]"]) {
    await search(page, query);
    assert.ok((await page.locator(".hit").count()) > 0, query);
    await page.locator(".hit .more:visible").evaluateAll((all) => all.forEach((each) => each.click()));
    await harmless(page);
  }
  assert.match(await page.textContent(".results"), /<script>document\.title/);
  await page.click("#tab-ask");
  await askModel(page, "demo/extractive", "What does the hostile note say?");
  await harmless(page);
  for (const tab of TABS) {
    await page.click(`#tab-${tab}`);
    await harmless(page);
  }
}));

/** Nothing ran, nothing but our own elements is there. */
async function harmless(page) {
  assert.match(await page.title(), / · Sidecar$/);
  const found = await page.evaluate(() => [...document.querySelectorAll("script, img, iframe, style, object, embed, form[action], base, meta[http-equiv], [srcdoc], [style]")].map((each) => each.outerHTML.slice(0, 80)));
  assert.deepEqual(found, ['<script type="module" src="/console/main.js"></script>']);
  const handlers = await page.evaluate(() => [...document.querySelectorAll("*")].flatMap((each) => each.getAttributeNames()).filter((name) => name.startsWith("on")));
  assert.deepEqual(handlers, []);
}

await call("Markdown becomes elements of a few kinds, and long or twisted text takes no time", () => within(async (page) => {
  await signedIn(page);
  const result = await page.evaluate(async () => {
    const { markdown } = await import("/console/markdown.js");
    const { safeAddress } = await import("/console/dom.js");
    const shown = (text) => {
      const place = document.createElement("div");
      place.append(...markdown(text));
      return place.innerHTML.replace(/ (dir|tabindex)="[^"]*"/g, "");
    };
    const long = 200_000;
    const twisted = ["[", "[[", "![", "*", "**", "_a", "`", "> ", "- ", "~~", "<h", "](", "| ", "\\", "[a](", "#", "1. ", "```\n", "*a **b ", "\n", "http://", "‮", "😀"];
    const begun = performance.now();
    for (const piece of twisted) markdown(piece.repeat(long / piece.length));
    for (const piece of ["> ", "  - a\n", "[".repeat(50)]) markdown(piece.repeat(2000));
    // Patterns that are tried anew at every character: 50,000 blanks took four seconds.
    markdown(`a${" ".repeat(long)}a`);
    markdown(`${"http://a@".repeat(100)}${".".repeat(1000)}a `.repeat(long / 1902));
    markdown("```\n```\n".repeat(long / 8));
    // Forty words, each of which would be looked for to the end at every find of another.
    const words = ["a", ...Array.from({ length: 39 }, (_, number) => `nowhere${number}`)];
    markdown("a b ".repeat(long / 4), { marked: words });
    // As many elements as no call takes arguments.
    const place = document.createElement("div");
    place.append(...markdown("*a".repeat(long / 2)));
    const took = performance.now() - begun;
    const addresses = ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "\u0001javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:http://x", "//evil.example", "/console/key", "obsidian://advanced-uri?x", "obsidian://open", "obsidian://new?x", "obsidian:open?x", "http://user:word@evil.example/", "ftp://x", "", "x".repeat(5000)];
    return {
      took,
      refused: addresses.filter((each) => safeAddress(each) !== null),
      allowed: ["http://x.example/", "https://x.example/?q=1", "obsidian://open?vault=a&file=b"].map(safeAddress),
      marked: markdown("ab Ba x ab", { marked: ["ab", "x", "b"] })[0].innerHTML,
      shown: ["**a** _b_ `c` ~~d~~", "# Title", "- [ ] a\n- [x] b\n  1. c", "a_b_c 2*3*4", "snake_case_name", "\\*a\\*", "a\nb", "> q\n> > r", "a &lt;b> &amp; &#39; &#0; &x;", "![p](https://evil.example/p.png?d=1)", "[[a|b]] ![[c|320]]", "| a | b \\| c |\n|--|:-:|\n| 1 | 2 |", "[x](javascript:alert(1)", "<https://e.example/a>, https://e.example/b."].map(shown),
    };
  });
  assert.deepEqual(result.refused, []);
  assert.deepEqual(result.allowed, ["http://x.example/", "https://x.example/?q=1", "obsidian://open?vault=a&file=b"]);
  assert.ok(result.took < 20_000, `${result.took} ms`);
  assert.equal(result.marked, "<mark>ab</mark> <mark>B</mark>a <mark>x</mark> <mark>ab</mark>");
  assert.deepEqual(result.shown, [
    "<p><strong>a</strong> <em>b</em> <code>c</code> <s>d</s></p>",
    '<p class="heading">Title</p>',
    "<ul><li>☐ a</li><li>☑ b<ol><li>c</li></ol></li></ul>",
    "<p>a_b_c 2<em>3</em>4</p>",
    "<p>snake_case_name</p>",
    "<p>*a*</p>",
    "<p>a<br>b</p>",
    "<blockquote><p>q</p><blockquote><p>r</p></blockquote></blockquote>",
    "<p>a &lt;b&gt; &amp; ' &amp;#0; &amp;x;</p>",
    '<p><a href="https://evil.example/p.png?d=1" target="_blank" rel="noopener noreferrer"><bdi>p</bdi></a><bdi class="address"> (https://evil.example/p.png?d=1)</bdi></p>',
    "<p><bdi>b</bdi> <bdi>c</bdi></p>",
    '<div class="wide"><table><thead><tr><th>a</th><th>b | c</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table></div>',
    '<p><bdi>x</bdi><bdi class="address"> (javascript:alert(1)</bdi></p>',
    '<p><a href="https://e.example/a" target="_blank" rel="noopener noreferrer">https://e.example/a</a>, <a href="https://e.example/b" target="_blank" rel="noopener noreferrer">https://e.example/b</a>.</p>',
  ]);
}));

await call("a server that goes away is waited for, and found again", () => within(async (page) => {
  await signedIn(page, "search");
  await page.context().setOffline(true);
  await page.fill("#query", "cabin");
  await page.press("#query", "Enter");
  await page.waitForSelector("#away:not([hidden])");
  assert.match(await page.textContent("#away"), /does not answer.*Trying/s);
  await page.context().setOffline(false);
  await page.waitForFunction(() => !document.querySelector("#away .soft").textContent.includes("…"));
  await page.click("#away button");
  await page.waitForSelector("#away", { state: "hidden" });
  await page.click(".results .problem-box button");
  await page.waitForSelector(".hit");
}));

await call("an index under way, a closed vault and an empty one are told apart", () => within(async (page) => {
  const states = [
    [{ phase: "reading", pending: 120, files: 200, ready: false }, /Reading notes 80 of 200 \(40%\)/],
    [{ phase: "reading", pending: 120, files: 200, chunks: 80, chunks_without_vector: 20 }, /Reading notes 80 of 200 \(40%\).*Searchable by meaning: 60 of 80 passages/s],
    [{ phase: "embedding", chunks: 50, chunks_without_vector: 25 }, /Comparing meanings.*Searchable by meaning: 25 of 50 passages/s],
    [{ phase: "idle", chunks: 1, chunks_without_vector: 1 }, /found by its words.*Searchable by meaning: 0 of 1 passage/s],
    [{ phase: "idle", pending: 3, files: 30, paused: "on battery", ready: false }, /Paused while the machine runs on battery.*New notes wait to be read 27 of 30 \(90%\)/s],
    [{ phase: "embedding", chunks: 4, chunks_without_vector: 2, slowed: "on battery" }, /Slower while the machine runs on battery.*2 of 4 passages/s],
    [{ phase: "idle", pending: 1, paused: "<b>another reason</b>" }, /Paused: <b>another reason<\/b>/],
    [{ phase: "closed", files: 0, problems: ["The folder is away."] }, /Not open.*Needs your attention.*The folder is away/s],
    [{ phase: "idle", files: 0, indexed: 0, chunks: 0, chunks_without_vector: 0 }, /no notes here yet/],
    [{ failed: 1, failed_files: [{ path: "a<b>.md", reason: "it is broken" }] }, /1 file could not be read.*a<b>\.md: it is broken/s],
  ];
  for (const [state, told] of states) {
    await page.unroute("**/vault/status*");
    await page.route("**/vault/status*", async (route) => {
      const answer = await route.fetch();
      const body = await answer.json();
      Object.assign(body.vaults[0], state);
      await route.fulfill({ response: answer, json: body });
    });
    // Another fragment alone would load nothing anew.
    await page.goto("about:blank");
    await signedIn(page);
    assert.match(await page.textContent("#panel-overview article"), told);
    const bars = await page.locator("#panel-overview progress").evaluateAll((all) => all.map((each) => [each.getAttribute("aria-label") !== "", each.value <= each.max]));
    assert.deepEqual(bars, bars.map(() => [true, true]));
  }
}));

await call("without a vault the overview says how to get one", () => within(async (page) => {
  await page.route("**/vault/status*", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), vaults: [] } });
  });
  await open(page, await newLink());
  await page.waitForSelector("#panel-overview .empty");
  assert.match(await page.textContent("#panel-overview"), /No vault is set.*sidecar setup.*sidecar serve VAULT/s);
  assert.deepEqual(await page.locator("#panel-overview .empty .copy").evaluateAll((all) => all.map((each) => each.getAttribute("aria-label"))), ["Copy: sidecar setup", "Copy: sidecar serve VAULT"]);
  await page.click("#tab-search");
  await page.click("#tab-ask");
  assert.equal(await page.isVisible("#question"), true);
}));

await call("models and memory are drawn, with what is loaded and what fits", () => within(async (page) => {
  await signedIn(page, "models");
  await page.waitForSelector(".chart");
  assert.match(await page.textContent(".chart table"), /What.*Memory.*Part of it.*Sidecar.*Other programs.*Free/s);
  assert.deepEqual(await page.locator(".chart tbody th").evaluateAll((all) => all.map((each) => each.scope)), ["row", "row", "row"]);
  assert.ok((await page.locator(".chart rect").count()) >= 3);
  const text = await page.textContent("#panel-models");
  assert.match(text, /demo\/extractive quotes the notes/);
  assert.match(text, /(There are none yet|What each would take)/);
}));

await call("models are told in a table, be there none or twenty", () => within(async (page) => {
  const verdicts = ["fits", "fits_with_q8_0_cache", "fits_with_shorter_context", "does_not_fit", null];
  const made = (number) => ({
    name: `Some-very-long-name-of-a-model-${number}-Q4_K_M`, kind: ["chat", "embedding", "rerank"][number % 3], set: number % 4 === 0,
    loaded: number % 8 === 0, memory: number % 5 === 4 ? null : (number + 1) * 2 ** 30, on_gpu: number % 7 === 0 ? 2 ** 28 : 0,
    verdict: verdicts[number % 5], problem: number % 5 === 4 ? "The file is <b>cut off</b>." : null,
  });
  for (const count of [0, 1, 20]) {
    await page.unroute("**/console/models");
    await page.route("**/console/models", (route) => route.fulfill({ json: {
      machine: { total: 16 * 2 ** 30, available: 6 * 2 ** 30, gpus: [{ name: "GPU", total: 8 * 2 ** 30, free: 2 ** 30, unified: false }] },
      server: 2 ** 27, models: Array.from({ length: count }, (_, number) => made(number)),
    } }));
    await page.goto("about:blank");
    await signedIn(page, "models");
    await page.waitForSelector(".chart");
    const rows = await page.locator("table.models tbody tr").allTextContents();
    assert.equal(rows.length, count);
    if (count === 0) assert.match(await page.textContent("#panel-models .empty"), /There are none yet.*sidecar models recommend/s);
    if (count !== 20) continue;
    assert.match(await page.textContent("table.models thead"), /Model.*Memory.*Does it fit/);
    assert.match(rows[0], /Some-very-long-name-of-a-model-0-Q4_K_M writes answers1 GB · 256 MB of it on the graphics processorfitsloaded/);
    assert.match(rows[3], /4 GB.*does not fit/);
    assert.match(rows[4], /The file is <b>cut off<\/b>\..*cannot be readset/);
    assert.match(await page.textContent(".chart table"), /Some-very-long-name-of-a-model-0.*loaded.*Other programs.*Free/);
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 844 });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, String(width));
    }
  }
}));

await call("clients that ask appear with counts and without a word of what they asked", () => within(async (page) => {
  await fetch(`${service.url}/v1/chat/completions`, { method: "POST", headers: { "user-agent": "Odd <b>client</b>/1", authorization: "Bearer wrong", "content-type": "application/json" }, body: "{}" });
  await signedIn(page, "clients");
  await page.waitForSelector("#panel-clients table");
  const text = await page.textContent("#panel-clients");
  assert.match(text, /no right key.*Odd.*wrong or no key/s);
  await page.selectOption("#program", { index: 1 });
  await page.waitForSelector(".client .steps");
  await harmless(page);
}));

await browser.close();
report();
