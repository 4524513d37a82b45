/** The view that asks the notes, in a page against a real Sidecar: with quotations alone, and with a model that a test plays. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Room, STARTER } from "./ask_room";
import { cannotRun, openPreview, type Preview } from "./preview";
import { ScriptedUpstream, type Script } from "./scripted_upstream";

const LANGUAGES = ["en", "pt", "es", "it", "fr"] as const;

describe.skipIf(cannotRun !== null)("asking without a language model", () => {
  let room: Room;
  beforeAll(async () => {
    room = new Room(await openPreview());
    await room.preview.sidecar.ready();
  });
  beforeEach(() => room.open({}));
  afterAll(() => room?.preview.close());

  it("begins with three questions that fill the box", async () => {
    expect(await room.view.locator(".sidecar-ask-empty button").count()).toBe(3);
    await room.view.locator(".sidecar-ask-empty button").last().click();
    expect(await room.box.inputValue()).toBe("What do my notes say about ");
    expect(await room.box.evaluate((box) => box === document.activeElement)).toBe(true);
    await room.preview.screenshot("ask-empty");
  });

  it("says that it only quotes, and how to add a model", async () => {
    await room.asked(STARTER);
    expect(await room.text.innerText()).toContain("Feed it every nine days");
    const kind = room.answers.last().locator(".sidecar-ask-kind");
    expect(await kind.innerText()).toBe("Quotations only");
    await kind.locator("summary").click();
    expect(await kind.innerText()).toContain("--model");
  });

  it("says that nothing is in the notes", async () => {
    await room.asked("What is the capital of Mongolia?");
    expect(await room.text.innerText()).toContain("Nothing in your notes");
  });

  it("opens a citation's note at the heading, in a new tab with the key for it", async () => {
    await room.asked("What does the boiler need? Where is the apartment? Where are things?");
    await room.asked("Where does the podcast team stay in Porto?");
    const link = room.text.locator("a.internal-link[data-href*='Staying']").first();
    await link.click();
    await expect.poll(() => room.shownNote()).toBe("Travel/Train to Porto.md");
    const tabs = (): Promise<number> => room.page.locator(".mod-root .workspace-leaf").count();
    const before = await tabs();
    await link.click({ modifiers: ["ControlOrMeta"] });
    await expect.poll(tabs).toBe(before + 1);
  });

  it("shows Obsidian's preview of a citation", async () => {
    await room.asked(STARTER);
    await room.text.locator("a.internal-link").first().hover();
    await room.page.locator(".hover-popover").waitFor();
    expect(await room.page.locator(".hover-popover").innerText()).toContain("Bertha");
  });

  it("gives a wikilink when a citation is dragged", async () => {
    await room.asked(STARTER);
    const dragged = await room.text.locator("a.internal-link").first().evaluate((link) => {
      const data = new DataTransfer();
      link.dispatchEvent(new DragEvent("dragstart", { bubbles: true, dataTransfer: data }));
      return data.getData("text/plain");
    });
    expect(dragged).toMatch(/^\[\[.*Sourdough starter.*\]\]$/);
  });

  it("lists the sources, and says why on request alone", async () => {
    await room.asked(STARTER);
    const searches = (): number => room.preview.asked.filter((each) => each === "POST /vault/search").length;
    const before = searches();
    const sources = room.answers.last().locator(".sidecar-ask-sources");
    await sources.locator("summary").first().click();
    expect(await sources.innerText()).toContain("Feed it every nine days");
    expect(searches()).toBe(before);
    await sources.locator(".sidecar-ask-why summary").first().click();
    await sources.getByText("Words of the question:").first().waitFor();
    expect(await sources.innerText()).toMatch(/Close in meaning: \d+/);
    expect(searches()).toBe(before + 1);
    const why = sources.locator(".sidecar-ask-why").first();
    for (const open of [false, true]) {
      await why.locator("summary").click();
      await expect.poll(() => why.evaluate((details) => (details as HTMLDetailsElement).open)).toBe(open);
    }
    expect(await why.innerText()).toContain("Words of the question:");
    expect(searches()).toBe(before + 1);
    await room.preview.screenshot("ask-sources");
  });

  it("names the current note to the server, follows it and keeps it when it is pinned", async () => {
    await room.preview.openNote("Travel/Train to Porto.md");
    await room.preview.runCommand("ask-note");
    const chip = room.view.locator(".sidecar-ask-chip-name");
    expect(await chip.innerText()).toBe("Train to Porto");
    await room.asked("At what time?");
    expect(await room.text.innerText()).toContain("08:39");
    await room.view.locator(".sidecar-ask-sources summary").first().click();
    await room.view.locator(".sidecar-ask-why summary").first().click();
    await room.view.getByText("The question names this note.").waitFor();
    await room.preview.openNote("House/Boiler.md");
    await expect.poll(() => chip.innerText()).toBe("Boiler");
    await room.view.locator("[data-part='note-pin']").click();
    await room.preview.openNote("Home.md");
    await room.page.waitForTimeout(200);
    expect(await chip.innerText()).toBe("Boiler");
    await room.button("Remove Boiler").click();
    await expect.poll(() => chip.count()).toBe(0);
  });

  it("does not send what is kept out of Sidecar", async () => {
    await room.preview.openNote("Private/Diary.md");
    await room.preview.runCommand("ask-note");
    await room.asked("What is in it?");
    await room.answers.last().getByText("Diary is kept out of Sidecar").waitFor();
  });

  it("survives being closed, and puts nothing of it into the workspace file", async () => {
    await room.asked(STARTER);
    await room.box.fill("half a question");
    const state = await room.page.evaluate(() => JSON.stringify(window.preview.app.workspace.getLayout()));
    expect(state).not.toContain("sourdough");
    await room.page.evaluate(() => window.preview.app.workspace.detachLeavesOfType("sidecar-ask"));
    await room.preview.runCommand("ask-open");
    expect(await room.text.innerText()).toContain("Feed it every nine days");
    expect(await room.box.inputValue()).toBe("half a question");
    await room.anew();
    await expect.poll(() => room.answers.count()).toBe(0);
  });

  it("is kept as a note that is not searched, and never over another", async () => {
    await room.asked(STARTER);
    await room.preview.runCommand("ask-save");
    await expect.poll(() => room.shownNote()).toContain("Conversations/");
    const path = (await room.shownNote()) ?? "";
    expect(room.preview.noteText(path)).toMatch(/^---\nsidecar: false\n/);
    expect(room.preview.noteText(path)).toContain("Feed it every nine days");
    await room.anew();
    await room.asked(STARTER);
    await room.preview.runCommand("ask-save");
    await expect.poll(() => readdirSync(join(room.preview.vault, "Conversations")).length).toBe(2);
    await expect.poll(async () => (await room.preview.sidecar.status()).vaults[0]?.["excluded"], { timeout: 20_000 }).toBe(5);
    await room.asked("sourdough starter nine days");
    expect(await room.answers.last().innerText()).not.toContain("Conversations/");
  });

  it("brings the saved note up to date after showing how, and keeps what was written into it", async () => {
    await room.asked("When does the train to Porto leave?");
    await room.preview.runCommand("ask-save");
    await expect.poll(() => room.shownNote()).toContain("Conversations/");
    const path = (await room.shownNote()) ?? "";
    await room.page.evaluate(async (name) => {
      const file = window.preview.app.vault.getFileByPath(name);
      if (file !== null) await window.preview.app.vault.process(file, (text) => `${text}\nMy own words.\n`);
    }, path);
    await room.asked(STARTER);
    await room.button("Update the saved note").click();
    const modal = room.page.locator(".modal");
    await modal.locator(".sidecar-difference ins").first().waitFor();
    await room.preview.screenshot("ask-update");
    expect(room.preview.noteText(path)).not.toContain("nine days");
    await modal.getByRole("button", { name: "Update" }).click();
    await expect.poll(() => room.preview.noteText(path)).toContain("nine days");
    expect(room.preview.noteText(path)).toContain("My own words.");
  });

  it("shows no tooltip over whole parts of the view", async () => {
    await room.asked(STARTER);
    expect(await room.view.locator("[aria-label]").evaluateAll((all) => all.map((each) => each.tagName).filter((tag) => !["BUTTON", "SELECT", "A", "INPUT"].includes(tag)))).toEqual([]);
    const log = room.page.getByRole("log", { name: "Conversation" });
    expect(await log.count()).toBe(1);
    // A log is read out as it grows, which is every word of an answer, unless it says that it is not.
    expect(await log.getAttribute("aria-live")).toBe("off");
    expect(await room.page.getByRole("textbox", { name: "Your question" }).count()).toBe(1);
  });

  it("recalls questions with the up key, and keeps what is being composed", async () => {
    await room.asked(STARTER);
    await room.box.press("ArrowUp");
    expect(await room.box.inputValue()).toBe(STARTER);
    await room.box.press("ArrowDown");
    expect(await room.box.inputValue()).toBe("");
    await room.box.fill("日本");
    await room.box.evaluate((box) => box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true })));
    expect(await room.answers.count()).toBe(1);
    await room.box.press("Shift+Enter");
    expect(await room.box.inputValue()).toBe("日本\n");
  });

  it("can be used with the keyboard alone", async () => {
    await room.box.focus();
    await room.page.keyboard.type(STARTER);
    await room.page.keyboard.press("Enter");
    await room.answered();
    const reached: string[] = [];
    await room.view.locator(".sidecar-ask-thread").focus();
    for (let step = 0; step < 24; step += 1) {
      await room.page.keyboard.press("Tab");
      reached.push(await room.page.evaluate(() => `${document.activeElement?.tagName} ${document.activeElement?.getAttribute("aria-label") ?? document.getElementById(document.activeElement?.getAttribute("aria-labelledby") ?? "")?.textContent ?? document.activeElement?.textContent ?? ""}`));
      if (reached.at(-1)?.startsWith("TEXTAREA")) break;
    }
    expect(reached.join("\n")).toContain("Edit the question");
    expect(reached.join("\n")).toContain("Copy as Markdown");
    expect(reached.at(-1)).toContain("Your question");
    await room.button("Copy as Markdown").focus();
    await room.page.keyboard.press("ArrowRight");
    expect(await room.page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Insert at the cursor");
    await room.page.locator("a.internal-link").first().focus();
    await room.page.keyboard.press("Enter");
    await expect.poll(() => room.shownNote()).not.toBe("Home.md");
  });

  it.each(["light", "dark"] as const)("has no faults that axe finds, in a %s theme", async (theme) => {
    await room.open({ theme });
    expect(await room.preview.axe(".sidecar-ask")).toEqual([]);
    await room.preview.runCommand("ask-note");
    await room.asked(STARTER);
    await room.view.locator(".sidecar-ask-sources summary").first().click();
    await room.view.locator(".sidecar-ask-why summary").first().click();
    expect(await room.preview.axe(".sidecar-ask")).toEqual([]);
    await room.preview.screenshot(`ask-${theme}`);
  });

  it.each(LANGUAGES)("speaks %s", async (language) => {
    await room.open({ language });
    await room.asked(STARTER);
    expect(await room.view.innerText()).not.toMatch(/ask\.[a-z]|\{\w+\}/);
    await room.preview.screenshot(`ask-${language}`);
  });
});

describe.skipIf(cannotRun !== null)("asking a model", () => {
  let room: Room;
  let upstream: ScriptedUpstream;
  beforeAll(async () => {
    upstream = await ScriptedUpstream.open();
    room = new Room(await openPreview({ sidecar: { args: ["--upstream", upstream.url] } }));
    await room.preview.sidecar.ready();
  });
  beforeEach(() => room.open({}));
  afterEach(() => upstream.reset());
  afterAll(async () => {
    await room?.preview.close();
    await upstream?.close();
  });

  const script = (...steps: Script[]): void => upstream.next(...steps);

  it("shows an answer as it comes, and keeps what is there already", async () => {
    script([{ text: "First paragraph about Bertha.\n\n" }, { text: "Second " }, "hold", { text: "paragraph, fed every nine days [[Sourdough starter]].\n" }]);
    await room.ask(STARTER);
    await expect.poll(() => room.text.innerText()).toContain("First paragraph");
    await room.text.locator("p").first().evaluate((first) => ((window as { kept?: Element }).kept = first));
    await room.preview.screenshot("ask-streaming");
    expect(await room.page.locator(".sidecar-spoken[role=status]").innerText()).not.toContain("First paragraph");
    upstream.release();
    await room.answered();
    expect(await room.text.innerText()).toContain("fed every nine days");
    expect(await room.text.locator("p").first().evaluate((first) => (window as { kept?: Element }).kept === first)).toBe(true);
    expect(await room.text.locator(".sidecar-ask-citation").innerText()).toBe("1");
    expect(await room.page.locator(".sidecar-spoken[role=status]").innerText()).toContain("Answer finished, 1 source. First paragraph");
  });

  it.each(["button", "Escape"] as const)("stops the model by the %s", async (way) => {
    script([{ text: "It goes on " }, "hold", { text: "for ever." }]);
    await room.ask(STARTER);
    await expect.poll(() => room.text.innerText()).toContain("It goes on");
    const pressed = Date.now();
    if (way === "button") await room.button("Stop").click();
    else await room.box.press("Escape");
    await room.answers.last().getByText("Stopped before the end.").waitFor();
    await room.page.locator(".sidecar-spoken[role=status]", { hasText: "Stopped before the end." }).waitFor({ state: "attached" });
    await expect.poll(() => upstream.last?.left, { timeout: 5_000, interval: 20 }).toBe(true);
    const took = (upstream.last?.leftAt ?? Infinity) - pressed;
    console.log(`The model was stopped ${took} ms after the ${way}.`);
    expect(took).toBeLessThan(2_000);
    expect(await room.text.innerText()).toContain("It goes on");
  });

  it("answers again, and asks an edited question in place of the old", async () => {
    script([{ text: "One." }], [{ text: "Two." }], [{ text: "Three." }], [{ text: "Four." }], [{ text: "Five." }]);
    await room.asked(STARTER);
    await room.button("Answer again").click();
    await expect.poll(() => room.text.innerText()).toBe("Two.");
    expect(await room.answers.count()).toBe(1);
    await room.button("Edit the question").click();
    expect(await room.box.inputValue()).toBe(STARTER);
    await room.asked("Who is Bertha?");
    expect(await room.text.innerText()).toBe("Three.");
    expect(await room.answers.count()).toBe(1);
    expect(JSON.stringify(upstream.last?.body.messages)).not.toContain("How do I feed");
    // The edit is over: what is asked next comes after it.
    await room.asked("And who feeds her?");
    expect(await room.answers.count()).toBe(2);
    await room.button("Edit the question").last().click();
    await room.box.press("Escape");
    expect(await room.box.inputValue()).toBe("");
    await room.view.getByText("Editing a question").waitFor({ state: "detached" });
    await room.asked("And when?");
    expect(await room.answers.count()).toBe(3);
  });

  it("takes an answer along: copied, inserted with one undo, appended after it was shown", async () => {
    script([{ text: "It is fed every nine days [[Sourdough starter]].\n\n![x](https://evil.example/x.png)" }]);
    await room.asked(STARTER);
    await room.button("Copy as Markdown").click();
    await expect.poll(() => room.clipboard()).toContain("[[Sourdough starter]]");
    expect(await room.clipboard()).not.toContain("![");

    await room.preview.openNote("House/Boiler.md");
    await room.preview.select([0, 0]);
    const before = await room.preview.editorText();
    await room.button("Insert at the cursor").click();
    await room.notice("Inserted into Boiler");
    expect(await room.preview.editorText()).toContain("fed every nine days");
    await room.page.evaluate(() => (window.preview.app.workspace.getMostRecentLeaf()?.view as unknown as { editor: { undo(): void } }).editor.undo());
    expect(await room.preview.editorText()).toBe(before);

    await room.button("Append to a note").click();
    await room.page.locator(".prompt input").fill("Reading list");
    await room.page.keyboard.press("Enter");
    const modal = room.page.locator(".modal").filter({ hasText: "Append to Reading list?" });
    await modal.locator(".sidecar-difference ins").waitFor();
    expect(await room.preview.axe(".modal")).toEqual([]);
    await room.preview.screenshot("ask-append");
    expect(room.preview.noteText("Projects/Reading list.md")).not.toContain("nine days");
    await modal.getByRole("button", { name: "Append" }).click();
    await room.notice("Appended to Reading list");
    expect(room.preview.noteText("Projects/Reading list.md")).toContain("nine days");
  });

  it("loads nothing that a hostile answer has in it", async () => {
    const hostile = ['<img src="https://evil.example/a.png">', "![b](https://evil.example/b.png)", "![[https://evil.example/c.png]]", "[![d](https://evil.example/d.png)](https://evil.example/d)", '<iframe src="https://evil.example/e"></iframe>', "```dataviewjs\nfetch('https://evil.example/f')\n```", "[ok](javascript:alert(1))", "> [!note] ![g](https://evil.example/g.png)", "| ![h](https://evil.example/h.png) |\n|---|\n| <script>fetch('https://evil.example/i')</script> |"];
    script(hostile.map((text) => ({ text: `${text}\n\n` })));
    await room.asked(STARTER);
    await room.page.waitForTimeout(500);
    expect(await room.text.locator("img, iframe, script, video, audio, object, embed, link, style").count()).toBe(0);
    expect(await room.text.locator("a[href^='javascript']").count()).toBe(0);
    expect([...room.preview.foreign, ...room.preview.server.blocked]).toEqual([]);
    await room.preview.screenshot("ask-hostile");
  });

  it("shows reasoning apart, folded", async () => {
    script([{ reasoning: "The user wants to feed Bertha." }, { text: "Feed it." }]);
    await room.asked(STARTER);
    const reasoning = room.answers.last().locator(".sidecar-ask-reasoning");
    expect(await reasoning.innerText()).toBe("Reasoning");
    await reasoning.locator("summary").click();
    expect(await reasoning.innerText()).toContain("feed Bertha");
    expect(await room.text.innerText()).toMatch(/^Feed it\./);
  });

  it("inserts behind a selection, and gives Markdown when an answer is dragged", async () => {
    script([{ text: "An **answer**." }]);
    await room.asked(STARTER);
    await room.preview.openNote("House/Boiler.md");
    await room.preview.select([6, 0], [6, 3]);
    await room.button("Insert at the cursor").click();
    expect((await room.preview.editorText()).split("\n")[6]).toMatch(/^\S.*An \*\*answer\*\*\./);
    const dragged = await room.answers.last().locator(".sidecar-ask-grip").evaluate((grip) => {
      const data = new DataTransfer();
      grip.dispatchEvent(new DragEvent("dragstart", { bubbles: true, dataTransfer: data }));
      return data.getData("text/plain");
    });
    expect(dragged).toBe("An **answer**.");
  });

  it("leaves a list unfolded and a selection of text alone while an answer comes", async () => {
    script([{ text: "The first words of it" }, { wait: 300 }, { text: ", and more," }, { wait: 300 }, { text: " and the end." }]);
    await room.ask(STARTER);
    await expect.poll(() => room.text.innerText()).toContain("first words");
    await room.text.evaluate((text) => {
      const words = document.createTreeWalker(text, NodeFilter.SHOW_TEXT).nextNode();
      if (words !== null) getSelection()?.setBaseAndExtent(words, 4, words, 9);
      (window as { option?: Element | null }).option = document.querySelector(".sidecar-ask select option");
    });
    await room.answered();
    expect(await room.text.innerText()).toContain("the end.");
    expect(await room.page.evaluate(() => getSelection()?.toString())).toBe("first");
    expect(await room.page.evaluate(() => (window as { option?: Element | null }).option?.isConnected)).toBe(true);
  });

  it("says where the model failed, and tries again", async () => {
    room.preview.expected.push(/status of 502/);
    script({ fail: 500, message: "out of memory" }, { fail: 500, message: "out of memory" }, { fail: 500, message: "out of memory" });
    await room.asked(STARTER);
    const problem = room.answers.last().locator(".sidecar-ask-problem");
    await problem.getByRole("alert").getByText("out of memory").waitFor();
    await room.preview.screenshot("ask-problem");
    script([{ text: "Better now." }]);
    await problem.getByRole("button", { name: "Try again" }).click();
    await room.answered();
  });

  it("keeps what came before the stream broke", async () => {
    script([{ text: "The beginning of " }, { wait: 200 }, "cut"]);
    await room.asked(STARTER);
    expect(await room.text.innerText()).toContain("The beginning of");
    await room.answers.last().locator(".sidecar-ask-problem").waitFor();
  });

  it("gives a selection beside the question, so that its tags are not taken for the question's", async () => {
    script([{ text: "It is about a starter." }]);
    await room.preview.openNote("Recipes/Sourdough starter.md");
    await room.page.evaluate(() => window.preview.app.workspace.activeEditor?.editor.setSelection({ line: 0, ch: 0 }, { line: 9, ch: 10 }));
    await room.preview.runCommand("ask-selection");
    expect(await room.view.locator(".sidecar-ask-chip-name").innerText()).toBe("Selection in Sourdough starter");
    const asking = room.page.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/chat/completions"));
    await room.asked("Explain this.");
    expect(((await asking).postDataJSON() as { vault?: unknown }).vault).toMatchObject({ question: "Explain this." });
    const messages = upstream.last?.body.messages ?? [];
    expect(messages.at(-1)?.content).toContain("Selected in the note");
    expect(messages.at(-1)?.content).toContain("Bertha");
    await room.preview.screenshot("ask-selection");
  });

  it("gives no model the text of a note that is kept out, nor of one that stays here", async () => {
    await room.page.evaluate(async () => {
      await window.preview.app.vault.create("Local.md", "---\nsidecar: local\n---\n\nThe safe opens with zebra seven.\n");
    });
    await expect.poll(async () => (await room.preview.sidecar.status()).vaults[0]?.["local"], { timeout: 20_000 }).toBe(1);
    await room.preview.openNote("Local.md");
    await room.preview.select([4, 0], [4, 20]);
    await room.preview.runCommand("ask-selection");
    script([{ text: "I cannot see it." }], [{ text: "Nor that." }]);
    await room.asked("Explain this.");
    await room.answers.last().getByText("Local stays with models on the server’s machine").waitFor();
    expect(JSON.stringify(upstream.last?.body.messages)).not.toContain("Selected in the note");
    // A model without notes is given a note's text by the view itself: not this one's.
    await room.anew();
    await room.view.getByLabel("Model").selectOption("tiny");
    await room.preview.openNote("Private/Diary.md");
    await room.preview.runCommand("ask-note");
    await room.asked("What is in it?");
    await room.answers.last().getByText("Diary is kept out of Sidecar").waitFor();
    expect(upstream.last?.body.messages.map(({ content }) => content).join("\n").trim()).toBe("What is in it?");
    await room.preview.openNote("House/Boiler.md");
    await room.preview.runCommand("ask-note");
    script([{ text: "A boiler." }]);
    await room.asked("And in this one?");
    expect(upstream.last?.body.messages.at(-1)?.content).toContain("Vulcano Lifestar");
    await room.view.getByLabel("Model").selectOption("");
  });

  it("stops the model when the plugin is switched off", async () => {
    script([{ text: "It goes on " }, "hold"]);
    await room.ask(STARTER);
    await expect.poll(() => room.text.innerText()).toContain("It goes on");
    await room.page.evaluate(() => window.preview.disable());
    await expect.poll(() => upstream.last?.left, { timeout: 5_000, interval: 20 }).toBe(true);
  });

  it("offers models with and without notes, and remembers the choice", async () => {
    const model = room.view.getByLabel("Model");
    expect(await model.locator("optgroup").evaluateAll((groups) => groups.map((group) => (group as HTMLOptGroupElement).label))).toEqual(["With your notes", "Without notes"]);
    script([{ text: "Plain." }]);
    await model.selectOption("tiny");
    await room.asked(STARTER);
    expect(JSON.stringify(upstream.last?.body.messages)).not.toContain("Bertha");
    expect(await room.answers.last().locator(".sidecar-ask-kind").innerText()).toBe("Without your notes");
    await room.open({});
    expect(await model.inputValue()).toBe("tiny");
    await model.selectOption("");
  });

  it("shows a long answer, wide tables and code within its width", async () => {
    script(Array.from({ length: 120 }, (_, n) => ({ text: `- Point ${n} with **strong** and \`code\` words.\n` })).concat([{ text: `\n| ${"a wide heading | ".repeat(12)}\n|${"---|".repeat(12)}\n| ${"cell | ".repeat(12)}\n\n\`\`\`js\n${"const x = 1; ".repeat(40)}\n\`\`\`\n` }]));
    await room.asked(STARTER);
    const wide = await room.view.locator(".sidecar-ask-thread").evaluate((thread) => [thread.scrollWidth, thread.clientWidth]);
    expect(wide[0]).toBeLessThanOrEqual((wide[1] ?? 0) + 1);
    await room.preview.screenshot("ask-long");
  });

  it("says that the server is gone in mid-stream, and connects again by itself", async () => {
    script([{ text: "Half of " }, "hold"]);
    await room.ask(STARTER);
    await expect.poll(() => room.text.innerText()).toContain("Half of");
    await room.preview.sidecar.stop();
    await room.answers.last().locator(".sidecar-ask-problem").waitFor();
    expect(await room.text.innerText()).toContain("Half of");
    await room.view.locator(":scope > .sidecar-ask-problem").getByText("Sidecar isn’t running").waitFor({ timeout: 60_000 });
    await room.preview.screenshot("ask-offline");
    await room.preview.sidecar.start();
    await room.view.locator(":scope > .sidecar-ask-problem").waitFor({ state: "hidden", timeout: 60_000 });
  }, 150_000);
});

describe.skipIf(cannotRun !== null)("asking where nothing can be streamed", () => {
  it("says that the answer comes whole, and shows it", async () => {
    const upstream = await ScriptedUpstream.open();
    // An origin that the server does not know is refused by the page's own fetch: Obsidian's request is left.
    const room = new Room(await openPreview({ origin: "http://elsewhere.example", sidecar: { args: ["--upstream", upstream.url] } }));
    try {
      room.preview.expected.push(/CORS|Failed to load resource/);
      await room.preview.sidecar.ready();
      await room.open();
      upstream.next([{ text: "The first " }, "hold", { text: "and the last." }]);
      await room.ask(STARTER);
      await room.answers.last().getByText("the answer comes all at once").waitFor();
      upstream.release();
      await room.answered();
      expect(await room.text.innerText()).toContain("The first and the last.");
    } finally {
      await room.preview.close();
      await upstream.close();
    }
  });
});

describe.skipIf(cannotRun !== null)("asking on a phone", () => {
  it.each(["light", "dark"] as const)("fits 390 pixels, with what fingers can hit, in a %s theme", async (theme) => {
    const room = new Room(await openPreview({ mobile: true, theme }));
    try {
      await room.preview.sidecar.ready();
      await connectByHand(room.preview);
      await room.open();
      await room.preview.screenshot(`ask-phone-empty-${theme}`);
      await room.box.tap();
      await room.box.fill(STARTER);
      await room.button("Send").tap();
      await room.answered();
      await room.preview.runCommand("ask-note");
      await room.view.locator(".sidecar-ask-sources summary").first().tap();
      const widths = await room.view.evaluate((view) => [view.scrollWidth, view.clientWidth, document.documentElement.scrollWidth]);
      expect(widths[0]).toBeLessThanOrEqual((widths[1] ?? 0) + 1);
      expect(widths[2]).toBeLessThanOrEqual(390);
      const small = await room.view.locator("button:visible, select:visible, summary:visible").evaluateAll((all) => all.filter((each) => each.getBoundingClientRect().height < 43.5).map((each) => each.outerHTML.slice(0, 120)));
      expect(small).toEqual([]);
      expect(await room.preview.axe(".sidecar-ask")).toEqual([]);
      await room.preview.screenshot(`ask-phone-${theme}`);
      // A keyboard that opens leaves less height: the box stays in sight.
      await room.page.setViewportSize({ width: 390, height: 420 });
      await room.box.tap();
      const box = await room.box.boundingBox();
      expect((box?.y ?? 999) + (box?.height ?? 0)).toBeLessThanOrEqual(420);
      await room.preview.screenshot(`ask-phone-keyboard-${theme}`);
    } finally {
      await room.preview.close();
    }
  });
});

/** A phone has no folder to read address and key from. */
async function connectByHand({ page, sidecar }: Preview): Promise<void> {
  await page.evaluate(
    async ([url, key]) => {
      const { app, plugin, setup } = window.preview;
      app.secretStorage.setSecret("sidecar-key", key);
      const kept = JSON.stringify({ connection: { mode: "manual", url, trustPlain: true } });
      await app.vault.adapter.mkdir(`.obsidian/plugins/${setup.manifest.id}`);
      await app.vault.adapter.write(`.obsidian/plugins/${setup.manifest.id}/data.json`, kept);
      await (plugin as unknown as { onExternalSettingsChange(): Promise<void> }).onExternalSettingsChange();
    },
    [sidecar.url ?? "", sidecar.token ?? ""] as const,
  );
}
