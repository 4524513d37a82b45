/** Connection, status, ledger, settings and the set-up of other programs, in the built plugin against a real server. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { textsFor, type Key } from "../src/core/texts/texts";
import { cannotRun, openPreview, type Preview } from "./preview";

const texts = textsFor("en");

/** Close whatever window is open, also after a test that failed. */
async function closeAll(preview: Preview): Promise<void> {
  for (let tries = 0; tries < 4 && (await preview.page.locator(".modal").count()) > 0; tries++) {
    await preview.page.keyboard.press("Escape");
    await preview.page.waitForTimeout(60);
  }
}

const LANGUAGES = ["en", "pt", "es", "it", "fr"] as const;

async function says(preview: Preview, text: RegExp | string, seconds = 20): Promise<void> {
  await preview.page.locator(".sidecar-status-bar").getByText(text).waitFor({ timeout: seconds * 1000 });
}

/** What a vault looks like that has other plugins. */
function install(preview: Preview, plugins: Readonly<Record<string, boolean>>): void {
  const settings = join(preview.vault, ".obsidian");
  for (const id of Object.keys(plugins)) {
    mkdirSync(join(settings, "plugins", id), { recursive: true });
    writeFileSync(join(settings, "plugins", id, "manifest.json"), JSON.stringify({ id, name: id, version: "1.0.0" }));
  }
  writeFileSync(join(settings, "community-plugins.json"), JSON.stringify(Object.keys(plugins).filter((id) => plugins[id])));
}

async function clipboard(preview: Preview): Promise<string> {
  return preview.page.evaluate(() => navigator.clipboard.readText());
}

