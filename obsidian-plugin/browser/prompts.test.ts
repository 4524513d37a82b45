/** Prompts of one's own, in Chromium, with a real Sidecar before a model whose words the test writes. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { samplePrompts } from "../src/core/text_commands/sample_prompts";
import { cannotRun, openPreview, type Preview } from "./preview";
import { ScriptedUpstream } from "./scripted_upstream";

const NOTE = "# Harbour\n\nThe boat {{clipboard}} and {{input:Secret?}} floats.\n\nIt is moored.\n";
const VAULT = {
  "Home.md": NOTE,
  "Prompts/Tone.md": "---\ndescription: Rewrites in a tone\noutput: replace\n---\nRewrite {{choose:Which tone?|kindly|sternly}} for {{input:Who reads it?|{{title}}}}:\n\n{{selection}}",
  "Prompts/Broken.md": "---\noutput: replace\n---\n\nFirst line\nRewrite {{selektion}} now",
  "Harbour fees.md": "# Harbour fees\n\nThe harbour fee is 40 euros a month.\n",
  "Harbour debts.md": "---\nsidecar: local\n---\n# Harbour debts\n\nThe harbour is owed SECRET DEBTS.\n",
  "Prompts/Harbours.md": "---\noutput: insert-after\n---\nSum up:\n\n{{search:harbour|5}}\n\nNear it:\n\n{{related:5}}",
  "Prompts/Minutes.md": "---\noutput: new-note\n---\nMinutes of {{title}}",
  "Prompts/Below.md": "---\noutput: insert-after\nsystem: You are brief.\ntemperature: 0.3\n---\nNext after: {{before:200}}",
  "Prompts/Talk.md": "---\noutput: ask-view\nsystem: You are brief.\ntemperature: 0.3\nnotes: never\nmodel: tiny\n---\nWhat about {{title}}?",
};

describe.skipIf(cannotRun !== null)("a prompt of one's own", () => {
  let preview: Preview;
  let upstream: ScriptedUpstream;
  let vault: string;
  const panel = (): ReturnType<Preview["page"]["locator"]> => preview.page.locator(".sidecar-draft");
  const button = (name: string): ReturnType<Preview["page"]["locator"]> => panel().getByRole("button", { name, exact: true });
  const finished = (): Promise<void> => panel().getByRole("status").filter({ hasText: "Finished" }).waitFor();
  const offered = (name: string): Promise<boolean> => preview.page.evaluate((id) => window.preview.app._commands.has(`sidecar:prompt:${id}`), name);
  const create = (path: string, text: string): Promise<unknown> => preview.page.evaluate(([name, body]) => window.preview.app.vault.create(name, body), [path, text] as const).then(() => null);

  beforeAll(async () => {
    vault = mkdtempSync(join(tmpdir(), "sidecar-prompts-"));
    for (const [path, text] of Object.entries(VAULT)) {
      mkdirSync(dirname(join(vault, path)), { recursive: true });
      writeFileSync(join(vault, path), text);
    }
    upstream = await ScriptedUpstream.open();
    preview = await openPreview({ vault, sidecar: { args: ["--upstream", upstream.url] } });
    preview.page.setDefaultTimeout(8000);
    await preview.page.locator(".status-bar", { hasText: "ready" }).waitFor({ timeout: 20_000 });
    await preview.page.waitForFunction(() => window.preview.app._commands.has("sidecar:prompt:Prompts/Tone.md"));
  });
  afterAll(async () => {
    await upstream?.close();
    await preview?.close();
    if (vault !== undefined) rmSync(vault, { recursive: true, force: true });
  });
  beforeEach(async () => {
    upstream.reset();
    await preview.page.evaluate(() => {
      for (const close of document.querySelectorAll<HTMLElement>(".modal-close-button, .sidecar-draft [data-action=discard]")) close.click();
    });
    await preview.openNote("Home.md");
    await preview.select([2, 4]);
  });

  it("asks all it wants to know in one form, and expands nothing that a note or an answer holds", async () => {
    await preview.page.evaluate(() => navigator.clipboard.writeText("CLIPBOARD SECRET"));
    upstream.next([{ text: "The boat floats." }]);
    await preview.runCommand("prompt:Prompts/Tone.md");
    const reader = preview.page.getByLabel("Who reads it?");
    expect(await reader.inputValue()).toBe("Home");
    await preview.page.getByLabel("Which tone?").selectOption("sternly");
    await reader.fill("Ana {{clipboard}}");
    expect(await preview.axe(".modal")).toEqual([]);
    await preview.screenshot("prompt-questions");
    await preview.page.keyboard.press("Enter");
    await finished();
    expect(upstream.last?.body.messages.at(-1)?.content).toBe("Rewrite sternly for Ana {{clipboard}}:\n\nThe boat {{clipboard}} and {{input:Secret?}} floats.");
    expect(JSON.stringify(upstream.last)).not.toContain("CLIPBOARD SECRET");
    await panel().getByText("Tone · paragraph").waitFor();
    await button("Replace").click();
    expect(await preview.editorText()).toContain("\n\nThe boat floats.\n\n");
    await preview.page.keyboard.press("Control+z");
    expect(await preview.editorText()).toBe(NOTE);
  });

  it("shows what it took from the clipboard before anything is sent, as the prompt may be somebody else's", async () => {
    await preview.page.evaluate(() => navigator.clipboard.writeText("CLIPBOARD SECRET"));
    await create("Prompts/Helpful.md", "---\noutput: insert-after\n---\nSay: {{clipboard}}");
    await expect.poll(() => offered("Prompts/Helpful.md"), { timeout: 5000 }).toBe(true);
    const asked = upstream.asked.length;
    await preview.runCommand("prompt:Prompts/Helpful.md");
    const shown = preview.page.locator(".modal", { hasText: "CLIPBOARD SECRET" });
    await shown.waitFor();
    expect(upstream.asked).toHaveLength(asked);
    upstream.next([{ text: "Said." }]);
    await shown.getByRole("button", { name: "Run" }).click();
    await finished();
    expect(upstream.last?.body.messages.at(-1)?.content).toBe("Say: CLIPBOARD SECRET");
    await button("Discard").click();
    await preview.page.evaluate(() => window.preview.app.vault.adapter.remove("Prompts/Helpful.md"));
  });

  it("asks nobody when the form is left", async () => {
    const asked = upstream.asked.length;
    await preview.runCommand("prompt:Prompts/Tone.md");
    await preview.page.getByLabel("Who reads it?").waitFor();
    await preview.page.keyboard.press("Escape");
    await preview.page.waitForTimeout(200);
    expect([upstream.asked.length, await panel().count()]).toEqual([asked, 0]);
  });

  it("is given no note that the user keeps from models, and says how many were found", async () => {
    await preview.sidecar.ready();
    upstream.next([{ text: "Summed up." }]);
    await preview.runCommand("prompt:Prompts/Harbours.md");
    await preview.page.locator(".notice", { hasText: "1 note that was found is for models on the server’s machine alone, and was left out" }).waitFor();
    await finished();
    const sent = JSON.stringify(upstream.last);
    expect(sent).toContain("40 euros a month");
    expect(sent).not.toMatch(/SECRET DEBTS|Harbour debts/);
  });

  it("puts nothing of a note that the user keeps from models into the view that asks before they agree", async () => {
    await preview.openNote("Harbour debts.md");
    await preview.select([4, 4]);
    const asked = preview.page.locator(".modal", { hasText: "Send text of this note?" });
    const box = preview.page.locator(".sidecar-ask textarea");
    await preview.runCommand("prompt:Prompts/Talk.md");
    await asked.getByRole("button", { name: "Cancel" }).click();
    await asked.waitFor({ state: "detached" });
    expect(await box.count()).toBe(0);
    await preview.runCommand("prompt:Prompts/Talk.md");
    await asked.getByRole("button", { name: "Send the text" }).click();
    await expect.poll(() => box.inputValue()).toBe("What about Harbour debts?");
    await box.fill("");
  });

  it("is in the palette as soon as its note is there, keeps its id when the note is renamed, and is gone with it", async () => {
    await create("Prompts/Fresh.md", "---\nname: Quite fresh\n---\n{{selection}}");
    await expect.poll(() => offered("Prompts/Fresh.md")).toBe(true);
    expect(await preview.page.evaluate(() => window.preview.app._commands.get("sidecar:prompt:Prompts/Fresh.md")?.name)).toContain("Prompt: Quite fresh");
    await preview.page.evaluate(async () => {
      const { app } = window.preview;
      const file = app.vault.getFileByPath("Prompts/Fresh.md");
      if (file !== null) await app.fileManager.renameFile(file, "Prompts/Renamed.md");
    });
    await preview.page.waitForTimeout(600);
    expect([await offered("Prompts/Fresh.md"), await offered("Prompts/Renamed.md")]).toEqual([true, false]);
    await create("Prompts/Fresh.md", "---\nname: Another\n---\n{{selection}}");
    await expect.poll(() => offered("Prompts/Fresh.md 2")).toBe(true);
    await preview.page.evaluate(async () => {
      const { app } = window.preview;
      const file = app.vault.getFileByPath("Prompts/Renamed.md");
      if (file !== null) await app.vault.delete(file);
    });
    await expect.poll(() => offered("Prompts/Fresh.md 2")).toBe(false);
    expect(await preview.page.evaluate(() => window.preview.app._commands.get("sidecar:prompt:Prompts/Fresh.md")?.name)).toContain("Another");
  });

  it("tells its mistake by line, and leads there", async () => {
    await preview.runCommand("prompt:Prompts/Broken.md");
    await preview.page.getByText("“selektion” is not known.").waitFor();
    expect(await preview.axe(".modal")).toEqual([]);
    await preview.screenshot("prompt-mistake");
    await preview.page.getByRole("link", { name: "Line 6:" }).click();
    await expect.poll(() => preview.page.evaluate(() => window.preview.app.workspace.activeEditor?.editor.getSelection())).toContain("{{selektion}}");
  });

  it("makes a note under a name that is asked for, and overwrites none", async () => {
    upstream.next([{ text: "- We met." }]);
    await preview.runCommand("prompt:Prompts/Minutes.md");
    await finished();
    await button("Create a note…").click();
    await preview.page.getByText("- We met.").last().waitFor();
    const name = preview.page.getByLabel("Name");
    await name.fill("Home");
    await preview.page.keyboard.press("Enter");
    await preview.page.getByText("“Home” already exists").waitFor();
    await name.fill("a/b");
    await preview.page.keyboard.press("Enter");
    await preview.page.getByText("This name cannot be used").waitFor();
    expect(await preview.axe(".modal")).toEqual([]);
    await preview.screenshot("prompt-new-note");
    await name.fill("Minutes of today");
    await preview.page.keyboard.press("Enter");
    await expect.poll(() => readdirSync(preview.vault)).toContain("Minutes of today.md");
    expect(preview.noteText("Minutes of today.md")).toBe("- We met.\n");
    expect(preview.noteText("Home.md")).toBe(NOTE);
    expect(await panel().count()).toBe(0);
  });

  it("goes on at the cursor under its own rules", async () => {
    await preview.select([4, 13]);
    upstream.next([{ text: "Since May." }]);
    await preview.runCommand("prompt:Prompts/Below.md");
    await finished();
    const { body } = upstream.last ?? {};
    expect(body?.messages[0]).toEqual({ role: "system", content: "You are brief." });
    expect((body as { temperature?: number } | undefined)?.temperature).toBe(0.3);
    await button("Insert").click();
    expect(await preview.editorText()).toBe(NOTE.replace("moored.", "moored. Since May."));
    await preview.page.keyboard.press("Control+z");
    expect(await preview.editorText()).toBe(NOTE);
  });

  it("is handed to the view that asks", async () => {
    await preview.runCommand("prompt:Prompts/Talk.md");
    await expect.poll(() => preview.page.evaluate(() => [...document.querySelectorAll("textarea")].map((area) => area.value))).toContain("What about Home?");
  });

  it("has the view that asks keep to its rules, its model and whether with notes, until somebody takes them away", async () => {
    const view = preview.page.locator(".sidecar-ask");
    await preview.runCommand("prompt:Prompts/Talk.md");
    await view.getByText("Prompt: Talk").waitFor();
    await expect.poll(() => view.getByLabel("Model").inputValue()).toBe("tiny");
    await preview.screenshot("prompt-ask");
    upstream.next([{ text: "It is a harbour." }]);
    await view.getByRole("button", { name: "Send" }).click();
    await view.getByText("It is a harbour.").first().waitFor();
    expect(upstream.last?.body).toMatchObject({ temperature: 0.3, messages: [{ role: "system", content: "You are brief." }, { role: "user", content: "What about Home?" }] });
    await view.getByRole("button", { name: "Remove Prompt: Talk" }).click();
    await expect.poll(() => view.getByLabel("Model").inputValue()).toBe("");
    upstream.next([{ text: "A small one." }]);
    await view.getByRole("textbox").fill("How big?");
    await view.getByRole("button", { name: "Send" }).click();
    await view.getByText("A small one.").first().waitFor();
    expect(JSON.stringify(upstream.last?.body)).not.toContain("You are brief.");
  });

  it("can be chosen, and seen before it is run", async () => {
    await preview.runCommand("prompt-preview");
    await preview.page.getByText("Rewrites in a tone").waitFor();
    await preview.page.getByText(/Has a mistake: “selektion” is not known/).waitFor();
    await preview.screenshot("prompt-choose");
    await preview.page.keyboard.type("below");
    await preview.page.keyboard.press("Enter");
    await preview.page.getByText("You are brief.").waitFor();
    expect(await preview.axe(".modal")).toEqual([]);
    await preview.screenshot("prompt-preview");
    await preview.page.keyboard.press("Escape");
    expect(await panel().count()).toBe(0);
  });

  it("comes with samples in the user's language, which are shown before and overwrite nothing", async () => {
    await preview.reopen({ language: "pt" });
    await expect.poll(() => preview.page.evaluate(() => window.preview.offers("prompt-samples"))).toBe(true);
    const samples = samplePrompts("pt");
    await create(`Prompts/${samples[0]?.name}.md`, "Mine.");
    await preview.runCommand("prompt-samples");
    await preview.page.getByText("(já existe)").waitFor();
    await preview.page.getByText(`Prompts/${samples[1]?.name}.md`).click();
    expect(await preview.axe(".modal")).toEqual([]);
    await preview.screenshot("prompt-samples");
    expect(readdirSync(join(preview.vault, "Prompts"))).not.toContain(`${samples[1]?.name}.md`);
    await preview.page.getByRole("button", { name: "Criar 4 notas" }).click();
    await expect.poll(() => readdirSync(join(preview.vault, "Prompts")).filter((name) => samples.some((sample) => `${sample.name}.md` === name))).toHaveLength(5);
    expect(preview.noteText(`Prompts/${samples[0]?.name}.md`)).toBe("Mine.");
    await expect.poll(() => offered(`Prompts/${samples[3]?.name}.md`)).toBe(true);
  });
});
