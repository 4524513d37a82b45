/** A disk on which a name in other letters is the same name, as on Windows, macOS and Android. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { samplePrompts } from "../src/core/text_commands/sample_prompts";
import { textsFor } from "../src/core/texts/texts";
import { cannotRun, openPreview, type Preview } from "./preview";

describe.skipIf(cannotRun !== null)("where the case of names makes no difference", () => {
  const texts = textsFor("en");
  let preview: Preview;
  beforeAll(async () => {
    preview = await openPreview();
    preview.page.setDefaultTimeout(8000);
    await preview.sidecar.ready();
    await preview.page.evaluate(async () => {
      const { vault } = window.preview.app;
      vault._caseless = true;
      await vault.createFolder("conversations");
      await vault.createFolder("prompts");
    });
  });
  afterAll(() => preview?.close());

  it("a conversation goes into the folder that is there under another case", async () => {
    await preview.runCommand("ask-open");
    const view = preview.page.locator(".sidecar-ask");
    await view.locator("textarea").fill("How do I feed the sourdough starter?");
    await view.locator("textarea").press("Enter");
    await view.locator(".sidecar-ask-actions").waitFor();
    await preview.runCommand("ask-save");
    await expect.poll(() => readdirSync(join(preview.vault, "conversations"))).toHaveLength(1);
    await expect.poll(() => preview.page.evaluate(() => window.preview.app.workspace.getActiveFile()?.path)).toMatch(/^conversations\//);
  });

  it("prompts are found in the folder that is there under another case, and samples go there", async () => {
    const samples = samplePrompts("en");
    await preview.runCommand("prompt-samples");
    await preview.page.getByRole("button", { name: texts("text.samples.create", { count: samples.length }) }).click();
    await expect.poll(() => readdirSync(join(preview.vault, "prompts"))).toHaveLength(samples.length);
    await expect.poll(() => preview.page.evaluate(() => [...window.preview.app._commands.keys()].filter((id) => id.includes(":prompt:")))).toHaveLength(samples.length);
  });
});
