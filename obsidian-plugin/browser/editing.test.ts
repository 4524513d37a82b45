/** What Obsidian's editor has beside lines of text: folds and drawn tables, several selections, cards of a canvas, odd file names. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { textsFor } from "../src/core/texts/texts";
import { cannotRun, openPreview, type Preview } from "./preview";
import { ScriptedUpstream } from "./scripted_upstream";

const texts = textsFor("en");
const TABLE = "# Boats\n\n| Boat | Colour |\n|------|--------|\n| One  | bleu   |\n| Two  | read   |\n\nThe harbour.\n";
const CARD = "The bot is verry big.";
const NOTES: Readonly<Record<string, string>> = {
  "Home.md": "# Home\n",
  "Table.md": TABLE,
  "Board.canvas": JSON.stringify({ nodes: [{ id: "1", type: "text", text: CARD, x: 0, y: 0, width: 100, height: 100 }], edges: [] }),
  "Three.md": "one two three\n",
  "Kettle # 2.md": "# Kettle\n\nThe kettle has a limescale filter that is changed every month.\n",
  // As macOS may call them: an accent of its own, and a space that does not break.
  "Cafe\u0301 at\u202fnine.md": "# Coffee\n\nThe espresso machine wants descaling at nine.\n",
  "Tea.md": "# Tea\n\nWater from the kettle, its limescale filter changed every month, makes better tea.\n",
};

describe.skipIf(cannotRun !== null)("in the editor", () => {
  let preview: Preview;
  let upstream: ScriptedUpstream;
  let vault: string;
  beforeAll(async () => {
    vault = mkdtempSync(join(tmpdir(), "sidecar-editing-"));
    mkdirSync(vault, { recursive: true });
    for (const [path, text] of Object.entries(NOTES)) writeFileSync(join(vault, path), text);
    upstream = await ScriptedUpstream.open();
    preview = await openPreview({ vault, sidecar: { args: ["--upstream", upstream.url] } });
    preview.page.setDefaultTimeout(8000);
    await preview.sidecar.ready();
    await preview.page.locator(".status-bar [data-tone=ok]").waitFor({ timeout: 20_000 });
  });
  afterAll(async () => {
    await upstream?.close();
    await preview?.close();
    if (vault !== undefined) rmSync(vault, { recursive: true, force: true });
  });
  const files = (): Promise<string[]> => preview.page.evaluate(() => window.preview.app.vault.getFiles().map((file) => file.path));
  const said = (): Promise<string> => preview.noticeTexts().then((all) => all.join("\n"));

  it("a draft for a part of a table that is drawn as one stands below the table", async () => {
    await preview.openNote("Table.md");
    await preview.page.evaluate((text) => {
      const { Decoration, EditorView, WidgetType } = window.preview.require("@codemirror/view") as typeof import("@codemirror/view");
      class Table extends WidgetType {
        override toDOM(): HTMLElement {
          return createDiv({ text: "a table" });
        }
      }
      const from = text.indexOf("| Boat");
      const table = Decoration.replace({ widget: new Table(), block: true }).range(from, text.indexOf("\n\nThe"));
      window.preview.plugin?.registerEditorExtension(EditorView.decorations.of(Decoration.set([table])));
    }, TABLE);
    await preview.select([4, 9], [4, 13]);
    upstream.next([{ text: "blue" }]);
    await preview.runCommand("text-fix");
    const panel = preview.page.locator(".cm-content .sidecar-draft");
    await panel.waitFor();
    await panel.locator("[data-action=replace]").click();
    expect(await preview.editorText()).toBe(TABLE.replace("bleu", "blue"));
  });

  it("the text of a canvas' card is no note's: nothing is written into the canvas", async () => {
    await preview.openNote("Home.md");
    const asked = upstream.last;
    for (const id of ["sidecar:text-fix", "sidecar:text-rewrite"]) {
      await preview.page.evaluate(
        async ([command, text]) => {
          const { app } = window.preview;
          const view = app.workspace.activeEditor;
          if (view === null) throw new Error("No editor is active.");
          view.editor.setValue(text);
          // A card's editor says which file it writes into: the canvas.
          app._commands.get(command)?.editorCallback?.(view.editor, { app, file: app.vault.getFileByPath("Board.canvas") } as never);
          await new Promise((done) => window.setTimeout(done, 300));
        },
        [id, CARD] as const,
      );
    }
    expect(await said()).toContain(texts("text.no_note"));
    expect(upstream.last).toBe(asked);
    expect(await preview.page.locator(".sidecar-draft").count()).toBe(0);
    expect(preview.noteText("Board.canvas")).toBe(NOTES["Board.canvas"]);
  });

  it("a link becomes what the main selection shows, and the other selections stay", async () => {
    await preview.openNote("Tea.md");
    await preview.runCommand("open-related");
    const row = preview.page.locator(".sidecar-related-row", { hasText: "Kettle" });
    await row.waitFor();
    await preview.openNote("Tea.md");
    await preview.page.evaluate(() => {
      const at = (from: number, to: number) => ({ anchor: { line: 2, ch: from }, head: { line: 2, ch: to } });
      window.preview.app.workspace.activeEditor?.editor.setSelections([at(0, 5), at(15, 21)], 1);
    });
    await row.locator("button").last().click();
    const text = await preview.editorText();
    expect(text).toMatch(/^# Tea\n\nWater from the \[\[.*\|kettle\]\], its/);
  });

  it("a note with a # in its name opens, and none is made of the half before it", async () => {
    await preview.openNote("Tea.md");
    await preview.runCommand("open-related");
    await preview.page.locator(".sidecar-related-open", { hasText: "Kettle" }).click();
    await expect.poll(() => preview.page.evaluate(() => window.preview.app.workspace.getActiveFile()?.path)).toBe("Kettle # 2.md");
    expect(await files()).not.toContain("Kettle.md");
  });

  it("a note that is called otherwise on the disk opens all the same", async () => {
    await preview.runCommand("search-notes");
    await preview.page.locator(".sidecar-search-input").fill("espresso machine descaling");
    await preview.page.locator(".sidecar-search-option.is-hit", { hasText: "Coffee" }).first().click();
    await expect.poll(() => preview.page.evaluate(() => window.preview.app.workspace.getActiveFile()?.path)).toBe("Caf\u00e9 at nine.md");
  });

  it("a note that has gone is not made anew by following a link to it", async () => {
    await preview.openNote("Tea.md");
    await preview.runCommand("open-related");
    const row = preview.page.locator(".sidecar-related-open", { hasText: "Kettle" });
    await row.waitFor();
    await preview.page.evaluate(() => {
      const { vault } = window.preview.app;
      // As a sync takes it away; the list is as old as its last answer.
      const file = vault.getFileByPath("Kettle # 2.md");
      if (file !== null) vault._unlink(file);
    });
    const before = await files();
    await row.click({ button: "middle" });
    await expect.poll(said).toContain(texts("notes.insert.no_note"));
    expect(await files()).toEqual(before);
  });
});
