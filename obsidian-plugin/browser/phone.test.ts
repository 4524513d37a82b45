/** A phone against a server that other machines reach: the address and the phone's own key typed in, over plain http, by `fetch` and without it. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Locator } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sidecarCommand } from "../preview/sidecar.mjs";
import { cannotRun, openPreview, type Preview } from "./preview";
import { ScriptedUpstream } from "./scripted_upstream";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const STARTER = "How do I feed the sourdough starter?";
/** An address of this machine that is no loopback: the plugin treats it as another machine's, and so does the server. */
const ADDRESS = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === "IPv4" && !each.internal)?.address;
const skipped = cannotRun !== null || ADDRESS === undefined;
if (ADDRESS === undefined) console.warn("Phone tests are skipped: this machine has no address but its own loopback.");

class Phone {
  constructor(readonly preview: Preview) {}

  get page(): Preview["page"] {
    return this.preview.page;
  }
  get view(): Locator {
    return this.page.locator(".sidecar-ask");
  }
  get answer(): Locator {
    return this.view.locator(".sidecar-ask-answer").last();
  }
  get state(): Locator {
    return this.page.locator(".sidecar-connection-state");
  }
  /** A key as the machine's owner makes it for the phone. */
  key(scope: "read" | "chat", name: string): string {
    const [program = "", ...words] = sidecarCommand() ?? [];
    const { dataDir, env } = this.preview.sidecar.machine;
    const made = spawnSync(program, [...words, "token", "create", name, "--scope", scope, "--data-dir", dataDir], {
      cwd: REPOSITORY,
      env: { ...process.env, ...env, SIDECAR_CONFIG: "/dev/null" },
      encoding: "utf8",
    });
    const key = made.stdout.trim();
    if (!/^sk-sidecar-\S{20,}$/.test(key)) throw new Error(`No key was made: ${made.stdout}${made.stderr}`);
    return key;
  }
  async type(label: string, text: string): Promise<void> {
    const field = this.page.getByLabel(label, { exact: true });
    await field.fill(text);
    await field.press("Enter");
  }
  /** Type in a key; the settings stay open. */
  async useKey(key: string): Promise<void> {
    await this.preview.openSettings();
    await this.type("Key", key);
  }
  async closeAll(): Promise<void> {
    for (let tries = 0; tries < 4 && (await this.page.locator(".modal").count()) > 0; tries += 1) {
      await this.page.keyboard.press("Escape");
      await this.page.waitForTimeout(60);
    }
  }
  async connected(): Promise<void> {
    await this.state.getByText(`at ${this.preview.sidecar.url}`).waitFor();
  }
  async setUp(key: string): Promise<void> {
    await this.preview.openSettings();
    await this.type("Address", this.preview.sidecar.url);
    await this.type("Key", key);
    await this.page.locator(".setting-item", { hasText: "Send the key over plain http" }).locator(".checkbox-container").click();
    await this.connected();
    await this.closeAll();
  }
  async ask(question: string): Promise<void> {
    await this.preview.runCommand("ask-open");
    await this.view.locator("select").first().locator("optgroup").first().waitFor({ state: "attached" });
    await this.view.locator("textarea").fill(question);
    await this.view.locator(".sidecar-ask-send").click();
  }
  savedData(): string {
    return readFileSync(join(this.preview.vault, ".obsidian/plugins/sidecar/data.json"), "utf8");
  }
}

/** `args`: more for the server, as further vaults or a model. */
async function openPhone(origin: string, args: string[] = []): Promise<Phone> {
  const preview = await openPreview({ mobile: true, origin, sidecar: { host: ADDRESS ?? "", args: ["--allow-remote", ...args] } });
  await preview.sidecar.ready();
  return new Phone(preview);
}