describe.skipIf(cannotRun !== null)("with a server in its usual folder", () => {
  let preview: Preview;
  beforeAll(async () => {
    preview = await openPreview();
    await preview.sidecar.ready();
  });
  afterAll(() => preview?.close());

  it("connects by itself and says so", async () => {
    await says(preview, "Sidecar: ready");
    expect(await preview.noticeTexts()).toEqual([]);
  });

  it("opens the details from the status bar by the keyboard", async () => {
    const item = preview.page.locator(".sidecar-status-bar");
    const modal = preview.page.locator(".modal");
    // What is heard of it is how the connection is, and not what a press does.
    expect(await item.getAttribute("aria-label")).toBe("Sidecar: ready");
    await item.focus();
    await preview.page.keyboard.press("Space");
    await modal.getByText("Ready", { exact: true }).waitFor();
    await closeAll(preview);
    await item.focus();
    await preview.page.keyboard.press("Enter");
    await modal.getByText("Ready", { exact: true }).waitFor();
    await modal.getByText(preview.sidecar.url ?? "").waitFor();
    const status = await preview.sidecar.status();
    await modal.locator(".sidecar-numbers").getByText(String(status.vaults[0]?.indexed), { exact: true }).first().waitFor();
    await preview.screenshot("shell-status");
    expect(await preview.axe(".modal")).toEqual([]);
  });

  it("tells in the ledger why a note is left out, narrows it, and opens the note", async () => {
    const modal = preview.page.locator(".modal");
    await modal.getByText("Private by its own “private: true”").waitFor();
    await modal.getByPlaceholder("Filter by path or reason").fill("templates");
    await modal.getByText("Private/Diary.md").waitFor({ state: "detached" });
    expect(await modal.locator(".sidecar-ledger li").count()).toBe(2);
    await modal.getByPlaceholder("Filter by path or reason").fill("nowhere");
    await modal.getByText("Nothing matches the filter").waitFor();
    await modal.getByPlaceholder("Filter by path or reason").fill("diary");
    await modal.getByRole("link", { name: "Private/Diary.md" }).click();
    await modal.waitFor({ state: "detached" });
    expect(await preview.page.evaluate(() => window.preview.app.workspace.getActiveFile()?.path)).toBe("Private/Diary.md");
  });

  it("has the server look at the files when it is told to, and shows what it found", async () => {
    await closeAll(preview);
    await preview.runCommand("show-status");
    const check = preview.page.locator(".modal").getByRole("button", { name: texts("details.sync") });
    const before = preview.asked.length;
    await check.click();
    await expect.poll(() => preview.asked.slice(before)).toContain("POST /vault/sync");
    await check.and(preview.page.locator(":enabled")).waitFor();
  });

  it("explains why the open note is not found, also for words", async () => {
    await closeAll(preview);
    await preview.runCommand("explain-note");
    const modal = preview.page.locator(".modal");
    await modal.getByText("This note is left out on purpose.").waitFor();
    await preview.page.keyboard.press("Escape");
    await preview.openNote("House/Boiler.md");
    await preview.runCommand("explain-note");
    await modal.getByText("This note is indexed: it can be found.").waitFor();
    await modal.getByLabel("Words you searched with (optional)").fill("boiler");
    await preview.page.keyboard.press("Enter");
    await modal.getByText("With these words it’s shown at position 1.").waitFor();
    await modal.getByLabel("Words you searched with (optional)").fill("sourdough");
    await preview.page.keyboard.press("Enter");
    await modal.getByText(/not in this note, but in \d+ others?/).first().waitFor();
    await preview.screenshot("shell-why");
    expect(await preview.axe(".modal")).toEqual([]);
    await preview.page.keyboard.press("Escape");
  });

  it("copies the base URL", async () => {
    await preview.runCommand("copy-base-url");
    await expect.poll(() => clipboard(preview)).toBe(`${preview.sidecar.url}/v1`);
  });

  it("checks the connection in the settings, by the keyboard", async () => {
    await closeAll(preview);
    await preview.openSettings();
    const button = preview.page.getByRole("button", { name: "Test connection" });
    await button.focus();
    await preview.page.keyboard.press("Enter");
    await preview.page.getByText(`at ${preview.sidecar.url}`).waitFor();
    await preview.screenshot("shell-settings");
    expect(await preview.axe(".sidecar-settings")).toEqual([]);
    const mode = preview.page.getByLabel("Find the server");
    await mode.focus();
    await mode.selectOption("manual");
    await preview.page.getByLabel("Address", { exact: true }).waitFor();
    expect(await mode.evaluate((list) => list === document.activeElement)).toBe(true);
    expect(await preview.axe(".sidecar-settings")).toEqual([]);
  });

  it("has no key by hand and says so, refuses a wrong one, takes the right one, and writes none into data.json", async () => {
    const { page } = preview;
    await says(preview, "Sidecar: key needed");
    await page.locator(".sidecar-connection-state").getByText("There is no key for this address yet").waitFor();
    await page.getByLabel("Address", { exact: true }).fill(preview.sidecar.url ?? "");
    await page.getByLabel("Address", { exact: true }).press("Enter");
    await page.getByLabel("Key", { exact: true }).fill("sk-sidecar-0000000000000000000000000000");
    await page.getByLabel("Key", { exact: true }).press("Enter");
    await page.locator(".sidecar-connection-state").getByText("The key isn’t this server’s").waitFor();
    await preview.screenshot("shell-wrong-key");
    await page.getByLabel("Key", { exact: true }).fill(preview.sidecar.token ?? "");
    await page.getByLabel("Key", { exact: true }).press("Enter");
    await says(preview, "Sidecar: ready");
    const written = readFileSync(join(preview.vault, ".obsidian/plugins/sidecar/data.json"), "utf8");
    expect(JSON.parse(written)).toMatchObject({ version: 1, connection: { mode: "manual", url: preview.sidecar.url } });
    expect(written).not.toContain(preview.sidecar.token);
    expect(await page.getByLabel("Key", { exact: true }).inputValue()).toBe("");
    expect(await page.getByLabel("Key", { exact: true }).getAttribute("type")).toBe("password");
  });

  it("forgets the key when it is told to", async () => {
    const { page } = preview;
    await page.getByRole("button", { name: texts("settings.key.forget") }).click();
    await says(preview, "Sidecar: key needed");
    expect(await page.evaluate(() => window.preview.app.secretStorage.getSecret("sidecar-key"))).toBe("");
    await page.getByLabel("Find the server").selectOption("automatic");
    await says(preview, "Sidecar: ready");
    await page.keyboard.press("Escape");
  });

  it("keeps what is chosen in the settings, each where it belongs", async () => {
    const { page } = preview;
    await preview.openSettings();
    const item = (key: Key): Locator => page.locator(".setting-item", { has: page.locator(".setting-item-name", { hasText: new RegExp(`^${texts(key)}$`) }) });
    const write = async (key: Key, text: string): Promise<void> => {
      await item(key).locator("input").fill(text);
      await item(key).locator("input").press("Enter");
    };
    await item("settings.notes").locator("select").selectOption("never");
    await item("settings.text_notes").locator("select").selectOption("always");
    await item("settings.confirm").locator(".checkbox-container").click();
    await item("settings.open_on_start").locator(".checkbox-container").click();
    await write("settings.conversations", "Talks");
    await write("settings.prompts", "Tasks");
    await write("settings.translate", "French");
    await item("settings.limit").locator("input").fill("7");
    const chosen = { ask: { notes: "never", folder: "Talks", openOnStart: true }, text: { notes: "always", confirm: false, translateTo: "French" }, prompts: { folder: "Tasks" }, related: { limit: 7 } };
    await expect.poll(() => preview.savedData()).toMatchObject(chosen);
    await page.keyboard.press("Escape");
  });

  it("tells each problem once", async () => {
    const problems = (await preview.noticeTexts()).filter((text) => text.startsWith("Sidecar:"));
    expect(new Set(problems).size).toBe(problems.length);
    expect(problems.length).toBeGreaterThan(0);
  });

  it("offers first what is installed here, copies values with the key in them, and shows the key nowhere", async () => {
    await closeAll(preview);
    install(preview, { copilot: true, "smart-composer": false, unheard: true });
    await preview.runCommand("set-up-programs");
    const modal = preview.page.locator(".modal");
    const list = modal.locator("select");
    await list.waitFor();
    const first = list.locator("optgroup").first();
    expect(await first.getAttribute("label")).toBe("Installed in this vault");
    expect(await first.locator("option").allInnerTexts()).toEqual(["Obsidian Copilot", "Smart Composer (switched off)"]);
    await modal.getByRole("button", { name: "Copy: API key" }).click();
    await expect.poll(() => clipboard(preview)).toBe(preview.sidecar.token);
    await modal.getByRole("button", { name: "Copy: Base URL" }).click();
    await expect.poll(() => clipboard(preview)).toBe(`${preview.sidecar.url}/v1`);
    await modal.getByRole("button", { name: "Copy all" }).click();
    await expect.poll(() => clipboard(preview)).toContain(`API key: ${preview.sidecar.token}\nBase URL: ${preview.sidecar.url}/v1`);
    expect(await modal.innerText()).not.toContain(preview.sidecar.token);
  });

  it("tests them with the requests that the program itself sends", async () => {
    const modal = preview.page.locator(".modal");
    await modal.getByRole("button", { name: "Test as Obsidian Copilot would" }).click();
    await modal.getByText("Everything works.").waitFor({ timeout: 30_000 });
    expect(await modal.locator(".sidecar-outcomes li").count()).toBe(3);
    await preview.screenshot("shell-programs");
    expect(await preview.axe(".modal")).toEqual([]);
    await modal.locator("select").selectOption({ label: "Smart Connections" });
    await modal.getByRole("button", { name: "Test as Smart Connections would" }).click();
    await modal.getByText("Everything works.").waitFor({ timeout: 30_000 });
    expect(await modal.locator('[data-level="note"]').count()).toBeGreaterThan(2);
    await modal.locator("select").selectOption({ label: "Any other program" });
    await modal.getByRole("button", { name: "Test", exact: true }).click();
    await modal.getByText("Everything works.").waitFor({ timeout: 30_000 });
    await preview.page.keyboard.press("Escape");
  });

  it.each(["the button", "closing the window"] as const)("ends a test's request by %s", async (way) => {
    await closeAll(preview);
    await preview.runCommand("set-up-programs");
    const { page } = preview;
    const modal = page.locator(".modal");
    await modal.locator("select").selectOption({ label: "Any other program" });
    const isCall = (url: URL): boolean => url.pathname.startsWith("/v1/");
    let held = 0;
    await page.route(isCall, () => void (held += 1));
    await modal.getByRole("button", { name: "Test", exact: true }).click();
    await expect.poll(() => held).toBe(1);
    const ended = page.waitForEvent("requestfailed", (request) => isCall(new URL(request.url())));
    if (way === "the button") await modal.getByRole("button", { name: texts("programs.stop") }).click();
    else await page.keyboard.press("Escape");
    await ended;
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await closeAll(preview);
  });

  it("writes nothing into other plugins' folders", () => {
    const folder = join(preview.vault, ".obsidian/plugins/copilot");
    expect(readFileSync(join(folder, "manifest.json"), "utf8")).toBe(JSON.stringify({ id: "copilot", name: "copilot", version: "1.0.0" }));
  });

  it("finds the server again on another port after it was stopped", async () => {
    await closeAll(preview);
    const before = preview.sidecar.url;
    await preview.sidecar.stop();
    await preview.runCommand("reconnect");
    await says(preview, "Sidecar: offline");
    await preview.runCommand("show-status");
    await preview.page.locator(".modal").getByText("Sidecar isn’t running").waitFor();
    await preview.screenshot("shell-offline");
    expect(await preview.axe(".modal")).toEqual([]);
    await preview.sidecar.start();
    await says(preview, "Sidecar: ready", 40);
    expect(preview.sidecar.url).not.toBe(before);
    await preview.page.locator(".modal").getByText(preview.sidecar.url ?? "").waitFor();
    await preview.page.keyboard.press("Escape");
  });

  it("leaves nothing behind when it is switched off", async () => {
    await preview.page.evaluate(() => window.preview.disable());
    expect(await preview.page.locator(".sidecar-status-bar").count()).toBe(0);
    const asked = preview.asked.length;
    await preview.page.waitForTimeout(3000);
    expect(preview.asked.length).toBe(asked);
  });
});

