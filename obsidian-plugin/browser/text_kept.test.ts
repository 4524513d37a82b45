/** What commands on text and prompts keep from models, never write by themselves, and end: with a model whose words the test writes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Locator } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { textsFor } from "../src/core/texts/texts";
import { cannotRun, openPreview, type Preview } from "./preview";
import { ScriptedUpstream } from "./scripted_upstream";

const texts = textsFor("en");
const BOAT = "---\nowner: Ines of the harbour\n---\n\n# The boat\n\nThe bot is verry big.\n\nIt is moored.\n";
const VAULT = {
  "Home.md": BOAT,
  "Prompts/Before.md": "---\noutput: insert-after\n---\nNext after: {{before:500}}",
  "Prompts/Whole.md": "---\noutput: insert-after\n---\nOf the whole: {{note}}",
};

describe.skipIf(cannotRun !== null)("a text that is worked on", () => {
  let preview: Preview;
  let upstream: ScriptedUpstream;
  let vault: string;
  let serial = 0;
  const panel = (): Locator => preview.page.locator(".sidecar-draft");
  const button = (name: string): Locator => panel().getByRole("button", { name, exact: true });
  const finished = (): Promise<void> => panel().and(preview.page.locator('[aria-busy="false"]')).waitFor();
  const open = async (text = BOAT, line = 6): Promise<string> => {
    const path = `Boat ${(serial += 1)}.md`;
    await preview.page.evaluate(async ([name, body]) => void (await window.preview.app.vault.create(name, body)), [path, text] as const);
    await preview.openNote(path);
    await preview.select([line, 4]);
    return path;
  };
  const settings = (data: object): Promise<void> =>
    preview.page.evaluate(async (kept) => {
      await window.preview.plugin?.saveData(kept);
      await (window.preview.plugin as unknown as { onExternalSettingsChange(): Promise<void> }).onExternalSettingsChange();
    }, data);
  const prompts = (): Promise<string[]> => preview.page.evaluate(() => [...window.preview.app._commands.keys()].flatMap((id) => (id.startsWith("sidecar:prompt:") ? [id.slice("sidecar:prompt:".length)] : [])));

  beforeAll(async () => {
    vault = mkdtempSync(join(tmpdir(), "sidecar-kept-"));
    for (const [path, text] of Object.entries(VAULT)) {
      mkdirSync(dirname(join(vault, path)), { recursive: true });
      writeFileSync(join(vault, path), text);
    }
    upstream = await ScriptedUpstream.open();
    preview = await openPreview({ vault, sidecar: { args: ["--upstream", upstream.url] } });
    preview.page.setDefaultTimeout(8000);
    await preview.page.locator(".status-bar", { hasText: "ready" }).waitFor();
  });
  afterAll(async () => {
    await preview?.close();
    await upstream?.close();
    if (vault !== undefined) rmSync(vault, { recursive: true, force: true });
  });
  beforeEach(async () => {
    upstream.reset();
    await preview.page.evaluate(() => {
      for (const close of document.querySelectorAll<HTMLElement>(".modal-close-button, .sidecar-draft [data-action=stop], .sidecar-draft [data-action=discard]")) close.click();
    });
  });

  it.each([["is cut off by the model's limit", ["length"]], ["breaks off", ["cut"]]] as const)("is never written by itself when its answer %s, also where nothing is shown before", async (_how, end) => {
    await settings({ text: { confirm: false } });
    await open();
    upstream.next([{ text: "The boat is " }, "hold", ...end]);
    await preview.runCommand("text-fix");
    await panel().locator(".sidecar-draft-body").getByText("The boat is").waitFor();
    upstream.release();
    await button(texts("text.do.replace")).waitFor();
    expect(await preview.editorText()).toBe(BOAT);
    // Whether it broke off or not, what there is can be taken.
    await button(texts("text.do.discard")).click();
    expect(await preview.editorText()).toBe(BOAT);
    await settings({});
  });

  it("costs the model nothing more once the plugin is off, and leaves no panel in the note", async () => {
    await open();
    upstream.next([{ text: "New " }, "hold", { text: "text." }]);
    await preview.runCommand("text-rewrite");
    await panel().locator(".sidecar-draft-body").getByText("New").waitFor();
    await preview.page.evaluate(() => window.preview.disable());
    await expect.poll(() => upstream.last?.left).toBe(true);
    expect(await panel().count()).toBe(0);
    expect(await preview.editorText()).toBe(BOAT);
    await preview.reopen({});
    await preview.page.locator(".status-bar", { hasText: "ready" }).waitFor();
  });

  it("goes to no model before the user agrees where its note has a private tag that the server has not read", async () => {
    const path = await open("# Mine #private\n\nThe safe opens with zebra seven.\n", 2);
    rmSync(join(preview.vault, path));
    const { url, token } = preview.sidecar;
    const known = async (): Promise<string> => ((await (await fetch(`${url}/vault/why?path=${encodeURIComponent(path)}`, { headers: { Authorization: `Bearer ${token}` } })).json()) as { status: string }).status;
    await expect.poll(known, { timeout: 20_000 }).toBe("unknown");
    const asked = upstream.asked.length;
    await preview.runCommand("text-rewrite");
    const modal = preview.page.locator(".modal", { hasText: texts("text.kept.title") });
    await modal.getByRole("button", { name: texts("text.do.cancel") }).click();
    expect([upstream.asked.length, await panel().count()]).toEqual([asked, 0]);
  });

  it("tells those who do not see it that the text has changed and what is shown, and gives the keyboard back to the note", async () => {
    await open();
    upstream.next([{ text: "The boat is very big." }]);
    await preview.runCommand("text-fix");
    await finished();
    const compare = button(texts("text.compare"));
    expect(await compare.getAttribute("aria-pressed")).toBe("true");
    await compare.click();
    expect(await compare.getAttribute("aria-pressed")).toBe("false");
    await button(texts("text.do.replace")).focus();
    await preview.page.keyboard.press("Escape");
    expect(await preview.page.evaluate(() => document.activeElement?.classList.contains("cm-content"))).toBe(true);
    expect(await panel().count()).toBe(1);
    await preview.select([6, 3]);
    await preview.page.keyboard.type(" old");
    await panel().getByRole("alert").getByText(texts("text.changed")).waitFor();
  });

  it("is not asked about before an instruction is whole: Enter may take what an input method proposes", async () => {
    await open();
    await preview.runCommand("text-change");
    const field = preview.page.getByLabel(texts("text.instruction"));
    await field.fill("日本");
    const asked = upstream.asked.length;
    for (const how of [{ isComposing: true }, { keyCode: 229 }]) {
      await field.evaluate((box, init) => box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...init })), how);
      expect(await field.isVisible()).toBe(true);
    }
    await preview.page.keyboard.press("Escape");
    expect([upstream.asked.length, await panel().count()]).toEqual([asked, 0]);
  });

  it.each(["Before", "Whole"])("has no properties of its note with it in the prompt %s", async (name) => {
    await expect.poll(prompts).toContain(`Prompts/${name}.md`);
    await open();
    await preview.select([8, 13]);
    upstream.next([{ text: "Since May." }]);
    await preview.runCommand(`prompt:Prompts/${name}.md`);
    await finished();
    expect(upstream.last?.body.messages.at(-1)?.content).toContain("The bot is verry big.");
    expect(JSON.stringify(upstream.last?.body)).not.toContain("Ines of the harbour");
  });

  it("is worked on by a prompt as its note says now", async () => {
    await expect.poll(prompts).toContain("Prompts/Before.md");
    await preview.page.evaluate(async () => {
      const { vault } = window.preview.app;
      const file = vault.getFileByPath("Prompts/Before.md");
      if (file !== null) await vault.modify(file, "---\noutput: insert-after\nname: Before\n---\nQuite another task.");
    });
    await open();
    // The notes of the folder are read anew a moment after the last change.
    await expect
      .poll(async () => {
        upstream.next([{ text: "Done." }]);
        await preview.runCommand("prompt:Prompts/Before.md");
        await finished();
        await button(texts("text.do.discard")).click();
        return upstream.last?.body.messages.at(-1)?.content;
      }, { timeout: 20_000 })
      .toBe("Quite another task.");
  });

  it("has the prompts of the folder that is set now, and samples to begin with where there are none", async () => {
    await expect.poll(prompts).toContain("Prompts/Whole.md");
    await settings({ prompts: { folder: "Elsewhere" } });
    await expect.poll(prompts).toEqual([]);
    await open();
    await preview.runCommand("prompt-run");
    await preview.page.locator(".modal", { hasText: texts("text.samples.title") }).waitFor();
    await preview.page.keyboard.press("Escape");
    await settings({});
    await expect.poll(prompts).toContain("Prompts/Whole.md");
  });
});
