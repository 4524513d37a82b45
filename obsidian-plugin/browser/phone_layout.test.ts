/** What Obsidian lays over a page on a phone: a bar that floats at the foot, and a side bar that covers the note. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cannotRun, openPreview, type Preview } from "./preview";

const BAR = 90;

describe.skipIf(cannotRun !== null)("on a phone", () => {
  let preview: Preview;
  beforeAll(async () => {
    preview = await openPreview({ mobile: true, running: false });
    preview.page.setDefaultTimeout(8000);
  });
  afterAll(() => preview?.close());

  /** Where the lowest of the elements that a selector finds ends, above the foot of the page. */
  const above = (selector: string): Promise<number> =>
    preview.page.evaluate((wanted) => {
      const ends = [...document.querySelectorAll(wanted)].map((el) => el.getBoundingClientRect().bottom);
      return window.innerHeight - Math.max(...ends);
    }, selector);

  it("nothing of a view among the notes lies below the bar that floats there", async () => {
    await preview.page.evaluate(async (height) => {
      document.body.style.setProperty("--view-bottom-spacing", `${height}px`);
      const { workspace } = window.preview.app;
      await workspace.getLeaf("tab").setViewState({ type: "sidecar-ask", active: true });
      workspace.containerEl.createDiv({ cls: "sidecar-draft-stack" }).createDiv({ cls: "sidecar-draft", text: "A draft" });
    }, BAR);
    await preview.page.locator(".mod-root .sidecar-ask-bar").waitFor();
    expect(await above(".mod-root .sidecar-ask-bar")).toBeGreaterThanOrEqual(BAR);
    expect(await above(".sidecar-draft-stack")).toBeGreaterThanOrEqual(BAR);
    await preview.page.evaluate(async () => {
      document.querySelector(".sidecar-draft-stack")?.remove();
      await window.preview.app.workspace.getLeaf("tab").setViewState({ type: "sidecar-related", active: true });
    });
    const body = preview.page.locator(".mod-root .sidecar-related-body");
    await body.waitFor();
    expect(await body.evaluate((el) => parseFloat(getComputedStyle(el).paddingBottom))).toBe(BAR);
  });

  it("the view that opens at the start leaves the note to be seen", async () => {
    await preview.page.evaluate(() => window.preview.app.vault.adapter.write(".obsidian/plugins/sidecar/data.json", JSON.stringify({ version: 1, ask: { openOnStart: true } })));
    const sides = (): Promise<{ views: number; collapsed: boolean }> =>
      preview.page.evaluate(() => {
        const { workspace } = window.preview.app;
        return { views: workspace.getLeavesOfType("sidecar-ask").length, collapsed: workspace.rightSplit.collapsed };
      });
    await preview.reopen({ mobile: true });
    await expect.poll(sides).toEqual({ views: 1, collapsed: true });
    await preview.reopen({ mobile: false });
    await expect.poll(sides).toEqual({ views: 1, collapsed: false });
  });
});