describe.skipIf(cannotRun !== null)("in every language and look", () => {
  let preview: Preview;
  beforeAll(async () => {
    preview = await openPreview();
    await preview.sidecar.ready();
  });
  afterAll(() => preview?.close());

  it.each(LANGUAGES)("speaks %s", async (language) => {
    await closeAll(preview);
    await preview.reopen({ language, theme: language === "es" || language === "fr" ? "dark" : "light" });
    await says(preview, /Sidecar/);
    await preview.runCommand("show-status");
    const modal = preview.page.locator(".modal");
    await modal.locator(".sidecar-ledger li").first().waitFor();
    await preview.screenshot(`shell-status-${language}`);
    expect(await preview.axe(".modal")).toEqual([]);
    await preview.page.keyboard.press("Escape");
    await preview.openSettings();
    await preview.page.locator(".sidecar-settings select").first().selectOption("manual");
    await preview.screenshot(`shell-settings-${language}`);
    expect(await preview.axe(".sidecar-settings")).toEqual([]);
    await preview.page.locator(".sidecar-settings select").first().selectOption("automatic");
    await preview.page.keyboard.press("Escape");
    await preview.runCommand("set-up-programs");
    await modal.locator("select").selectOption({ index: 1 });
    await preview.screenshot(`shell-programs-${language}`);
    expect(await preview.axe(".modal")).toEqual([]);
  });
});

