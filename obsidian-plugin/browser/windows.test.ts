/** Our views as tabs among the notes and in windows of their own, where Obsidian puts whatever is dragged there. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { textsFor } from "../src/core/texts/texts";
import { cannotRun, openPreview, type Preview } from "./preview";

describe.skipIf(cannotRun !== null)("a view of ours", () => {
  let preview: Preview;
  beforeAll(async () => {
    preview = await openPreview();
    preview.opensWindows = true;
    preview.page.setDefaultTimeout(8000);
    await preview.sidecar.ready();
  });
  beforeEach(() => preview.reopen({}));
  afterAll(() => preview?.close());

  const path = (): Promise<string | undefined> => preview.page.evaluate(() => window.preview.app.workspace.getActiveFile()?.path);
  const notices = async (): Promise<string> => (await preview.noticeTexts()).join("\n");
  /** Have the view of a type among the notes, or in a window of its own, which is given then. */
  async function moved(type: string, to: "tab" | "window"): Promise<Page> {
    const opened = preview.windows.length;
    await preview.page.evaluate(
      async ([name, where]) => {
        const { workspace } = window.preview.app;
        const leaf = await workspace.ensureSideLeaf(name, "right", { reveal: true });
        if (where === "window") workspace.moveLeafToPopout(leaf);
        else workspace._move(leaf, workspace.rootSplit);
        workspace.setActiveLeaf(leaf);
      },
      [type, to] as const,
    );
    if (to === "tab") return preview.page;
    await expect.poll(() => preview.windows.length).toBe(opened + 1);
    const page = preview.windows.at(-1) as Page;
    page.setDefaultTimeout(8000);
    return page;
  }
  async function answered(page: Page): Promise<void> {
    await page.locator(".sidecar-ask textarea").fill("How do I feed the sourdough starter?");
    await page.locator(".sidecar-ask textarea").press("Enter");
    await page.locator(".sidecar-ask-actions").waitFor();
  }

  it("in a window of its own opens the notes that it names, and shows their preview", async () => {
    await preview.openNote("House/Boiler.md");
    const page = await moved("sidecar-ask", "window");
    await answered(page);
    const link = page.locator(".sidecar-ask-text a.internal-link").first();
    expect(await link.evaluate((el) => el instanceof HTMLElement && el.ownerDocument !== window.opener?.document)).toBe(true);
    await link.hover();
    await page.locator(".hover-popover[data-path]").waitFor();
    await link.click();
    await expect.poll(path).toBe("Recipes/Sourdough starter.md");
    expect(page.url()).toBe("about:blank");
  });

  it("takes no note for the one in use where something else was looked at last", async () => {
    await preview.openNote("House/Boiler.md");
    await preview.select([0, 0], [4, 0]);
    expect(await preview.offers("ask-selection")).toBe(true);
    await preview.page.evaluate(async () => {
      const { vault, workspace } = window.preview.app;
      const file = vault.getFileByPath("Attachments/cabin-plan.svg");
      const leaf = workspace.getLeaf(true);
      if (file !== null) await leaf.openFile(file);
      workspace.setActiveLeaf(leaf);
    });
    await moved("sidecar-ask", "tab");
    expect(await preview.offers("ask-selection")).toBe(false);
    // The note is still open, and taken when it is looked at again.
    await preview.page.locator(".workspace-tab-header", { hasText: "Boiler" }).click();
    await preview.select([0, 0], [4, 0]);
    await expect.poll(() => preview.offers("ask-selection")).toBe(true);
  });

  it.each(["tab", "window"] as const)("as a %s puts an answer into the note that was looked at last, of several", async (where) => {
    for (const note of ["House/Router.md", "House/Boiler.md", "House/Warranties.md"]) {
      await preview.page.evaluate(async (name) => {
        const { vault, workspace } = window.preview.app;
        const file = vault.getFileByPath(name);
        if (file !== null) await workspace.getLeaf("tab").openFile(file);
      }, note);
    }
    // Looked at again, without being opened anew.
    await preview.page.locator(".workspace-tab-header", { hasText: "Boiler" }).click();
    await preview.select([0, 0]);
    const page = await moved("sidecar-ask", where);
    await answered(page);
    await page.getByRole("button", { name: textsFor("en")("ask.insert"), exact: true }).click();
    const changed = (): Promise<(string | undefined)[]> =>
      preview.page.evaluate(() =>
        window.preview.app.workspace
          .getLeavesOfType("markdown")
          .map(({ view }) => view as unknown as { file: { path: string } | null; editor: { getValue(): string } })
          .filter(({ editor }) => editor.getValue().includes("[[Sourdough starter"))
          .map(({ file }) => file?.path)
          .filter((name) => name?.startsWith("House/")),
      );
    await expect.poll(changed).toEqual(["House/Boiler.md"]);
    await expect.poll(notices).toContain("Boiler");
  });

  it.each(["tab", "window"] as const)("as a %s that has the focus goes on with the note that was looked at last", async (where) => {
    await preview.openNote("House/Boiler.md");
    const page = await moved("sidecar-related", where);
    const heading = page.locator(".sidecar-related-heading");
    await heading.getByText("Boiler", { exact: true }).waitFor();
    const row = page.locator(".sidecar-related-open", { hasText: "Warranties" });
    await row.waitFor();
    await page.waitForTimeout(300);
    expect(await heading.innerText()).toBe("Boiler");
    await row.click();
    await expect.poll(path).toBe("House/Warranties.md");
  });

  it("goes on being drawn when the window goes in which a frame was asked for", async () => {
    const page = await moved("sidecar-ask", "window");
    await preview.page.evaluate(() => {
      const { workspace } = window.preview.app;
      const leaf = workspace.getLeavesOfType("sidecar-ask")[0];
      const add = leaf?.containerEl.querySelector<HTMLElement>('[data-part="note"]');
      // A hidden window draws nothing: what is asked of it waits.
      if (leaf !== undefined) leaf.containerEl.win.requestAnimationFrame = () => 7;
      add?.click();
      if (leaf !== undefined) workspace._move(leaf, workspace.rightSplit);
      workspace.rightSplit.expand();
    });
    await expect.poll(() => page.isClosed()).toBe(true);
    await preview.page.locator(".sidecar-ask").getByText("Home", { exact: true }).waitFor();
  });

  it("of text reads the clipboard of the window that somebody is in", async () => {
    const read = await preview.page.evaluate(async () => {
      const { workspace, vault } = window.preview.app;
      const file = vault.getFileByPath("House/Boiler.md");
      const leaf = workspace.getLeaf("window");
      if (file !== null) await leaf.openFile(file);
      const read: string[] = [];
      for (const [name, win] of [["main", window], ["popout", leaf.containerEl.win]] as const)
        Object.defineProperty(win.navigator, "clipboard", { value: { readText: () => (read.push(name), Promise.resolve("copied")) } });
      await vault.createFolder("Prompts").catch(() => undefined);
      await vault.create("Prompts/Paste.md", "Say {{clipboard}}.\n");
      const until = Date.now() + 5000;
      while (!window.preview.app._commands.has("sidecar:prompt:Prompts/Paste.md") && Date.now() < until) await new Promise((done) => window.setTimeout(done, 50));
      const command = window.preview.app._commands.get("sidecar:prompt-preview");
      workspace.setActiveLeaf(leaf, { focus: true });
      if (workspace.activeEditor !== null) command?.editorCallback?.(workspace.activeEditor.editor, workspace.activeEditor);
      leaf.containerEl.doc.querySelector<HTMLElement>(".prompt .suggestion-item")?.click();
      while (read.length === 0 && Date.now() < until) await new Promise((done) => window.setTimeout(done, 50));
      return read;
    });
    expect(read).toEqual(["popout"]);
  });
});