describe.skipIf(skipped)("a phone whose origin the server knows", () => {
  let phone: Phone;
  let key = "";
  beforeAll(async () => {
    phone = await openPhone("http://localhost");
    key = phone.key("chat", "phone");
    phone.preview.expected.push(/status of (401|403)/);
  });
  afterAll(() => phone?.preview.close());

  it("sends no key before plain http is allowed, then connects", async () => {
    const { page, preview } = phone;
    await preview.openSettings();
    expect(await page.getByLabel("Address", { exact: true }).inputValue()).toBe("");
    await phone.type("Address", preview.sidecar.url);
    await phone.type("Key", key);
    await phone.state.getByText("The key isn’t sent over plain http to another machine").waitFor();
    await phone.state.getByText("Sidecar: key not sent").waitFor();
    expect(await preview.noticeTexts()).toEqual([]);
    expect(preview.asked.filter((each) => each !== "GET /healthz")).toEqual([]);
    await preview.screenshot("phone-plain-http");
    await page.locator(".setting-item", { hasText: "Send the key over plain http" }).locator(".checkbox-container").click();
    await phone.connected();
    await preview.screenshot("phone-connected");
    await phone.closeAll();
  });

  it("keeps the key out of the settings file", () => {
    expect(phone.savedData()).toContain(phone.preview.sidecar.url);
    expect(phone.savedData()).not.toContain("sk-sidecar");
  });

  it("asks by fetch, in pieces", async () => {
    const before = phone.preview.asked.length;
    await phone.ask(STARTER);
    await phone.answer.getByText("Feed it every nine days").first().waitFor();
    expect(phone.preview.asked.slice(before)).toContain("POST /v1/chat/completions");
    await phone.preview.screenshot("phone-answer");
  });

  it("searches, shows related notes and the status", async () => {
    const { page, preview } = phone;
    await preview.openNote("House/Boiler.md");
    await preview.runCommand("open-related");
    await page.locator(".sidecar-related-open", { hasText: "Warranties" }).waitFor();
    await preview.screenshot("phone-related");
    await preview.runCommand("search-notes");
    await page.getByRole("combobox", { name: "Search by meaning" }).fill("sourdough");
    await page.locator(".sidecar-search-option.is-hit").first().waitFor();
    await preview.screenshot("phone-search");
    await phone.closeAll();
    await preview.runCommand("show-status");
    await page.locator(".modal .sidecar-ledger li").first().waitFor();
    await preview.screenshot("phone-status");
    await phone.closeAll();
  });

  it("is told what a key for reading does not do", async () => {
    await phone.useKey(phone.key("read", "reader"));
    await phone.connected();
    await phone.closeAll();
    await phone.ask(STARTER);
    await phone.view.getByText("The key doesn’t allow this").waitFor();
    await phone.view.getByText("sidecar token create NAME --scope chat").waitFor();
    await phone.preview.screenshot("phone-read-key");
  });

  it("is told that a key is none of the server's, and how to make one", async () => {
    await phone.useKey("sk-sidecar-0000000000000000000000000000");
    await phone.state.getByText("The server refuses the key").waitFor();
    await phone.state.getByText("sidecar token create phone --scope chat").waitFor();
    await phone.preview.screenshot("phone-wrong-key");
    await phone.type("Key", key);
    await phone.connected();
    await phone.closeAll();
  });
});