describe.skipIf(cannotRun !== null)("on a phone", () => {
  let preview: Preview;
  beforeAll(async () => {
    preview = await openPreview({ mobile: true, theme: "dark" });
    await preview.sidecar.ready();
  });
  afterAll(() => preview?.close());

  it("asks for address and key, and works with them", async () => {
    const { page } = preview;
    await preview.openSettings();
    await page.getByLabel("Address", { exact: true }).fill(preview.sidecar.url ?? "");
    await page.getByLabel("Address", { exact: true }).press("Enter");
    await page.getByLabel("Key", { exact: true }).fill(preview.sidecar.token ?? "");
    await page.getByLabel("Key", { exact: true }).press("Enter");
    await page.getByText(`at ${preview.sidecar.url}`).waitFor();
    await preview.screenshot("shell-settings-phone");
    expect(await preview.axe(".sidecar-settings")).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    await page.keyboard.press("Escape");
    await preview.runCommand("show-status");
    await page.locator(".modal .sidecar-ledger li").first().waitFor();
    await preview.screenshot("shell-status-phone");
    expect(await preview.axe(".modal")).toEqual([]);
    await page.keyboard.press("Escape");
    await preview.runCommand("set-up-programs");
    await page.locator(".modal select").selectOption({ label: "Obsidian Copilot" });
    await preview.screenshot("shell-programs-phone");
    expect(await preview.axe(".modal")).toEqual([]);
    expect(await page.evaluate(() => [...document.querySelectorAll(".modal *")].filter((each) => each.getBoundingClientRect().right > innerWidth + 1 && each.closest("pre") === null).length)).toBe(0);
  });

  it("tells of a problem once, and again when it comes back after it was solved", async () => {
    const { page } = preview;
    const state = page.locator(".sidecar-connection-state");
    await page.keyboard.press("Escape");
    await preview.openSettings();
    const use = async (key: string): Promise<void> => {
      await page.getByLabel("Key", { exact: true }).fill(key);
      await page.getByLabel("Key", { exact: true }).press("Enter");
    };
    const told = async (): Promise<number> => (await preview.noticeTexts()).filter((text) => text.includes("The key isn’t this server’s")).length;
    const before = await told();
    await use("sk-sidecar-0000000000000000000000000000");
    await expect.poll(told).toBe(before + 1);
    await use("sk-sidecar-1111111111111111111111111111");
    await state.getByText("The key isn’t this server’s").waitFor();
    await use(preview.sidecar.token ?? "");
    await state.getByText(`at ${preview.sidecar.url}`).waitFor();
    expect(await told()).toBe(before + 1);
    await use("sk-sidecar-0000000000000000000000000000");
    await expect.poll(told).toBe(before + 2);
  });

  it("warns before the key goes over plain http to another machine, and does not send it", async () => {
    const { page } = preview;
    await page.keyboard.press("Escape");
    await preview.openSettings();
    await page.getByLabel("Address", { exact: true }).fill("http://192.168.77.77:8484");
    await page.getByLabel("Address", { exact: true }).press("Enter");
    await page.getByText("Send the key over plain http", { exact: true }).waitFor();
    // The key that is there was typed in for the other address, and does not come along.
    await page.locator(".sidecar-connection-state").getByText("There is no key for this address yet").waitFor();
    await page.getByLabel("Key", { exact: true }).fill(preview.sidecar.token ?? "");
    await page.getByLabel("Key", { exact: true }).press("Enter");
    await page.locator(".sidecar-connection-state").getByText("The key isn’t sent over plain http to another machine").waitFor();
    await preview.screenshot("shell-plain-http");
    expect(await preview.axe(".sidecar-settings")).toEqual([]);
  });

  it("keeps a key for the address that stood beside it, and not for one that a sync brings meanwhile", async () => {
    const { page } = preview;
    const url = "http://192.168.77.77:8484";
    const key = page.getByLabel("Key", { exact: true });
    await key.fill("sk-sidecar-2222222222222222222222222222");
    await page.evaluate(async () => {
      await window.preview.plugin?.saveData({ connection: { mode: "manual", url: "http://192.168.66.66:8484" } });
      await (window.preview.plugin as unknown as { onExternalSettingsChange(): Promise<void> }).onExternalSettingsChange();
    });
    await key.press("Enter");
    await page.locator(".sidecar-connection-state").getByText("There is no key for this address yet").waitFor();
    expect(await page.evaluate(() => ["sidecar-key", "sidecar-key-address"].map((id) => window.preview.app.secretStorage.getSecret(id)))).toEqual(["sk-sidecar-2222222222222222222222222222", url]);
  });

  it("takes a key that was typed in before any address for the address that is typed in next", async () => {
    const { page } = preview;
    const type = async (label: string, text: string): Promise<void> => {
      await page.getByLabel(label, { exact: true }).fill(text);
      await page.getByLabel(label, { exact: true }).press("Enter");
    };
    await type("Address", "");
    await type("Key", preview.sidecar.token ?? "");
    await type("Address", "http://192.168.77.77:8484");
    await page.locator(".sidecar-connection-state").getByText("The key isn’t sent over plain http to another machine").waitFor();
  });
});

describe.skipIf(cannotRun !== null)("with a settings file that is broken", () => {
  it("works with the usual settings, says so, and leaves the file until a setting is changed", async () => {
    const preview = await openPreview({ plugin: false });
    const file = join(preview.vault, ".obsidian/plugins/sidecar/data.json");
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, '{"connection": {"mode": "man');
    await preview.reopen();
    await says(preview, /Sidecar: (ready|indexing)/);
    expect(await preview.noticeTexts()).toContainEqual(expect.stringContaining("could not be read"));
    expect(readFileSync(file, "utf8")).toBe('{"connection": {"mode": "man');
    await preview.close();
  });
});
