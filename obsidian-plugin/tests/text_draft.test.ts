import { describe, expect, it } from "vitest";
import { Problem } from "../src/core/problem";
import type { AskEvent } from "../src/core/protocol/chat";
import { Draft, type Ask } from "../src/core/text_commands/draft";
import { passageAt } from "../src/core/text_commands/passage";
import { taskMessages, type Change, type Message } from "../src/core/text_commands/task_messages";
import { TASKS, type TextTask } from "../src/core/text_commands/text_task";
import { withChange } from "../src/core/text_commands/written_change";

const NOTE = "Alpha.\n\nThe bot is bigg.\n\nOmega.";
const text = (words: string): AskEvent => ({ kind: "text", text: words });
const END: AskEvent = { kind: "end", reason: "stop" };

/** A draft of the middle paragraph, its phases, and what the model was asked. */
function drafted(ask: Ask, task: TextTask = TASKS[0]): { draft: Draft; phases: string[] } {
  const passage = passageAt(NOTE, { from: 12, to: 12 }, task.scope);
  if (passage === null) throw new Error("no passage");
  const phases: string[] = [];
  const material = { note: NOTE, passage, mark: "text-1", language: "English" };
  const messages = (changes: readonly Change[]): Message[] => taskMessages(task, material, changes);
  const draft: Draft = new Draft({ note: NOTE, passage, original: passage.text, mark: "text-1", outcome: task.outcome, comparable: true, messages }, { ask, changed: () => phases.push(draft.phase) });
  return { draft, phases };
}

async function* events(...list: AskEvent[]): AsyncIterable<AskEvent> {
  for (const event of list) yield await Promise.resolve(event);
}

describe("a draft", () => {
  it("goes through its phases and leaves the reasoning out", async () => {
    const { draft, phases } = drafted(() => events({ kind: "reasoning", text: "hm" }, text("The boat"), text(" is big."), END));
    await draft.run();
    expect(phases).toEqual(["waiting", "reasoning", "writing", "writing", "writing", "done"]);
    expect(draft.answer).toBe("The boat is big.");
    const change = draft.written("replace");
    expect(change && withChange(NOTE, change)).toBe("Alpha.\n\nThe boat is big.\n\nOmega.");
  });
  it("follows its note, and does not overwrite what was changed meanwhile", async () => {
    const { draft } = drafted(() => events(text("New."), END));
    await draft.run();
    const longer = `Intro.\n\n${NOTE}`;
    draft.follow(longer);
    expect(withChange(longer, draft.written("replace") ?? { from: 0, to: 0, insert: "" })).toBe("Intro.\n\nAlpha.\n\nNew.\n\nOmega.");
    const other = longer.replace("bigg", "big");
    draft.follow(other);
    expect(draft.place()).toBeNull();
    expect(draft.written("replace")).toBeNull();
    expect(withChange(other, draft.written("after") ?? { from: 0, to: 0, insert: "" })).toContain("The bot is big.\n\nNew.\n\nOmega.");
    draft.follow(longer);
    expect(draft.place()).not.toBeNull();
  });
  it("keeps what there is when it is stopped, and stops the server's work", async () => {
    let stopped = false;
    const { draft } = drafted(async function* (_messages, signal) {
      yield text("The boat");
      await new Promise<void>((done) => signal.addEventListener("abort", () => ((stopped = true), done())));
      throw new Problem("stopped");
    });
    const run = draft.run();
    await new Promise((done) => setTimeout(done, 5));
    draft.stop();
    expect(draft.phase).toBe("stopped");
    await run;
    expect([draft.phase, draft.answer, stopped, draft.problem]).toEqual(["stopped", "The boat", true, null]);
  });
  it("keeps what there is when the connection is cut", async () => {
    const { draft } = drafted(async function* () {
      yield text("The boat");
      await Promise.resolve();
      throw new Problem("cut");
    });
    await draft.run();
    expect([draft.phase, draft.answer, draft.problem?.kind]).toEqual(["failed", "The boat", "cut"]);
  });
  it("tells that the model stopped at its limit", async () => {
    const { draft } = drafted(() => events(text("The"), { kind: "end", reason: "length" }));
    await draft.run();
    expect([draft.phase, draft.cut]).toEqual(["done", true]);
  });
  it("asks for a change with the answer it had, and an older run that still speaks is not heard", async () => {
    const asked: number[] = [];
    let release: () => void = () => undefined;
    const { draft } = drafted(async function* (messages) {
      asked.push(messages.length);
      yield text(`v${asked.length}`);
      if (asked.length === 1) await new Promise<void>((done) => (release = done));
      yield text("!");
    });
    const first = draft.run();
    await new Promise((done) => setTimeout(done, 5));
    const second = draft.change("Shorter");
    release();
    await Promise.all([first, second]);
    expect([asked, draft.answer, draft.phase]).toEqual([[2, 4], "v2!", "done"]);
  });
});