// A server behind a tunnel listens to its own machine alone, and does not let a phone's origin in; its address is all the same another's.
describe.skipIf(skipped)("a phone whose origin the server refuses", () => {
  let phone: Phone;
  let upstream: ScriptedUpstream;
  beforeAll(async () => {
    upstream = await ScriptedUpstream.open();
    phone = await openPhone("https://localhost", ["--upstream", upstream.url]);
    phone.preview.expected.push(/CORS policy/, /status of 403/, /net::ERR_FAILED/);
    await phone.setUp(phone.key("chat", "phone"));
  });
  afterAll(async () => {
    await phone?.preview.close();
    await upstream?.close();
  });

  // Before the conversation is opened, which lies over the note on a phone.
  it("has text rewritten, and takes it with one undo", async () => {
    const { page, preview } = phone;
    await preview.openNote("House/Boiler.md");
    const before = await preview.editorText();
    const line = before.split("\n").findIndex((each) => each.startsWith("- Keep the pressure"));
    await preview.select([line, 2], [line, 10]);
    upstream.next([{ text: "Hold " }, { text: "THE" }]);
    await preview.runCommand("text-rewrite");
    await page.locator(".sidecar-draft").getByRole("button", { name: "Replace", exact: true }).click();
    await expect.poll(() => preview.editorText()).toContain("- Hold THE pressure");
    await preview.screenshot("phone-rewritten");
    await page.keyboard.press("Control+z");
    expect(await preview.editorText()).toBe(before);
  });

  it("asks by requestUrl, the whole answer at once", async () => {
    const forwarded: string[] = [];
    phone.page.on("request", (request) => {
      const header = request.headers()["x-request"];
      if (header !== undefined) forwarded.push(new URL((JSON.parse(decodeURIComponent(header)) as { url: string }).url).pathname);
    });
    const before = phone.preview.asked.length;
    upstream.next([{ text: "Every nine days, " }, { text: "with rye flour." }]);
    await phone.ask(STARTER);
    await phone.answer.getByText("Every nine days, with rye flour.").waitFor();
    expect(forwarded).toContain("/v1/chat/completions");
    expect(phone.preview.asked.slice(before)).toEqual([]);
    await phone.preview.screenshot("phone-buffered");
  });

  it("searches and shows related notes all the same", async () => {
    const { page, preview } = phone;
    await preview.openNote("House/Boiler.md");
    await preview.runCommand("open-related");
    await page.locator(".sidecar-related-open", { hasText: "Warranties" }).waitFor();
    await preview.runCommand("search-notes");
    await page.getByRole("combobox", { name: "Search by meaning" }).fill("sourdough");
    await page.locator(".sidecar-search-option.is-hit").first().waitFor();
    await phone.closeAll();
  });
});

describe.skipIf(skipped)("a phone of a server that has two vaults of its name", () => {
  let phone: Phone;
  let folder = "";
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "sidecar-phone-"));
    mkdirSync(join(folder, "demo"));
    writeFileSync(join(folder, "demo", "Lonely.md"), "# Lonely\n\nNothing but a lighthouse.\n");
    phone = await openPhone("http://localhost", [join(folder, "demo")]);
    await phone.setUp(phone.key("chat", "phone"));
  });
  afterAll(async () => {
    await phone?.preview.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("asks which one is open here, and keeps the choice", async () => {
    const { page, preview } = phone;
    await preview.openNote("House/Boiler.md");
    await preview.runCommand("open-related");
    await page.locator(".sidecar-related").getByText("choose in the settings").waitFor();
    await preview.openSettings();
    await phone.state.getByText("Sidecar: several vaults have this name").waitFor();
    const choice = page.locator(".setting-item", { hasText: "Which of the server’s vaults" }).locator("select");
    expect((await choice.locator("option").allInnerTexts()).slice(1)).toHaveLength(2);
    await preview.screenshot("phone-several-vaults");
    await choice.selectOption("demo");
    await phone.state.getByText(/Sidecar: ready/).waitFor();
    await phone.closeAll();
    await page.locator(".sidecar-related-open", { hasText: "Warranties" }).waitFor();
    expect(phone.savedData()).toContain('"vault": "demo"');
  });
});

describe.skipIf(skipped)("a phone whose vault the server does not have", () => {
  let phone: Phone;
  beforeAll(async () => {
    phone = await openPhone("capacitor://localhost");
    // The phone's vault has another name than the server's folder.
    await phone.page.evaluate(() => Object.assign(window.preview.app.vault, { getName: () => "Elsewhere" }));
    await phone.setUp(phone.key("chat", "phone"));
  });
  afterAll(() => phone?.preview.close());

  it("says which vaults there are, and takes the one that is chosen", async () => {
    const { page, preview } = phone;
    await preview.runCommand("show-status");
    const modal = page.locator(".modal");
    await modal.getByText("It has: demo").waitFor();
    expect(await modal.locator(".sidecar-callout").innerText()).not.toMatch(/:\s*$/);
    await preview.screenshot("phone-other-vault");
    await phone.closeAll();
    await phone.preview.openSettings();
    await preview.screenshot("phone-choose-vault");
    await page.locator(".setting-item", { hasText: "Which of the server’s vaults" }).locator("select").selectOption("demo");
    await phone.state.getByText(/Sidecar: ready/).waitFor();
    await phone.closeAll();
  });
});
