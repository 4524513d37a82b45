/** The built plugin itself: it comes up with a real server, and goes without leaving anything behind. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cannotRun, openPreview, type Preview } from "./preview";

/** Count what a page can be left with; installed before the page's own scripts. */
function countLeftovers(): void {
  const live = { listeners: new Map<string, number>(), intervals: new Set<number>() };
  const names = new Map<EventTarget, string>([[window, "window"], [document, "document"]]);
  const seen = new WeakMap<EventTarget, Map<string, Set<unknown>>>();
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const change = (target: EventTarget, type: string, by: number): void => {
    const name = `${names.get(target) ?? (target instanceof Element && target === document.body ? "body" : "")}`;
    // CodeMirror listens for scrolling wherever its editor scrolls, which it learns while it measures.
    if (name !== "" && type !== "scroll") live.listeners.set(`${name} ${type}`, (live.listeners.get(`${name} ${type}`) ?? 0) + by);
  };
  const key = (type: string, options: unknown): string => `${type} ${typeof options === "boolean" ? options : ((options as AddEventListenerOptions | undefined)?.capture ?? false)}`;
  EventTarget.prototype.addEventListener = function (this: EventTarget | undefined, type: string, callback: never, options?: unknown) {
    const target = this ?? window;
    const known = seen.get(target) ?? new Map<string, Set<unknown>>();
    seen.set(target, known);
    const callbacks = known.get(key(type, options)) ?? new Set();
    known.set(key(type, options), callbacks);
    if (callback !== null && !callbacks.has(callback)) {
      callbacks.add(callback);
      change(target, type, 1);
      (options as AddEventListenerOptions | undefined)?.signal?.addEventListener("abort", () => callbacks.delete(callback) && change(target, type, -1));
    }
    addEventListener.call(target, type, callback, options as never);
  };
  EventTarget.prototype.removeEventListener = function (this: EventTarget | undefined, type: string, callback: never, options?: unknown) {
    const target = this ?? window;
    if (seen.get(target)?.get(key(type, options))?.delete(callback) === true) change(target, type, -1);
    removeEventListener.call(target, type, callback, options as never);
  };
  const { setInterval, clearInterval } = window;
  window.setInterval = ((...args: Parameters<typeof setInterval>) => {
    const id = setInterval(...args) as unknown as number;
    live.intervals.add(id);
    return id;
  }) as never;
  window.clearInterval = ((id: number) => {
    live.intervals.delete(id);
    clearInterval(id);
  }) as never;
  Object.assign(window, { leftovers: () => ({ listeners: Object.fromEntries([...live.listeners].filter(([, count]) => count !== 0).sort()), intervals: live.intervals.size }) });
}

const state = (preview: Preview): Promise<Record<string, unknown>> =>
  preview.page.evaluate(() => {
    const { app } = window.preview;
    const { workspace, vault, metadataCache } = app;
    const refs = (events: { _refs: { name: string }[] }): string[] => events._refs.map(({ name }) => name).sort();
    return {
      ...(window as unknown as { leftovers(): object }).leftovers(),
      events: { workspace: refs(workspace), vault: refs(vault), metadataCache: refs(metadataCache) },
      views: [...workspace._makers.keys()].sort(),
      commands: [...app._commands.keys()],
      protocols: [...app._protocolHandlers.keys()],
      hoverSources: [...workspace._hoverSources.keys()],
      scopes: app.keymap._scopes.length,
      keys: app.scope._handlers.length,
      tabs: app.setting._tabs.length,
      ribbon: app._ribbonEl.childElementCount,
      statusBar: app._statusBarEl.childElementCount,
      body: [...document.body.children].map((el) => `${el.tagName}.${el.className}`),
      styles: document.head.querySelectorAll("style").length,
      globals: Object.keys(window).filter((name) => /sidecar/i.test(name)),
    };
  });

