/** Has the last question of a conversation answered: gathers what goes with it, asks, and tells the conversation as it becomes. */
import { parseYaml, type App } from "obsidian";
import type { Conversation } from "../../core/conversation";
import { marksItselfKept } from "../../core/kept_marks";
import { asProblem } from "../../core/problem";
import type { AskEvent } from "../../core/protocol/chat";
import type { Context } from "../../context";
import { clientNow } from "../client_now";
import { textNow } from "../note_change";
import { gather, request } from "./gathering";
import type { TurnFacts } from "./turn_facts";

/** The conversation in which it is answered. */
export interface Answered {
  now(): Conversation;
  become(conversation: Conversation): void;
  /** What is known of the turn once it was gathered. */
  gathered(turn: number, facts: TurnFacts): void;
}

export class Answering {
  private running: AbortController | null = null;

  constructor(
    private readonly context: Context,
    private readonly answered: Answered,
  ) {}

  begin(how: TurnFacts): void {
    const own = new AbortController();
    this.running = own;
    void this.answer(how, own.signal).catch((reason: unknown) => {
      if (!own.signal.aborted) this.answered.become(this.answered.now().fail(asProblem(reason)));
    });
  }

  stop(): void {
    this.running?.abort();
    this.running = null;
  }

  private async answer(how: TurnFacts, signal: AbortSignal): Promise<void> {
    const { app, connection } = this.context;
    const client = await clientNow(connection);
    if (signal.aborted) return;
    const gathered = await gather(how, client, { read: (path) => noteText(app, path), marksItselfKept: (note) => marksItselfKept(note, parseYaml) });
    const { last } = this.answered.now();
    if (signal.aborted || last === null) return;
    this.answered.gathered(last.id, { ...how, keptOut: gathered.keptOut, whole: !client.streams });
    for await (const event of client.ask(request(this.answered.now(), gathered, how), signal)) {
      if (signal.aborted) return;
      this.answered.become(withEvent(this.answered.now(), event));
    }
  }
}

function withEvent(conversation: Conversation, event: AskEvent): Conversation {
  switch (event.kind) {
    case "text":
      return conversation.stream(event.text);
    case "reasoning":
      return conversation.think(event.text);
    case "sources":
      return conversation.cite(event.citations, event.leftOut);
    case "end":
      return conversation.finish(event.reason, event.model ?? null);
  }
}

async function noteText(app: App, path: string): Promise<string | null> {
  const file = app.vault.getFileByPath(path);
  return file === null ? null : textNow(app, file).catch(() => null);
}
