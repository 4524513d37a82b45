/**
 * What goes to the server with a question: the conversation, and the note and the selection that it is about.
 *
 * A note is named, not sent, wherever the notes are searched: the server puts it in, by its own rules of what may be read
 * and by which model. What has to be sent as text is asked about first, and stays here unless the server says that the note
 * may be read by any model. The server is told what the question is, as tags and operators of a selection are not its.
 */
import type { Client } from "../../core/client";
import type { Conversation } from "../../core/conversation";
import type { AskRequest, ChatMessage } from "../../core/protocol/chat";
import { quote, type Quoted } from "../../core/quoted";
import { conversationOf } from "./as_note";
import type { TurnFacts, KeptOut } from "./turn_facts";

/** What may be sent of a question's surroundings, and what may not. */
export interface Gathered {
  readonly quoted: readonly Quoted[];
  readonly named: readonly string[];
  readonly keptOut: readonly KeptOut[];
}

type About = Pick<TurnFacts, "note" | "selection" | "searched" | "quotes">;

const MOST_QUOTED = 12_000;
const LONGEST_QUESTION = 10_000;

/** The notes as they are in Obsidian at this moment. */
export interface NotesNow {
  /** The text with what has been typed; `null` where there is no such note. */
  read(path: string): Promise<string | null>;
  marksItselfKept(note: string): boolean;
}

export async function gather(about: About, client: Pick<Client, "why">, notes: NotesNow): Promise<Gathered> {
  const { note, selection, searched } = about;
  const named = searched && note !== null ? [note] : [];
  // What quotes from notes needs a note to quote from.
  if (about.quotes && selection !== null) named.push(selection.path);
  const quoted: Quoted[] = [];
  const keptOut: KeptOut[] = [];
  const add = async (one: { kind: Quoted["kind"]; path: string }, text: (note: string) => string): Promise<void> => {
    const found = await allowed(one.path, client, notes);
    if (typeof found === "string") quoted.push({ ...one, text: text(found) });
    else keptOut.push(found);
  };
  if (note !== null && !searched) await add({ kind: "note", path: note }, (words) => words);
  // A named note is put in by the server, or not; the user is told.
  else if (note !== null) keptOut.push(...[await allowed(note, client, notes)].filter((found) => typeof found !== "string").filter(({ because }) => because !== "local"));
  if (selection !== null) await add({ kind: "selection", path: selection.path }, () => selection.text);
  // The server knows which models are on its machine. Of a mark that it has not read yet it does not know.
  if (searched) named.push(...keptOut.filter(({ because }) => because === "local").map(({ path }) => path));
  const marked = new Set(keptOut.filter(({ because }) => because === "marked").map(({ path }) => path));
  return { quoted, named: [...new Set(named)].filter((path) => !marked.has(path)), keptOut };
}

/** The request for the conversation's last question. */
export function request(conversation: Conversation, gathered: Gathered, how: Pick<TurnFacts, "model" | "notes" | "searched" | "system" | "temperature">): AskRequest {
  const names = gathered.named.map(mention).join(" ");
  const quoted = gathered.quoted.map((one) => quote(one, conversation.mark, MOST_QUOTED));
  const messages = withLast(conversationOf(conversation.turns, false).messages(), [names, ...quoted]);
  const question = [conversation.last?.question ?? "", names].join(" ").trim().slice(0, LONGEST_QUESTION);
  return {
    messages: how.system === null ? messages : [{ role: "system", content: how.system }, ...messages],
    notes: how.searched ? how.notes : "never",
    ...(how.model === null ? {} : { model: how.model }),
    ...(how.temperature === null ? {} : { temperature: how.temperature }),
    ...(how.searched && quoted.length > 0 ? { vault: { question } } : {}),
  };
}

/** A note as it is named in a question. */
export function mention(path: string): string {
  return `[[${path.replace(/\.md$/, "")}]]`;
}

function withLast(messages: readonly ChatMessage[], added: readonly string[]): ChatMessage[] {
  const last = messages.at(-1);
  if (last === undefined) return [];
  return [...messages.slice(0, -1), { ...last, content: [last.content, ...added].filter((part) => part !== "").join("\n\n") }];
}

/** The note's text, which any model may be given; or why it may not. What the user typed a moment ago counts: the server has not read it yet. */
async function allowed(path: string, client: Pick<Client, "why">, notes: NotesNow): Promise<string | KeptOut> {
  const kept = await keptByServer(path, client);
  if (kept !== null) return kept;
  const note = await notes.read(path);
  if (note === null) return { path, because: "unread", explanation: null };
  return notes.marksItselfKept(note) ? { path, because: "marked", explanation: null } : note;
}

async function keptByServer(path: string, client: Pick<Client, "why">): Promise<KeptOut | null> {
  const { path: meant, status, local, explanation } = await client.why({ path });
  // A note that has not been read may say of itself that it is private; the server may take its path for that of another one.
  if (status !== "excluded" && (status !== "indexed" || spelled(meant) !== spelled(path))) return { path, because: "unread", explanation: null };
  if (status === "excluded") return { path, because: "excluded", explanation };
  return local === null ? null : { path, because: "local", explanation: null };
}

/** A path as Obsidian spells it, whatever the disk does. */
const spelled = (path: string): string => path.normalize("NFC").replace(/\u00a0|\u202f/g, " ");
