/** What related notes, search and missing links end, leave alone and tell those who do not see them, against a real server. */
import type { Locator } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { textsFor } from "../src/core/texts/texts";
import { cannotRun, openPreview, type Preview } from "./preview";

const texts = textsFor("en");

describe.skipIf(cannotRun !== null)("views of notes", () => {
  let preview: Preview;
  beforeAll(async () => {
    preview = await openPreview();
    preview.page.setDefaultTimeout(8000);
    await preview.sidecar.ready();
    // The answer for a note that is not indexed yet.
    preview.expected.push(/status of 404/);
  });
  afterAll(() => preview?.close());
  afterEach(async () => {
    await preview.page.unrouteAll({ behavior: "ignoreErrors" });
    for (let tries = 0; tries < 3 && (await preview.page.locator(".modal").count()) > 0; tries += 1) await preview.page.keyboard.press("Escape");
  });

  const heading = (): Locator => preview.page.locator(".sidecar-related-heading");
  const field = (): Locator => preview.page.getByRole("combobox", { name: texts("search.title") });
  const pin = (): Locator => preview.page.getByRole("button", { name: texts("related.pin") });
  const create = (path: string, text: string): Promise<void> =>
    preview.page.evaluate(async ([name, body]) => void (await window.preview.app.vault.create(name, body)), [path, text] as const);
  async function related(path: string): Promise<void> {
    await preview.openNote(path);
    await preview.runCommand("open-related");
    await heading().getByText(path.replace(/^.*\/|\.md$/g, ""), { exact: true }).waitFor();
    await preview.page.locator('.sidecar-related-body[aria-busy="false"]').waitFor();
    await preview.page.locator(".sidecar-related-row").first().waitFor();
  }
  /** Hold each request to a path; tells how many were held, and ends when one of them was given up. */
  async function hold(path: string): Promise<{ held: () => number; ended: () => Promise<unknown> }> {
    let count = 0;
    const given = preview.page.waitForEvent("requestfailed", (request) => new URL(request.url()).pathname === path);
    given.catch(() => undefined);
    await preview.page.route((url) => url.pathname === path, () => void (count += 1));
    return { held: () => count, ended: () => given };
  }

  it("tell which switches are on, which rows are unfolded, and keep a pinned note over a restart", async () => {
    await related("House/Boiler.md");
    const why = preview.page.locator(".sidecar-related-row").first().locator("button[aria-controls]");
    expect([await pin().getAttribute("aria-pressed"), await why.getAttribute("aria-expanded")]).toEqual(["false", "false"]);
    await pin().click();
    await expect.poll(() => pin().getAttribute("aria-pressed")).toBe("true");
    await why.click();
    expect(await why.getAttribute("aria-expanded")).toBe("true");
    await preview.openNote("Recipes/Caldo verde.md");
    // As Obsidian does when it starts: the view again, from what it said of itself.
    await preview.page.evaluate(async () => {
      const { workspace } = window.preview.app;
      const state = workspace.getLeavesOfType("sidecar-related")[0]?.getViewState();
      workspace.detachLeavesOfType("sidecar-related");
      if (state !== undefined) await workspace.getRightLeaf(false)?.setViewState(state);
    });
    await preview.runCommand("open-related");
    await heading().getByText("Boiler", { exact: true }).waitFor();
    await pin().click();
    await heading().getByText("Caldo verde", { exact: true }).waitFor();
  });

  it("follow a note that gets another name", async () => {
    await create("Old name.md", "# Heating\n\nThe boiler and its radiators.\n");
    await preview.openNote("Old name.md");
    await preview.runCommand("open-related");
    await heading().getByText("Old name", { exact: true }).waitFor();
    await pin().click();
    await preview.page.evaluate(async () => {
      const { fileManager, vault } = window.preview.app;
      const file = vault.getFileByPath("Old name.md");
      if (file !== null) await fileManager.renameFile(file, "New name.md");
    });
    await heading().getByText("New name", { exact: true }).waitFor();
    await pin().click();
  });

  it("ask the server nothing while nobody sees them", async () => {
    await related("House/Boiler.md");
    const asked = (): string[] => preview.asked.filter((each) => each.endsWith("/vault/related"));
    const before = asked().length;
    await preview.page.evaluate(() => window.preview.app.workspace.rightSplit.collapse());
    await preview.openNote("House/Router.md");
    // The view looks a moment after the note was opened; what is set later with a longer wait comes after it.
    await preview.page.evaluate(() => new Promise((done) => window.setTimeout(done, 200)));
    expect(asked().length).toBe(before);
    await preview.page.evaluate(() => {
      const { workspace } = window.preview.app;
      workspace.rightSplit.expand();
      workspace.trigger("layout-change");
    });
    await heading().getByText("Router", { exact: true }).waitFor();
  });

  it("put no link into a note that is only read", async () => {
    await related("House/Boiler.md");
    const before = preview.noteText("House/Boiler.md");
    await preview.page.evaluate(async () => {
      await window.preview.app.workspace.getMostRecentLeaf()?.setViewState({ type: "markdown", state: { file: "House/Boiler.md", mode: "preview" } });
    });
    await preview.page.locator(".sidecar-related-row").first().getByRole("button", { name: /^Insert/ }).click();
    await expect.poll(() => preview.noticeTexts()).toContain(texts("notes.insert.no_editor"));
    expect(await preview.editorText()).toBe(before);
    await preview.page.evaluate(async () => {
      await window.preview.app.workspace.getMostRecentLeaf()?.setViewState({ type: "markdown", state: { file: "House/Boiler.md", mode: "source" } });
    });
  });

  it("tell which hit the arrow keys are at, and open none while a word is being composed", async () => {
    await preview.openNote("Home.md");
    await preview.runCommand("search-notes");
    await field().fill("the boiler and its warranty");
    await preview.page.locator(".is-hit").nth(1).waitFor();
    const chosen = (): Promise<string | null> => preview.page.locator('.is-hit[aria-selected="true"]').evaluateAll((all) => (all.length === 1 ? (all[0]?.id ?? null) : null));
    const first = await chosen();
    expect(first).not.toBeNull();
    expect(await field().getAttribute("aria-activedescendant")).toBe(first);
    await field().press("ArrowDown");
    const second = await chosen();
    expect(second).not.toBe(first);
    expect(await field().getAttribute("aria-activedescendant")).toBe(second);
    for (const how of [{ isComposing: true }, { keyCode: 229 }]) await field().evaluate((input, init) => input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, ...init })), how);
    expect(await field().isVisible()).toBe(true);
    expect(await preview.page.evaluate(() => window.preview.app.workspace.getActiveFile()?.path)).toBe("Home.md");
  });

  it("give up a search when the window is closed", async () => {
    const { held, ended } = await hold("/vault/search");
    await preview.runCommand("search-notes");
    await field().fill("lighthouse");
    await expect.poll(held).toBe(1);
    await preview.page.keyboard.press("Escape");
    await ended();
  });

  it.each(["the button", "closing the window"] as const)("give up looking through the vault by %s", async (way) => {
    const { held, ended } = await hold("/vault/related");
    await preview.page.evaluate(() => window.preview.app.workspace.detachLeavesOfType("sidecar-related"));
    await preview.runCommand("find-missing-links");
    await expect.poll(held).toBeGreaterThan(0);
    if (way === "the button") await preview.page.locator(".sidecar-links").getByRole("button", { name: texts("links.scan.stop") }).click();
    else await preview.page.keyboard.press("Escape");
    await ended();
    await expect.poll(() => preview.page.locator(".sidecar-links progress").count()).toBe(0);
  });

  it("count only the links that are still proposed when the note has changed", async () => {
    await create("Guests.md", "Claire Moreau and Giulia Ferri come.\n");
    await preview.openNote("Guests.md");
    await preview.runCommand("find-links");
    const apply = (count: number): Locator => preview.page.getByRole("button", { name: texts("links.apply", { count }), exact: true });
    await apply(2).waitFor();
    await preview.page.evaluate(async () => {
      const { vault } = window.preview.app;
      const file = vault.getFileByPath("Guests.md");
      if (file !== null) await vault.modify(file, "Giulia Ferri comes.\n");
    });
    await apply(2).click();
    await preview.page.getByText(texts("links.changed")).waitFor();
    await apply(1).click();
    await expect.poll(() => preview.noteText("Guests.md")).toBe("[[Giulia Ferri]] comes.\n");
  });

  it("say so when the note was deleted under the window", async () => {
    await create("Short life.md", "Claire Moreau was here.\n");
    await preview.openNote("Short life.md");
    await preview.runCommand("find-links");
    const apply = preview.page.getByRole("button", { name: texts("links.apply", { count: 1 }), exact: true });
    await apply.waitFor();
    await preview.page.evaluate(async () => {
      const { vault } = window.preview.app;
      const file = vault.getFileByPath("Short life.md");
      if (file !== null) await vault.delete(file);
    });
    await apply.click();
    const failed = texts("links.failed", { reason: "" });
    await expect.poll(async () => (await preview.noticeTexts()).filter((text) => text.startsWith(failed))).toHaveLength(1);
    expect(await apply.isEnabled()).toBe(true);
    preview.assertClean();
  });
});
