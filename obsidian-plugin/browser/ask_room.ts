/** The view that asks, open in a page, and what a test does with it. */
import type { Locator } from "playwright-core";
import { expect } from "vitest";
import type { Look, Preview } from "./preview";

/** A question that the demonstration vault has an answer to. */
export const STARTER = "How do I feed the sourdough starter?";

export class Room {
  constructor(readonly preview: Preview) {}

  get page(): Preview["page"] {
    return this.preview.page;
  }
  get view(): Locator {
    return this.page.locator(".sidecar-ask");
  }
  get box(): Locator {
    return this.view.locator("textarea");
  }
  get answers(): Locator {
    return this.view.locator(".sidecar-ask-answer");
  }
  get text(): Locator {
    return this.answers.last().locator(".sidecar-ask-text");
  }
  button(name: string): Locator {
    return this.view.getByRole("button", { name, exact: true });
  }
  async open(look?: Look): Promise<void> {
    if (look !== undefined) await this.preview.reopen(look);
    await this.preview.runCommand("ask-open");
    await this.box.waitFor();
    // The models' names come over the connection: from then on it is there.
    await this.view.locator("select").first().locator("optgroup").first().waitFor({ state: "attached" });
  }
  async ask(question: string): Promise<void> {
    await this.box.fill(question);
    await this.box.press("Enter");
  }
  /** Until nothing more comes. */
  async answered(): Promise<void> {
    await this.answers.last().waitFor();
    await this.view.locator(".sidecar-ask-send[aria-label]:not([disabled]) , .sidecar-ask-send[disabled]").first().waitFor();
    await expect.poll(() => this.view.locator(".sidecar-ask-send").getAttribute("class"), { timeout: 20_000 }).toContain("mod-cta");
  }
  async asked(question: string): Promise<void> {
    const before = await this.lastTurn();
    await this.ask(question);
    // It is drawn a frame later; until then the answer before it would be taken for its own.
    await expect.poll(() => this.lastTurn()).not.toBe(before);
    await this.answered();
  }
  /** Begin a conversation, and wait until nothing of the one before is drawn: its turns count from one again. */
  async anew(): Promise<void> {
    await this.preview.runCommand("ask-new");
    await expect.poll(() => this.lastTurn()).toBeNull();
  }
  private lastTurn(): Promise<string | null> {
    return this.view.locator(".sidecar-ask-turn").evaluateAll((turns) => turns.at(-1)?.getAttribute("data-turn") ?? null);
  }
  shownNote(): Promise<string | undefined> {
    return this.page.evaluate(() => window.preview.app.workspace.getActiveFile()?.path);
  }
  clipboard(): Promise<string> {
    return this.page.evaluate(() => navigator.clipboard.readText());
  }
  async notice(text: string): Promise<void> {
    await expect.poll(async () => (await this.preview.noticeTexts()).join("\n")).toContain(text);
  }
}
