/** What goes with a question and what stays, and what is done to a note with an answer: with a model that a test plays. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { textsFor } from "../src/core/texts/texts";
import { Room, STARTER } from "./ask_room";
import { cannotRun, openPreview } from "./preview";
import { ScriptedUpstream, type Script } from "./scripted_upstream";

const texts = textsFor("en");

describe.skipIf(cannotRun !== null)("a question in its view", () => {
  let room: Room;
  let upstream: ScriptedUpstream;
  beforeAll(async () => {
    upstream = await ScriptedUpstream.open();
    room = new Room(await openPreview({ sidecar: { args: ["--upstream", upstream.url] } }));
    await room.preview.sidecar.ready();
  });
  beforeEach(() => room.open({}));
  afterEach(async () => {
    upstream.reset();
    await room.page.unrouteAll({ behavior: "ignoreErrors" });
  });
  afterAll(async () => {
    await room?.preview.close();
    await upstream?.close();
  });

  const script = (...steps: Script[]): void => upstream.next(...steps);
  const lastMessage = (): string => upstream.last?.body.messages.at(-1)?.content ?? "";
  const chip = (): Promise<string[]> => room.view.locator(".sidecar-ask-chip-name").allInnerTexts();
  const create = (path: string, text: string): Promise<void> =>
    room.page.evaluate(async ([name, body]) => void (await window.preview.app.vault.create(name, body)), [path, text] as const);
  const select = async (path: string): Promise<void> => {
    await room.preview.openNote(path);
    await room.preview.select([0, 0], [4, 0]);
    await room.preview.runCommand("ask-selection");
  };

  it("has no notes with it when the user wants none", async () => {
    const notes = room.view.getByLabel("Notes", { exact: true });
    await notes.selectOption("never");
    script([{ text: "Feed it." }]);
    await room.asked(STARTER);
    expect(JSON.stringify(upstream.last?.body.messages)).not.toContain("Bertha");
    expect(await room.answers.last().locator(".sidecar-ask-kind").innerText()).toBe(texts("ask.plain"));
    await notes.selectOption("auto");
    script([{ text: "Feed it." }]);
    await room.asked(STARTER);
    expect(JSON.stringify(upstream.last?.body.messages)).toContain("Bertha");
  });

  it("has no selection with it that was taken away, by the keyboard too, nor one of an earlier conversation", async () => {
    await select("Recipes/Sourdough starter.md");
    await expect.poll(chip).toEqual(["Selection in Sourdough starter"]);
    await room.button("Remove Selection in Sourdough starter").focus();
    await room.page.keyboard.press("Enter");
    await expect.poll(chip).toEqual([]);
    // The keyboard stays where the selection was.
    expect(await room.page.evaluate(() => document.activeElement?.getAttribute("data-part"))).toBe("selection");
    script([{ text: "A greeting." }], [{ text: "Another." }]);
    await room.asked("Hello?");
    expect(lastMessage()).not.toContain("Selected in the note");
    await select("Recipes/Sourdough starter.md");
    await room.anew();
    await expect.poll(chip).toEqual([]);
    await room.asked("Hello again?");
    expect(lastMessage()).not.toContain("Selected in the note");
  });

  it("is asked again with the note that it was about, not with the one that is open now", async () => {
    await room.view.getByLabel("Model").selectOption("tiny");
    await room.preview.openNote("House/Boiler.md");
    await room.preview.runCommand("ask-note");
    script([{ text: "A boiler." }], [{ text: "The boiler." }]);
    await room.asked("What is it?");
    expect(lastMessage()).toContain("Vulcano Lifestar");
    await room.preview.openNote("Travel/Train to Porto.md");
    await expect.poll(chip).toEqual(["Train to Porto"]);
    await room.button("Answer again").click();
    await expect.poll(() => room.text.innerText()).toBe("The boiler.");
    expect(lastMessage()).toContain("Vulcano Lifestar");
    expect(lastMessage()).not.toContain("08:39");
    await room.view.getByLabel("Model").selectOption("");
  });

  it("takes no text of a note along that the server has not read: it may say of itself that it is private", async () => {
    await create("Unread.md", "The safe opens with zebra seven.\n");
    // Obsidian still has it, as a note that a sync brought and that the server has not come to.
    rmSync(join(room.preview.vault, "Unread.md"));
    const { url, token } = room.preview.sidecar;
    const known = async (): Promise<string> => ((await (await fetch(`${url}/vault/why?path=Unread.md`, { headers: { Authorization: `Bearer ${token}` } })).json()) as { status: string }).status;
    await expect.poll(known, { timeout: 20_000 }).toBe("unknown");
    await room.view.getByLabel("Model").selectOption("tiny");
    await room.page.evaluate(() => {
      const { obsidian, app: { vault, workspace } } = window.preview;
      const menu = new obsidian.Menu();
      workspace.trigger("file-menu", menu, vault.getFileByPath("Unread.md"), "file-explorer-context-menu");
      menu.showAtPosition({ x: 20, y: 20 });
    });
    await room.page.getByRole("menuitem", { name: texts("ask.command.note") }).click();
    await expect.poll(chip).toEqual(["Unread"]);
    script([{ text: "I do not know." }]);
    await room.asked("What opens the safe?");
    await room.answers.last().getByText(texts("ask.kept_out.unread", { name: "Unread" })).waitFor();
    expect(JSON.stringify(upstream.last?.body.messages)).not.toContain("zebra");
    await room.view.getByLabel("Model").selectOption("");
  });

  it("takes nothing along of a note that got its mark a moment ago", async () => {
    await create("Marked.md", "The safe opens with zebra eight.\n");
    const { url, token } = room.preview.sidecar;
    const known = async (): Promise<string> => ((await (await fetch(`${url}/vault/why?path=Marked.md`, { headers: { Authorization: `Bearer ${token}` } })).json()) as { status: string }).status;
    await expect.poll(known, { timeout: 20_000 }).toBe("indexed");
    await room.view.getByLabel("Model").selectOption("tiny");
    await select("Marked.md");
    await expect.poll(chip).toEqual(["Selection in Marked"]);
    script([{ text: "I do not know." }]);
    await room.page.evaluate(() => {
      const { app, obsidian } = window.preview;
      const views = app.workspace.getLeavesOfType("markdown").map((leaf) => leaf.view);
      for (const view of views) if (view instanceof obsidian.MarkdownView && view.file?.path === "Marked.md") view.editor.replaceRange("---\nsidecar: local\n---\n\n", { line: 0, ch: 0 });
    });
    await room.asked("What opens the safe?");
    await room.answers.last().getByText(/Marked (has a mark|stays with models|is kept out)/).waitFor();
    expect(JSON.stringify(upstream.last?.body.messages)).not.toContain("zebra");
    await room.view.getByLabel("Model").selectOption("");
  });

  it("follows its note when that is renamed, and lets go of it when it is deleted; so does a saved conversation", async () => {
    await create("Before.md", "A note.\n");
    await room.preview.openNote("Before.md");
    await room.preview.runCommand("ask-note");
    await expect.poll(chip).toEqual(["Before"]);
    const rename = (from: string, to: string): Promise<void> =>
      room.page.evaluate(async ([before, after]) => {
        const { fileManager, vault } = window.preview.app;
        const file = vault.getFileByPath(before);
        if (file !== null) await fileManager.renameFile(file, after);
      }, [from, to] as const);
    await rename("Before.md", "After.md");
    await expect.poll(chip).toEqual(["After"]);
    await room.page.evaluate(async () => {
      const file = window.preview.app.vault.getFileByPath("After.md");
      if (file !== null) await window.preview.app.vault.delete(file);
    });
    await expect.poll(chip).toEqual([]);

    script([{ text: "One." }], [{ text: "Two." }]);
    await room.asked(STARTER);
    await room.preview.runCommand("ask-save");
    await expect.poll(() => room.shownNote()).toContain("Conversations/");
    await rename((await room.shownNote()) ?? "", "Kept.md");
    await room.asked("And then?");
    await room.button("Update the saved note").click();
    const modal = room.page.locator(".modal", { hasText: "Update Kept?" });
    await modal.getByRole("button", { name: "Update" }).click();
    await expect.poll(() => room.preview.noteText("Kept.md")).toContain("Two.");
  });

  it("is asked by a prompt as the user changes that, and the settings stay as they were", async () => {
    await room.page.evaluate(() => window.preview.app.vault.createFolder("Prompts"));
    await create("Prompts/Talk.md", "---\noutput: ask-view\nnotes: never\nmodel: tiny\n---\nHello?");
    await expect.poll(() => room.page.evaluate(() => window.preview.app._commands.has("sidecar:prompt:Prompts/Talk.md"))).toBe(true);
    await room.preview.openNote("Home.md");
    await room.preview.select([0, 0]);
    await room.preview.runCommand("prompt:Prompts/Talk.md");
    const model = room.view.getByLabel("Model");
    await expect.poll(() => model.inputValue()).toBe("tiny");
    const other = (await model.locator("optgroup").first().locator("option").first().getAttribute("value")) ?? "";
    await model.selectOption(other);
    await expect.poll(chip).toEqual(["Prompt: Talk"]);
    expect(await model.inputValue()).toBe(other);
    await room.button("Remove Prompt: Talk").click();
    await expect.poll(() => model.inputValue()).toBe("");
    await expect.poll(() => room.view.getByLabel("Notes", { exact: true }).inputValue()).toBe("auto");
  });

  it("is not answered any more when a new conversation begins, nor is its answer shown there", async () => {
    script([{ text: "It goes on " }, "hold", { text: "for ever." }], [{ text: "A new one." }]);
    await room.ask(STARTER);
    await expect.poll(() => room.text.innerText()).toContain("It goes on");
    await room.anew();
    await expect.poll(() => upstream.last?.left).toBe(true);
    await expect.poll(() => room.answers.count()).toBe(0);
    await room.asked("Something else?");
    expect(await room.answers.count()).toBe(1);
    expect(await room.text.innerText()).toBe("A new one.");
    expect(upstream.last?.body.messages.map(({ content }) => content).join()).not.toContain("It goes on");
  });

  it("asks a server that is back at once, and does not wait until it is looked for", async () => {
    const away = (url: URL): boolean => url.pathname === "/healthz" || url.pathname === "/preview/request";
    room.preview.expected.push(/Failed to load resource: net::ERR_FAILED/);
    await room.page.route(away, (route) => route.abort());
    await room.preview.runCommand("reconnect");
    const problem = room.view.locator(":scope > .sidecar-ask-problem");
    await problem.waitFor();
    await room.page.unroute(away);
    script([{ text: "Here again." }]);
    await room.asked(STARTER);
    expect(await room.text.innerText()).toBe("Here again.");
    await problem.waitFor({ state: "hidden" });
  });

  describe("whose answer is there", () => {
    beforeEach(async () => {
      script([{ text: "Fed every nine days [[Sourdough starter]]." }]);
      await room.asked(STARTER);
    });
    const append = async (name: string): Promise<ReturnType<typeof room.page.locator>> => {
      await room.button("Append to a note").click();
      await room.page.locator(".prompt input").fill(name);
      await room.page.keyboard.press("Enter");
      const modal = room.page.locator(".modal").filter({ hasText: `Append to ${name}?` });
      await modal.locator(".sidecar-difference ins").waitFor();
      return modal;
    };

    it("makes no note of a link whose note is gone", async () => {
      await room.page.evaluate(async () => {
        const { vault } = window.preview.app;
        const file = vault.getFileByPath("Recipes/Sourdough starter.md");
        if (file !== null) await vault.rename(file, "Recipes/Levain.md");
      });
      await room.text.locator("a.internal-link").first().click();
      const [said = ""] = texts("ask.link.none", { name: "\n" }).split("\n");
      await room.notice(said);
      expect(await room.page.evaluate(() => window.preview.app.vault.getMarkdownFiles().map((file) => file.basename))).not.toContain("Sourdough starter");
      await room.page.evaluate(async () => {
        const { vault } = window.preview.app;
        const file = vault.getFileByPath("Recipes/Levain.md");
        if (file !== null) await vault.rename(file, "Recipes/Sourdough starter.md");
      });
    });

    it("writes nothing where the preview was left without a yes", async () => {
      await create("Asked twice.md", "Here.\n");
      await append("Asked twice");
      await room.page.keyboard.press("Escape");
      await (await append("Asked twice")).getByRole("button", { name: "Cancel" }).click();
      const modal = await append("Asked twice");
      expect(room.preview.noteText("Asked twice.md")).toBe("Here.\n");
      await modal.getByRole("button", { name: "Append" }).click();
      await room.notice(texts("ask.appended", { name: "Asked twice" }));
      expect(room.preview.noteText("Asked twice.md")).toBe("Here.\n\nFed every nine days [[Sourdough starter]].\n");
      expect((await room.preview.noticeTexts()).filter((text) => text === texts("ask.appended", { name: "Asked twice" }))).toHaveLength(1);
    });

    it("leaves a note alone that was written in after the change was shown", async () => {
      await create("Written in.md", "Here.\n");
      await room.preview.openNote("Written in.md");
      const modal = await append("Written in");
      // As in a window of its own, over which the preview does not lie; it is not saved yet.
      await room.page.evaluate(() => (window.preview.app.workspace.getMostRecentLeaf()?.view as unknown as { editor: { replaceRange(text: string, at: object): void } }).editor.replaceRange("Mine. ", { line: 0, ch: 0 }));
      await modal.getByRole("button", { name: "Append" }).click();
      await room.notice(texts("ask.change.moved", { name: "Written in" }));
      expect(await room.preview.editorText()).toBe("Mine. Here.\n");
      expect(room.preview.noteText("Written in.md")).toBe("Mine. Here.\n");
    });

    it("puts nothing into a note that is only read", async () => {
      await room.preview.openNote("House/Boiler.md");
      const before = room.preview.noteText("House/Boiler.md");
      await room.page.evaluate(async () => {
        const leaf = window.preview.app.workspace.getMostRecentLeaf();
        await leaf?.setViewState({ type: "markdown", state: { file: "House/Boiler.md", mode: "preview" } });
      });
      await room.button("Insert at the cursor").click();
      await room.notice(texts("ask.insert.nowhere"));
      expect(await room.preview.editorText()).toBe(before);
    });
  });

  it("stands ready at the start where the user wants it so, without taking the keyboard", async () => {
    await room.page.evaluate(() => window.preview.plugin?.saveData({ ask: { openOnStart: true } }));
    await room.preview.reopen({});
    await room.view.waitFor();
    expect(await room.box.evaluate((box) => box === document.activeElement)).toBe(false);
    await room.page.evaluate(() => window.preview.plugin?.saveData({}));
  });
});
