/** Related notes, search by meaning and missing links, in the page, on the demonstration vault, with a real server. */
import { fileURLToPath } from "node:url";
import type { Locator } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { textsFor } from "../src/core/texts/texts";
import { cannotRun, openPreview, type Preview } from "./preview";

const LANGUAGES = ["en", "pt", "es", "it", "fr"] as const;
const MOD = "Control";

describe.skipIf(cannotRun !== null)("notes in the page", () => {
  let preview: Preview;
  beforeAll(async () => {
    preview = await openPreview();
    await preview.sidecar.ready();
    // The answer for a note that is not indexed.
    preview.expected.push(/status of 404/);
  });
  afterAll(() => preview?.close());
  afterEach(async () => {
    await preview.page.unrouteAll({ behavior: "ignoreErrors" });
    await preview.page.keyboard.press("Escape");
  });

  const row = (name: string): Locator => preview.page.locator(".sidecar-related-row", { has: preview.page.getByRole("link", { name: new RegExp(`^${name}`) }) });
  const open = (name: string): Locator => row(name).locator(".sidecar-related-open");
  const editor = (): Locator => preview.page.locator(".mod-root .cm-content:visible");
  const heading = (): Locator => preview.page.locator(".sidecar-related-heading");
  const hits = (): Locator => preview.page.locator(".sidecar-search-option.is-hit");
  const best = (title: string): Promise<void> => hits().first().locator(".sidecar-hit-title", { hasText: title }).waitFor();
  const field = (): Locator => preview.page.getByRole("combobox", { name: textsFor("en")("search.title") });
  /** Make a note, and wait until the server has it and the view follows it. */
  async function write(path: string, text: string): Promise<void> {
    await preview.page.evaluate(
      async ([name, content]) => {
        const { vault } = window.preview.app;
        const file = vault.getFileByPath(name);
        if (file === null) await vault.create(name, content);
        else await vault.modify(file, content);
      },
      [path, text] as const,
    );
    const lines = text.split("\n").filter((line) => line !== "" && !/^(---|#|of: )/.test(line));
    const known = async (): Promise<boolean> => {
      const answer = await fetch(`${preview.sidecar.url}/vault/notes/${encodeURIComponent(path)}`, { headers: { Authorization: `Bearer ${preview.sidecar.token}` } });
      const { chunks = [] } = (await answer.json()) as { chunks?: { text: string }[] };
      const indexed = chunks.map((chunk) => chunk.text).join("\n");
      return answer.ok && lines.every((line) => indexed.includes(line.trim()));
    };
    await expect.poll(known, { timeout: 20_000 }).toBe(true);
    await preview.openNote(path);
  }
  async function related(path: string): Promise<void> {
    await preview.openNote(path);
    await preview.runCommand("open-related");
    await heading().getByText(path.replace(/^.*\/|\.md$/g, ""), { exact: true }).waitFor();
    await preview.page.locator(".sidecar-related-row").first().waitFor();
    await preview.page.locator('.sidecar-related-body[aria-busy="false"]').waitFor();
  }
  async function search(words: string): Promise<void> {
    if (!(await field().isVisible())) await preview.runCommand("search-notes");
    await field().fill(words);
  }

  describe("related notes", () => {
    it("follow the note that is open", async () => {
      await related("House/Boiler.md");
      await open("Warranties").waitFor();
      await preview.openNote("Recipes/Sourdough starter.md");
      await heading().getByText("Sourdough starter").waitFor();
      await open("Pane di Altamura").waitFor();
    });

    it("tell which are linked, and from where, and hide them on request", async () => {
      await related("House/Boiler.md");
      await row("Warranties").getByText("linked both ways").waitFor();
      await row("2025-03-03").getByText("links here").waitFor();
      const hide = preview.page.getByRole("button", { name: "Hide notes that are linked" });
      await hide.click();
      await expect.poll(() => open("Warranties").count()).toBe(0);
      expect(await hide.getAttribute("aria-pressed")).toBe("true");
      expect(await preview.page.locator(".sidecar-related-mark").count()).toBe(0);
      await hide.click();
      await open("Warranties").waitFor();
    });

    it("follow what is written in the note, and mark a link as soon as it is saved", async () => {
      await write("Scratch.md", "# Scratch\n\nRadiators and the diverter valve of the heating.\n");
      await related("Scratch.md");
      await open("Boiler").waitFor();
      const nearest = async (): Promise<string[]> => (await preview.page.locator(".sidecar-related-name").allInnerTexts()).slice(0, 3);
      expect(await nearest()).not.toContain("Ruches");
      await preview.select([2, 0], [2, 60]);
      await preview.page.keyboard.type("La récolte de miel de châtaignier, les ruches et la reine. See [[Boiler]].");
      await expect.poll(nearest, { timeout: 15_000 }).toContain("Ruches");
      await row("Boiler").getByText("linked", { exact: true }).waitFor();
    });

    it("stay with a note that is pinned", async () => {
      await related("House/Boiler.md");
      const pin = preview.page.getByRole("button", { name: "Stay on this note" });
      await pin.click();
      await preview.openNote("Recipes/Caldo verde.md");
      await preview.page.waitForTimeout(400);
      expect(await heading().innerText()).toBe("Boiler");
      await pin.click();
      await heading().getByText("Caldo verde").waitFor();
    });

    it("say why, with the words that both have marked", async () => {
      await related("House/Boiler.md");
      await row("Warranties").getByRole("button", { name: "Why “Warranties”?" }).click();
      await row("Warranties").getByText("Words in both: boiler").waitFor();
      expect(await row("Warranties").locator("mark").allInnerTexts()).toContain("valve");
    });

    it("open by a click, in a new tab with the modifier or the middle button", async () => {
      const tabs = preview.page.locator(".mod-root .workspace-tab-header");
      await related("House/Boiler.md");
      const before = await tabs.count();
      await open("Warranties").click({ modifiers: [MOD] });
      await expect.poll(() => tabs.count()).toBe(before + 1);
      await related("House/Boiler.md");
      await open("Router").click({ button: "middle" });
      await expect.poll(() => tabs.count()).toBe(before + 2);
      await related("House/Boiler.md");
      await open("Warranties").click();
      await heading().getByText("Warranties").waitFor();
      expect(await tabs.count()).toBe(before + 2);
    });

    it("are gone through with the arrow keys, opened up, and inserted without the mouse", async () => {
      await write("Scratch.md", "# Scratch\n\nThe boiler and its radiators.\n");
      await related("Scratch.md");
      await preview.select([2, 29]);
      const first = preview.page.locator(".sidecar-related-open").first();
      const second = preview.page.locator(".sidecar-related-open").nth(1);
      await first.focus();
      await preview.page.keyboard.press("ArrowDown");
      expect(await second.evaluate((element) => element === document.activeElement && element.tabIndex === 0)).toBe(true);
      expect(await first.evaluate((element: HTMLElement) => element.tabIndex)).toBe(-1);
      await preview.page.keyboard.press("ArrowRight");
      expect(await preview.page.locator(".sidecar-related-more").nth(1).isVisible()).toBe(true);
      await preview.page.keyboard.press("ArrowLeft");
      await preview.page.keyboard.press("Home");
      const name = await first.locator(".sidecar-related-name").innerText();
      await preview.page.keyboard.press("Alt+Enter");
      expect(await preview.editorText()).toContain(`The boiler and its radiators.[[${name}]]`);
      expect(await editor().evaluate((element) => element === document.activeElement)).toBe(true);
    });

    it("are inserted by a button, with a selection as what is shown", async () => {
      await write("Scratch.md", "# Scratch\n\nThe heating and its radiators.\n");
      await related("Scratch.md");
      await preview.select([2, 4], [2, 11]);
      await row("Boiler").getByRole("button", { name: "Insert link to “Boiler”" }).click();
      expect(await preview.editorText()).toContain("The [[Boiler|heating]] and its radiators.");
    });

    it("are dragged into the note as wikilinks", async () => {
      await write("Scratch.md", "The boiler, and its radiators.");
      await related("Scratch.md");
      await open("Boiler").dragTo(editor(), { targetPosition: { x: 300, y: 12 } });
      await expect.poll(() => preview.editorText()).toContain("[[Boiler]]");
      expect((await preview.editorText()).replace("[[Boiler]]", "")).toBe("The boiler, and its radiators.");
    });

    it("have a menu that copies the link, and a preview of the page", async () => {
      await related("House/Boiler.md");
      await open("Warranties").click({ button: "right" });
      await preview.page.getByText("Copy link").click();
      await expect.poll(() => preview.page.evaluate(() => navigator.clipboard.readText())).toBe("[[Warranties]]");
      await preview.page.keyboard.down(MOD);
      await open("Warranties").hover();
      await preview.page.locator(".hover-popover").waitFor();
      await preview.page.keyboard.up(MOD);
      await preview.page.mouse.move(5, 5);
    });

    it("are chosen from in a command, to insert a link where the cursor is", async () => {
      await write("Scratch.md", "# Scratch\n\nThe boiler, the radiators.\n");
      await preview.select([2, 26]);
      await preview.runCommand("insert-related-link");
      await preview.page.locator(".prompt-input").fill("boil");
      await preview.page.keyboard.press("Enter");
      await expect.poll(() => preview.editorText()).toContain("the radiators.[[Boiler]]");
    });

    it("say why a note has none, and lead to what is known of it", async () => {
      await preview.openNote("Private/Diary.md");
      await preview.runCommand("open-related");
      await preview.page.getByText("This note isn’t in Sidecar’s index").waitFor();
      await preview.page.getByText("private: true").first().waitFor();
      await preview.page.locator(".sidecar-related").getByRole("button", { name: "Why is this note not found?" }).click();
      await preview.page.locator(".modal").getByText("left out on purpose").waitFor();
    });
  });

  describe("search", () => {
    it("shows a note in a right-to-left script from the right", async () => {
      await write("Hebrew.md", "# Hebrew\n\nהדוד בבית צריך טיפול פעם בשנה.\n");
      await search("הדוד בבית");
      await best("Hebrew");
      const [first = 0, last = 0] = await hits().first().locator(".sidecar-hit-snippet").evaluate((snippet) => {
        const walker = document.createTreeWalker(snippet, NodeFilter.SHOW_TEXT);
        const texts: Text[] = [];
        while (walker.nextNode() !== null) texts.push(walker.currentNode as Text);
        const left = (text: Text | undefined, at: number): number => {
          const range = document.createRange();
          if (text !== undefined) range.setStart(text, at), range.setEnd(text, at + 1);
          return range.getBoundingClientRect().left;
        };
        return [left(texts[0], 0), left(texts.at(-1), (texts.at(-1)?.length ?? 1) - 1)];
      });
      // The full stop stands at the left end of a line that begins at the right.
      expect(last).toBeLessThan(first);
    });

    it("finds while one types, with the words marked, and opens at the heading", async () => {
      await preview.runCommand("search-notes");
      await preview.page.keyboard.type("gate code of the hut", { delay: 15 });
      await best("Cabin");
      expect(await hits().first().locator("mark").allInnerTexts()).toContain("gate");
      expect(await preview.page.locator(".sidecar-search-status").innerText()).toMatch(/results in \d+\sms/);
      await preview.page.keyboard.press("Enter");
      await expect.poll(() => preview.page.locator(".mod-root [data-marked-line]:visible").first().getAttribute("data-marked-line")).toBe("## Getting in");
    });

    it("completes operators from the vault, and narrows by them", async () => {
      await search("#hou");
      await preview.page.locator(".is-completion", { hasText: "house" }).waitFor();
      await preview.page.keyboard.press("Tab");
      expect(await field().inputValue()).toBe("#house ");
      await hits().first().waitFor();
      expect(new Set(await preview.page.locator(".sidecar-hit-title").allInnerTexts())).toEqual(new Set(["Boiler", "Warranties", "Router"]));
      await field().fill("");
      await preview.page.keyboard.type("path:rec");
      await preview.page.keyboard.press("Enter");
      expect(await field().inputValue()).toBe("path:Recipes/ ");
      await hits().first().getByText("Recipes").waitFor();
      await field().fill("");
      await preview.page.keyboard.type("[stat");
      await preview.page.keyboard.press("Tab");
      await preview.page.keyboard.type("rec");
      await preview.page.keyboard.press("Tab");
      expect(await field().inputValue()).toBe("[status:recording] ");
      await best("Lighthouse podcast");
      await field().fill("");
      await preview.page.keyboard.type("[[cab");
      await preview.page.keyboard.press("Tab");
      expect(await field().inputValue()).toBe("[[Cabin]] ");
    });

    it("never shows an answer that is not of the newest query, and keeps the last one until then", async () => {
      await search("ruches");
      await best("Ruches");
      let held = 0;
      await preview.page.route(/\/vault\/search$/, async (route) => {
        if (route.request().postData()?.includes("boiler") === true) {
          held += 1;
          await new Promise((done) => setTimeout(done, 1500));
        }
        await route.continue().catch(() => undefined);
      });
      await field().fill("boiler");
      await expect.poll(() => held).toBe(1);
      expect(await preview.page.locator(".sidecar-search-status.is-searching").count()).toBe(1);
      expect(await hits().first().innerText()).toContain("Ruches");
      await field().fill("sourdough");
      await best("Sourdough starter");
      await preview.page.waitForTimeout(1700);
      expect(await hits().first().innerText()).toContain("Sourdough starter");
    });

    it("opens in a new tab, inserts a link, and remembers what was searched for", async () => {
      await write("Scratch.md", "Here: ");
      await preview.select([0, 6]);
      await search("gate code of the hut");
      await best("Cabin");
      await preview.page.keyboard.press("Alt+Enter");
      await expect.poll(() => preview.editorText()).toBe("Here: [[Cabin#Getting in]]");
      const tabs = preview.page.locator(".mod-root .workspace-tab-header");
      const before = await tabs.count();
      await preview.runCommand("search-notes");
      await preview.page.locator(".is-recent", { hasText: "gate code of the hut" }).click();
      await best("Cabin");
      await preview.page.keyboard.press(`${MOD}+Enter`);
      await expect.poll(() => tabs.count()).toBe(before + 1);
    });

    it("searches for a selection by its words", async () => {
      await write("Scratch.md", "The #gate [[Cabin|hut]] code");
      await preview.select([0, 0], [0, 28]);
      await preview.runCommand("search-selection");
      expect(await field().inputValue()).toBe("The gate hut code");
      await best("Cabin");
    });

    it("says how hits were found, and when there are none", async () => {
      await search("valve");
      await hits().first().waitFor();
      await preview.page.getByRole("button", { name: "Show why" }).click();
      await hits().first().getByText(/score \d+%/).waitFor();
      await field().fill("#nosuchtag");
      await preview.page.getByText("Nothing found.").waitFor();
      expect(await hits().count()).toBe(0);
    });
  });

  describe("missing links", () => {
    const TEXT = "---\nof: Boiler\n---\n# Ideas\n\nThe Boiler clicks again. `Boiler` in code.\nClaire Moreau asked for the sourdough starter, see [[Router]].\n";
    const box = (name: string): Locator => preview.page.locator(".sidecar-links-suggestion", { has: preview.page.locator(".sidecar-links-name", { hasText: name }) }).getByRole("checkbox");
    const apply = (): Locator => preview.page.getByRole("button", { name: /^Insert \d+ link/ });
    async function find(text = TEXT): Promise<void> {
      await write("Ideas.md", text);
      await preview.runCommand("find-links");
      await preview.page.locator(".sidecar-links-suggestion").first().waitFor();
    }

    it("are proposed where the text names notes, shown as what will change, inserted, and undone", async () => {
      await find();
      await expect.poll(() => box("Claire Moreau").isChecked()).toBe(true);
      expect(await box("Router").count()).toBe(0);
      await box("Sourdough starter").check();
      await box("Boiler").check();
      const added = preview.page.locator(".sidecar-difference ins");
      await expect.poll(async () => (await added.allInnerTexts()).join(" ")).toContain("Sourdough starter");
      await preview.screenshot("notes-links");
      await apply().click();
      const linked = "---\nof: Boiler\n---\n# Ideas\n\nThe [[Boiler]] clicks again. `Boiler` in code.\n[[Claire Moreau]] asked for the [[Sourdough starter|sourdough starter]], see [[Router]].\n";
      await expect.poll(() => preview.noteText("Ideas.md")).toContain(linked.trimEnd());
      await preview.page.getByRole("button", { name: "Undo" }).click();
      await expect.poll(() => preview.noteText("Ideas.md")).toBe(TEXT);
      expect((await preview.noticeTexts()).at(-1)).toBe("The links were taken out again");
    });

    it("go into a list at the end where the text has no words for them", async () => {
      await find("# Ideas\n\nThe radiators were bled; the diverter valve was replaced in November, the heating works. The gas pressure is 1.4 bar.\n");
      for (const each of await preview.page.locator(".sidecar-links-suggestion input:checked").all()) await each.uncheck();
      await preview.page.locator(".sidecar-links-suggestion", { hasText: "In a list at the end" }).first().getByRole("checkbox").check();
      await apply().click();
      await expect.poll(() => preview.noteText("Ideas.md")).toMatch(/1\.4 bar\.\n\n## Related notes\n\n- \[\[[^\]]+\]\]\n$/);
    });

    it("are not inserted into a note that has changed meanwhile, and are proposed anew", async () => {
      await find();
      await expect.poll(() => box("Claire Moreau").isChecked()).toBe(true);
      const other = `${TEXT}Added by another program.\n`;
      await preview.page.evaluate(async (text) => {
        const { vault } = window.preview.app;
        const file = vault.getFileByPath("Ideas.md");
        if (file !== null) await vault.modify(file, text);
      }, other);
      await apply().click();
      await preview.page.getByText("The note has changed in the meantime").waitFor();
      expect(preview.noteText("Ideas.md")).toBe(other);
      await apply().click();
      await expect.poll(() => preview.noteText("Ideas.md")).toContain("[[Claire Moreau]]");
      expect(preview.noteText("Ideas.md")).toContain("Added by another program.");
    });

    it("are not taken out of a note that has changed since", async () => {
      await find();
      await expect.poll(() => box("Claire Moreau").isChecked()).toBe(true);
      await apply().click();
      await expect.poll(() => preview.noteText("Ideas.md")).toContain("[[Claire Moreau]]");
      await preview.page.evaluate(async () => {
        const { vault } = window.preview.app;
        const file = vault.getFileByPath("Ideas.md");
        if (file !== null) await vault.process(file, (text) => `${text}More.\n`);
      });
      await preview.page.locator(".notice").last().getByRole("button", { name: "Undo" }).click();
      await expect.poll(async () => (await preview.noticeTexts()).at(-1)).toContain("The note has changed since");
      expect(preview.noteText("Ideas.md")).toContain("[[Claire Moreau]]");
    });

    it("offer nothing to insert where nothing stands out", async () => {
      await write("Zzkqx.md", "\n");
      await preview.runCommand("find-links");
      await preview.page.getByText("No note stands out that should be linked from here").waitFor();
      expect(await apply().count()).toBe(0);
      expect(await preview.page.locator(".sidecar-links").getByRole("button", { name: "Cancel" }).isVisible()).toBe(true);
    });

    it("count what is typed and not saved yet", async () => {
      await write("Ideas.md", "# Ideas\n");
      await preview.select([1, 0]);
      await preview.page.keyboard.type("Giulia Ferri bakes.");
      await preview.runCommand("find-links");
      await expect.poll(() => box("Giulia Ferri").isChecked()).toBe(true);
      await apply().click();
      await expect.poll(() => preview.noteText("Ideas.md")).toContain("[[Giulia Ferri]] bakes.");
      expect(await preview.editorText()).toContain("[[Giulia Ferri]] bakes.");
    });
  });

  describe("the notes with the most missing links", () => {
    it("are listed while they are looked for, and lead to what is missing", async () => {
      await preview.runCommand("find-missing-links");
      await preview.page.locator(".sidecar-links-told").getByText(/^\d+ notes looked at/).waitFor();
      const found = preview.page.locator(".sidecar-links-found");
      const counts = (await found.locator(".sidecar-links-score").allInnerTexts()).map((text) => parseInt(text, 10));
      expect(counts.length).toBeGreaterThan(3);
      expect(counts).toEqual([...counts].sort((a, b) => b - a));
      await preview.screenshot("notes-scan");
      expect(await preview.axe(".sidecar-links")).toEqual([]);
      await found.first().click();
      await preview.page.locator(".sidecar-links-suggestion").first().waitFor();
      await preview.page.keyboard.press("Escape");
      await preview.page.keyboard.press("Escape");
    });
  });

  describe("how it looks", () => {
    it.each(["light", "dark"] as const)("has nothing that axe finds wrong, %s", async (theme) => {
      await preview.reopen({ theme });
      await related("House/Boiler.md");
      await row("Warranties").getByRole("button", { name: /^Why/ }).click();
      await preview.screenshot(`notes-related-${theme}`);
      expect(await preview.axe(".sidecar-related")).toEqual([]);
      await search("the valve clicks #house");
      await hits().first().waitFor();
      await preview.screenshot(`notes-search-${theme}`);
      expect(await preview.axe(".sidecar-search")).toEqual([]);
      await preview.page.keyboard.press("Escape");
      await write("Ideas.md", "# Ideas\n\nClaire Moreau and the Boiler, once more.\n");
      await preview.runCommand("find-links");
      await preview.page.locator(".sidecar-difference ins").first().waitFor();
      await preview.screenshot(`notes-links-${theme}`);
      expect(await preview.axe(".sidecar-links")).toEqual([]);
    });

    it.each(LANGUAGES)("speaks %s", async (language) => {
      const texts = textsFor(language);
      await preview.reopen({ language });
      await related("House/Boiler.md");
      await preview.page.getByText(texts("related.linked.both")).first().waitFor();
      await preview.runCommand("search-notes");
      const named = preview.page.getByRole("combobox", { name: texts("search.title") });
      await named.fill("#nosuchtag");
      await preview.page.getByText(texts("search.nothing")).waitFor();
      await preview.screenshot(`notes-search-${language}`);
      await preview.page.keyboard.press("Escape");
      await write("Ideas.md", "# Ideas\n\nClaire Moreau.\n");
      await preview.runCommand("find-links");
      await preview.page.getByRole("button", { name: texts("links.apply", { count: 1 }), exact: true }).waitFor();
    });
  });

  describe("without the server", () => {
    it("says so everywhere, still finds names to link, and goes on by itself when it is back", async () => {
      await preview.reopen();
      await related("House/Boiler.md");
      await write("Ideas.md", "# Ideas\n\nClaire Moreau.\n");
      await preview.sidecar.stop();
      await preview.openNote("House/Router.md");
      await preview.page.locator(".sidecar-related").getByText("Sidecar isn’t running").waitFor({ timeout: 30_000 });
      await preview.screenshot("notes-offline");
      await search("boiler");
      await preview.page.locator(".sidecar-search-status").getByText("Sidecar isn’t running. Start it").waitFor();
      await preview.page.keyboard.press("Escape");
      await preview.openNote("Ideas.md");
      await preview.runCommand("find-links");
      await preview.page.getByText("Only notes that the text names are listed.").waitFor();
      await preview.page.getByRole("button", { name: "Insert 1 link" }).click();
      await expect.poll(() => preview.noteText("Ideas.md")).toContain("[[Claire Moreau]]");
      await preview.sidecar.start();
      await preview.openNote("House/Boiler.md");
      await preview.page.getByRole("button", { name: "Look again" }).click();
      await open("Warranties").waitFor({ timeout: 30_000 });
      await preview.sidecar.stop();
      await search("boiler");
      await preview.page.locator(".sidecar-search-status").getByText("Sidecar isn’t running").waitFor();
      await preview.sidecar.start();
      await hits().first().waitFor({ timeout: 60_000 });
    });
  });
});

describe.skipIf(cannotRun !== null)("a server with several vaults", () => {
  it("is searched in this one only, which is said", async () => {
    const other = fileURLToPath(new URL("../../tests/vaults/docs-tree", import.meta.url));
    const preview = await openPreview({ sidecar: { args: [other] } });
    try {
      await preview.sidecar.ready();
      await preview.runCommand("search-notes");
      await preview.page.getByRole("combobox").last().fill("notes");
      await preview.page.locator(".sidecar-search-status").getByText("only in the vault “demo”").waitFor();
      const paths = await preview.page.evaluate(() => window.preview.app.vault.getMarkdownFiles().map((file) => file.basename));
      await preview.page.locator(".is-hit").first().waitFor();
      for (const title of await preview.page.locator(".sidecar-hit-title").allInnerTexts()) expect(paths).toContain(title);
    } finally {
      await preview.close();
    }
  });
});

describe.skipIf(cannotRun !== null)("notes on a phone", () => {
  it("fit 390 px, with nothing that axe finds wrong", async () => {
    const preview = await openPreview({ mobile: true });
    try {
      await preview.sidecar.ready();
      await connectByHand(preview);
      await preview.openNote("House/Boiler.md");
      await preview.runCommand("search-notes");
      await preview.page.getByRole("combobox").last().fill("the valve clicks");
      await preview.page.locator(".sidecar-search-option.is-hit").first().waitFor();
      await preview.screenshot("notes-search-390");
      expect(await preview.axe(".sidecar-search")).toEqual([]);
      expect(await preview.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
      expect((await preview.page.locator(".sidecar-search").boundingBox())?.width).toBeLessThanOrEqual(390);
      await preview.page.keyboard.press("Escape");
      await preview.runCommand("open-related");
      await preview.page.locator(".sidecar-related-row").first().waitFor();
      await preview.screenshot("notes-related-390");
      expect(await preview.axe(".sidecar-related")).toEqual([]);
      await preview.openNote("Daily/2025-03-10.md");
      await preview.runCommand("find-links");
      await preview.page.locator(".sidecar-links-suggestion").first().waitFor();
      await preview.page.locator(".sidecar-links-suggestion input").first().check();
      await preview.screenshot("notes-links-390");
      expect((await preview.page.locator(".sidecar-links").boundingBox())?.width).toBeLessThanOrEqual(390);
    } finally {
      await preview.close();
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
