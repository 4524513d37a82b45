/** What the stand-in promises, tried through a small plugin. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cannotRun, openPreview, type Preview } from "./preview";

describe.skipIf(cannotRun !== null)("the stand-in", () => {
  let preview: Preview;
  beforeAll(async () => {
    preview = await openPreview({ entry: "browser/trial_plugin.ts" });
  });
  afterAll(() => preview?.close());

  it("opens a view at the side by a command, shows status and notices", async () => {
    await preview.runCommand("open");
    await preview.page.getByText("Trial view").waitFor();
    expect(await preview.statusBarText()).toContain("Trial: ready");
    await preview.page.getByRole("button", { name: "Trial", exact: true }).click();
    expect(await preview.noticeTexts()).toContain("Pressed");
  });

  it("undoes one transaction in one step, typing in one, and neither with the other", async () => {
    await preview.openNote("House/Boiler.md");
    const before = await preview.editorText();
    await preview.select([0, 0]);
    await preview.page.keyboard.type("typed ");
    const states = await preview.page.evaluate(() => {
      const editor = window.preview.app.workspace.activeEditor!.editor;
      editor.transaction({ changes: [{ from: { line: 0, ch: 0 }, text: "one " }, { from: { line: 0, ch: 0 }, to: { line: 0, ch: 0 }, text: "two " }] });
      const found = [editor.getLine(0)];
      editor.undo();
      found.push(editor.getLine(0));
      editor.undo();
      found.push(editor.getValue());
      editor.redo();
      found.push(editor.getLine(0));
      editor.undo();
      return found;
    });
    const line = before.split("\n")[0];
    expect(states).toEqual([`one two typed ${line}`, `typed ${line}`, before, `typed ${line}`]);
  });

  it("keeps to a plain text's own rules through 300 random changes, and back and forth through its history", async () => {
    await preview.openNote("House/Router.md");
    const odd = await preview.page.evaluate(() => {
      const editor = window.preview.app.workspace.activeEditor!.editor;
      let seed = 7;
      const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
      const start = editor.getValue();
      let model = start;
      for (let round = 0; round < 300; round += 1) {
        const from = random(model.length + 1);
        const to = Math.min(model.length, from + random(12));
        const text = ["", "x", "\n", "água\n\n", "👍", "aa"][random(6)]!;
        const [a, b] = [editor.offsetToPos(from), editor.offsetToPos(to)];
        if (random(3) === 0) editor.transaction({ changes: [{ from: a, to: b, text }] });
        else if (random(2) === 0) editor.replaceRange(text, a, b);
        else {
          editor.setSelection(a, b);
          editor.replaceSelection(text);
        }
        model = model.slice(0, from) + text + model.slice(to);
        if (editor.getValue() !== model) return `round ${round}`;
      }
      for (let step = 0; step < 400; step += 1) editor.undo();
      if (editor.getValue() !== start) return "undo";
      for (let step = 0; step < 400; step += 1) editor.redo();
      return editor.getValue() === model ? "" : "redo";
    });
    expect(odd).toBe("");
  });

  it("types with Enter and deletes in CodeMirror", async () => {
    await preview.openNote("Places/Cabin.md");
    const before = await preview.editorText();
    await preview.select([0, 0]);
    await preview.page.keyboard.type("ab");
    await preview.page.keyboard.press("Enter");
    await preview.page.keyboard.type("cx");
    await preview.page.keyboard.press("Backspace");
    await expect.poll(() => preview.editorText()).toBe(`ab\nc${before}`);
  });

  it("undoes with the keyboard what a command did to the selection", async () => {
    await preview.openNote("House/Boiler.md");
    const before = await preview.editorText();
    const length = (before.split("\n")[4] ?? "").length;
    await preview.select([4, 0], [4, length]);
    await preview.runCommand("upper");
    expect(await preview.editorText()).not.toBe(before);
    await preview.page.keyboard.press("Control+z");
    expect(await preview.editorText()).toBe(before);
  });

  it("writes through Vault.process to the folder and into the open editor, keeping what is unsaved there", async () => {
    await preview.openNote("People/Jonas Weber.md");
    const before = await preview.editorText();
    await preview.page.evaluate(async () => {
      const { app } = window.preview;
      const editor = app.workspace.activeEditor!.editor;
      editor.replaceRange("unsaved\n", { line: editor.lastLine(), ch: 0 });
      await app.vault.process(app.vault.getFileByPath("People/Jonas Weber.md")!, (text) => `first\n${text}`);
    });
    expect(preview.noteText("People/Jonas Weber.md")).toBe(`first\n${before}`);
    const text = await preview.editorText();
    expect(text.startsWith("first\n")).toBe(true);
    expect(text).toContain("unsaved\n");
    await expect.poll(() => preview.noteText("People/Jonas Weber.md"), { timeout: 5000 }).toContain("unsaved\n");
  });

  it("creates, renames and bins, tells who listens, and refuses what is there or has no folder", async () => {
    const told = await preview.page.evaluate(async () => {
      const { vault, fileManager } = window.preview.app;
      const heard: string[] = [];
      const ours = (path: string): boolean => /Newe?r?\.md$/.test(path);
      for (const name of ["create", "modify", "rename", "delete"]) vault.on(name, (file: { path: string }) => ours(file.path) && heard.push(`${name} ${file.path}`));
      const file = await vault.create("New.md", "one");
      await vault.append(file, " two");
      await vault.rename(file, "House/Newer.md");
      const refusals = await Promise.all([vault.create("House/Newer.md", ""), vault.create("Nowhere/x.md", ""), vault.process(file, () => { throw new Error("mine"); })].map((one) => Promise.resolve(one).then(() => "no", (error: Error) => error.message)));
      await fileManager.trashFile(file);
      return { heard, refusals };
    });
    expect(told.heard).toEqual(["create New.md", "modify New.md", "rename House/Newer.md", "delete House/Newer.md"]);
    expect(told.refusals).toEqual(["File already exists.", expect.stringContaining("ENOENT"), "mine"]);
    expect(preview.noteText(".trash/Newer.md")).toBe("one two");
  });

  it("knows links, headings, tags and frontmatter, and resolves and writes links as Obsidian does", async () => {
    const known = await preview.page.evaluate(() => {
      const { vault, metadataCache, fileManager } = window.preview.app;
      const home = vault.getFileByPath("Home.md")!;
      const jonas = vault.getFileByPath("People/Jonas Weber.md")!;
      const cache = metadataCache.getFileCache(home)!;
      return {
        links: cache.links!.map(({ link }) => link),
        headings: cache.headings!.map(({ heading, level }) => [heading, level]),
        tags: window.preview.obsidian.getAllTags(cache),
        aliases: cache.frontmatter!["aliases"],
        resolved: metadataCache.resolvedLinks["Home.md"]!["People/Jonas Weber.md"],
        found: metadataCache.getFirstLinkpathDest("boiler", "Home.md")!.path,
        link: fileManager.generateMarkdownLink(jonas, "Home.md", "#x", "Jonas"),
        place: window.preview.obsidian.resolveSubpath(cache, "#Where things are")!.start.line,
      };
    });
    expect(known).toMatchObject({ aliases: ["Start here", "Index"], resolved: 1, found: "House/Boiler.md", link: "[[Jonas Weber#x|Jonas]]", tags: ["#map"], place: 13 });
    expect(known.links).toContain("Jonas Weber");
    expect(known.headings).toEqual([["Home", 1], ["Where things are", 2]]);
  });

  it("changes properties and leaves the note's body as it is", async () => {
    const before = preview.noteText("Home.md");
    await preview.page.evaluate(async () => {
      const { vault, fileManager } = window.preview.app;
      await fileManager.processFrontMatter(vault.getFileByPath("Home.md")!, (values) => {
        values["tags"] = ["map", "a: b"];
        values["done"] = true;
      });
    });
    const after = preview.noteText("Home.md");
    expect(after).toContain('tags:\n  - map\n  - "a: b"\n');
    expect(after.slice(after.indexOf("# Home"))).toBe(before.slice(before.indexOf("# Home")));
  });

  it("opens a link at its heading and marks it", async () => {
    // What earlier tests wrote into the note is in the metadata a moment later; until then headings stand where they stood.
    const marked = async (): Promise<string | null> => {
      await preview.page.evaluate(() => window.preview.app.workspace.openLinkText("Home#Where things are", ""));
      return preview.page.locator(".mod-root [data-marked-line]:visible").getAttribute("data-marked-line");
    };
    await expect.poll(marked, { timeout: 15_000 }).toBe("## Where things are");
    expect(await preview.page.evaluate(() => window.preview.app.workspace.activeEditor!.editor.getSelection())).toBe("## Where things are");
  });

  it("shows a preview of the note behind a hovered link", async () => {
    await preview.runCommand("open");
    await preview.page.locator(".trial-link").hover();
    const popover = preview.page.locator(".hover-popover");
    await popover.waitFor();
    expect(await popover.getAttribute("data-path")).toBe("House/Boiler.md");
    await preview.page.mouse.move(5, 5);
    await popover.waitFor({ state: "detached" });
  });

  it("gives side views no active editor but still the active file", async () => {
    await preview.openNote("Home.md");
    const seen = await preview.page.evaluate(async () => {
      const { workspace } = window.preview.app;
      workspace.setActiveLeaf(workspace.getLeavesOfType("trial")[0]!);
      return [workspace.activeEditor === null, workspace.getActiveFile()?.path, workspace.getMostRecentLeaf()?.view.getViewType()];
    });
    expect(seen).toEqual([true, "Home.md", "markdown"]);
  });

  it("opens the settings, saves what is set to data.json, and closes with Escape", async () => {
    await preview.openSettings();
    await preview.page.locator(".checkbox-container").click();
    await expect.poll(() => preview.savedData()).toEqual({ on: true });
    await preview.page.keyboard.press("Escape");
    await preview.page.locator(".mod-settings").waitFor({ state: "detached" });
  });

  it("keeps secrets apart from data", async () => {
    await preview.page.evaluate(() => window.preview.app.secretStorage.setSecret("a-key", "s3cret"));
    expect(await preview.page.evaluate(() => window.preview.app.secretStorage.getSecret("a-key"))).toBe("s3cret");
    expect(JSON.stringify(preview.savedData())).not.toContain("s3cret");
    await expect(preview.page.evaluate(() => window.preview.app.secretStorage.setSecret("A key", "x"))).rejects.toThrow("Secret ID");
  });

  it("offers commands in the palette, with the keyboard alone", async () => {
    await preview.page.keyboard.press("Control+p");
    await preview.page.keyboard.type("open the");
    await preview.page.locator(".suggestion-item.is-selected").filter({ hasText: "Open the view" }).waitFor();
    await preview.page.keyboard.press("Escape");
    await preview.page.locator(".prompt").waitFor({ state: "detached" });
  });

  it("moves through a menu with arrows and gives the focus back", async () => {
    await preview.page.evaluate(() => {
      const { Menu } = window.preview.obsidian;
      const menu = new Menu();
      for (const title of ["First", "Second"]) menu.addItem((item) => item.setTitle(title).onClick(() => document.body.setAttribute("data-chosen", title)));
      menu.showAtPosition({ x: 50, y: 50 });
    });
    await preview.page.keyboard.press("ArrowDown");
    await preview.page.keyboard.press("Enter");
    expect(await preview.page.locator("body").getAttribute("data-chosen")).toBe("Second");
    expect(await preview.page.locator(".menu").count()).toBe(0);
  });

  it("says which member is missing", async () => {
    const message = (code: string): Promise<string> => preview.page.evaluate((text) => {
      try {
        return String(new Function("preview", `return ${text}`)(window.preview));
      } catch (error) {
        return (error as Error).message;
      }
    }, code);
    expect(await message("preview.app.plugins")).toContain('member "plugins" on App');
    expect(await message("preview.app.vault.readRaw")).toContain('member "readRaw" on Vault < Events');
    expect(await message("preview.plugin.registerBasesView")).toContain('member "registerBasesView" on TrialPlugin < Plugin');
    expect(await message("preview.require('obsidian').moment")).toContain("moment");
    expect(await message("preview.obsidian.Platform.isChromeOS")).toContain("isChromeOS");
  });

  it("reads the data folder as Node does, and nothing else of the disk", async () => {
    const read = (path: string): Promise<string> => preview.page.evaluate((name) => (window as unknown as { require(n: string): { promises: { readFile(p: string, e: string): Promise<string> } } }).require("fs").promises.readFile(name, "utf8").catch((error: Error & { code?: string }) => error.code ?? error.message), path);
    const { dataDir } = preview.sidecar.machine;
    expect(JSON.parse(await read(join(dataDir, "runtime.json")))).toMatchObject({ token_file: join(dataDir, "token") });
    expect(await read(join(dataDir, "token"))).toBe(readFileSync(join(dataDir, "token"), "utf8"));
    expect(await read("/etc/passwd")).toBe("ENOENT");
    expect(await read(`${dataDir}/../../../demo/Home.md`)).toBe("ENOENT");
  });

  it("lets the page's fetch reach the server as from Obsidian, preflight and stream, and refuses another origin", async () => {
    const { url, token } = preview.sidecar;
    const asked = await preview.page.evaluate(async ([address, key]) => {
      const answer = await fetch(`${address}/vault/status`, { headers: { Authorization: `Bearer ${key}` } });
      return [answer.status, Object.keys((await answer.json()) as object).length > 0];
    }, [url, token] as const);
    expect(asked).toEqual([200, true]);
    const other = await openPreview({ entry: "browser/trial_plugin.ts", origin: "https://example.org" });
    other.expected.push(/CORS/, /40[13]/, /ERR_FAILED/);
    const refused = await other.page.evaluate((address) => fetch(`${address}/vault/status`).then(() => "let in", (error: Error) => error.name), other.sidecar.url);
    expect(refused).toBe("TypeError");
    await other.close();
  });

  it("asks by requestUrl without an origin, whole body at once, and throws for 400 and more", async () => {
    const { url, token } = preview.sidecar;
    const seen = await preview.page.evaluate(async ([address, key]) => {
      const { requestUrl } = window.preview.obsidian;
      const answer = await requestUrl({ url: `${address}/vault/status`, headers: { Authorization: `Bearer ${key}` } });
      const refused = await requestUrl({ url: `${address}/vault/status`, throw: false });
      const thrown = await requestUrl(`${address}/vault/status`).then(() => null, (error: { status: number; message: string }) => [error.status, error.message]);
      const gone = await requestUrl("http://127.0.0.1:9/").then(() => "", (error: Error) => error.message);
      return { status: answer.status, has: "vaults" in (answer.json as object), refused: refused.status, thrown, gone };
    }, [url, token] as const);
    expect(seen).toEqual({ status: 200, has: true, refused: 401, thrown: [401, "Request failed, status 401"], gone: expect.stringContaining("ERR_") });
  });
});

describe.skipIf(cannotRun !== null)("what the harness watches", () => {
  it("blocks and names every request to others", async () => {
    const preview = await openPreview({ entry: "browser/trial_plugin.ts", running: false });
    preview.expected.push(/ERR_BLOCKED_BY_CLIENT/);
    await preview.page.evaluate(async () => {
      await fetch("https://example.org/x").catch(() => undefined);
      document.body.createEl("img", { attr: { src: "https://example.org/pixel.png" } });
      await window.preview.obsidian.requestUrl("https://example.org/y").catch(() => undefined);
    });
    await expect.poll(() => preview.foreign.length).toBe(2);
    await expect(preview.close()).rejects.toThrow(/example\.org\/x[\s\S]*pixel\.png[\s\S]*\/y/);
  });

  it("reports the page's errors at the end", async () => {
    const preview = await openPreview({ entry: "browser/trial_plugin.ts", running: false });
    await preview.page.evaluate(() => void window.setTimeout(() => { throw new Error("lost"); }));
    await expect.poll(() => preview.errors.length).toBe(1);
    await expect(preview.close()).rejects.toThrow("lost");
  });
});

describe.skipIf(cannotRun !== null)("a phone", () => {
  it("has no Node, no place on the disk, and its own origin", async () => {
    const preview = await openPreview({ entry: "browser/trial_plugin.ts", mobile: true, theme: "dark", language: "fr" });
    const facts = await preview.page.evaluate(() => {
      const { Platform, FileSystemAdapter, getLanguage } = window.preview.obsidian;
      return [Platform.isMobile, Platform.isDesktopApp, "require" in window, "process" in window, window.preview.app.vault.adapter instanceof FileSystemAdapter, getLanguage(), window.preview.app.isDarkMode(), window.innerWidth];
    });
    expect(facts).toEqual([true, false, false, false, false, "fr", true, 390]);
    await preview.close();
  });
});