describe.skipIf(cannotRun !== null)("the built plugin", () => {
  let preview: Preview;
  beforeAll(async () => {
    preview = await openPreview({ plugin: false });
    await preview.page.addInitScript(countLeftovers);
    await preview.reopen({ plugin: false });
    await preview.sidecar.ready();
  });
  afterAll(() => preview?.close());

  it("finds the running server by itself and says that it is ready", async () => {
    await preview.reopen({});
    await expect.poll(() => preview.statusBarText(), { timeout: 20_000 }).toMatch(/ready/);
    expect(preview.asked.length).toBeGreaterThan(0);
  });

  it("leaves nothing behind when it is switched off, twice, with its views open", async () => {
    await preview.reopen({ plugin: false });
    const before = await state(preview);
    for (let round = 0; round < 2; round += 1) {
      await preview.page.evaluate(() => window.preview.enable());
      await expect.poll(() => preview.statusBarText(), { timeout: 20_000 }).toMatch(/ready/);
      await preview.page.evaluate(async () => {
        const { workspace } = window.preview.app;
        const shipped = new Set(["markdown", "empty", "file-explorer"]);
        for (const type of workspace._makers.keys()) if (!shipped.has(type)) await workspace.ensureSideLeaf(type, "right", { reveal: true });
      });
      await preview.page.waitForTimeout(300);
      const on = await state(preview);
      for (const part of ["commands", "views", "tabs", "ribbon", "statusBar", "events"]) expect(on[part], part).not.toEqual(before[part]);
      const types = await preview.page.evaluate(() => window.preview.app.workspace.rightSplit._leaves.map((leaf) => leaf.view.getViewType()));
      await preview.page.evaluate(() => {
        window.preview.disable();
        return new Promise((done) => window.setTimeout(done, 100));
      });
      // The leaves stay, as in Obsidian, and say that their plugin is gone; the user closes them.
      for (const type of types) await preview.page.evaluate((name) => window.preview.app.workspace.detachLeavesOfType(name), type);
      await preview.page.waitForTimeout(300);
      expect(await state(preview)).toEqual(before);
    }
  });

  it("leaves nothing behind when it is switched off while Obsidian is still starting, or reads prompts", async () => {
    await preview.reopen({ plugin: false });
    const before = await state(preview);
    await preview.page.evaluate(async () => {
      const { app } = window.preview;
      await app.vault.createFolder("Prompts");
      await app.vault.create("Prompts/Tidy.md", "Tidy up.\n");
      app.workspace.layoutReady = false;
      await window.preview.enable();
      window.preview.disable();
      app.workspace._becomeReady();
      await window.preview.enable();
      window.preview.disable();
      await new Promise((done) => window.setTimeout(done, 500));
    });
    expect(await state(preview)).toEqual(before);
  });

  it("offers in the settings of page previews the two views that show some, and nothing else", async () => {
    await preview.reopen({});
    expect(await preview.page.evaluate(() => [...window.preview.app.workspace._hoverSources.keys()].sort())).toEqual(["sidecar-ask", "sidecar-related"]);
  });

  it("would see a listener, an interval and an element that stay", async () => {
    await preview.reopen({ plugin: false });
    const before = await state(preview);
    await preview.page.evaluate(() => {
      window.addEventListener("focus", () => undefined);
      window.setInterval(() => undefined, 60_000);
      document.body.createDiv({ cls: "left" });
    });
    const after = await state(preview);
    for (const part of ["listeners", "intervals", "body"]) expect(after[part], part).not.toEqual(before[part]);
  });

  it("gives up what it is asking when it is switched off", async () => {
    await preview.reopen({});
    await expect.poll(() => preview.statusBarText(), { timeout: 20_000 }).toMatch(/ready/);
    let held = 0;
    const isStatus = (url: URL): boolean => url.pathname === "/vault/status";
    await preview.page.route(isStatus, () => void (held += 1));
    await preview.runCommand("reconnect");
    await expect.poll(() => held).toBe(1);
    const ended = preview.page.waitForEvent("requestfailed", (request) => isStatus(new URL(request.url())));
    await preview.page.evaluate(() => window.preview.disable());
    await ended;
    await preview.page.unrouteAll({ behavior: "ignoreErrors" });
  });

  it("asks nothing more once it is off", async () => {
    await preview.reopen({});
    await expect.poll(() => preview.statusBarText(), { timeout: 20_000 }).toMatch(/ready/);
    await preview.page.evaluate(() => window.preview.disable());
    const asked = preview.asked.length;
    await preview.page.waitForTimeout(3000);
    expect(preview.asked.length).toBe(asked);
  });
});
