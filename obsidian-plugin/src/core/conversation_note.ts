/** A conversation as a note: marked so that it is not indexed, because answers are no notes to answer from. */
import { readAnswer } from "./answer/blocks";
import { writeMarkdown, type LinkWriter } from "./answer/markdown";
import type { Conversation, Turn } from "./conversation";
import { noteName } from "./note_name";
import type { Target } from "./wikilink";

export interface NoteOptions {
  /** When it is written, as in `2026-03-14T09:26`. */
  readonly created: string;
  /** The words for the headings above sources and above what a question was asked about. */
  readonly words: { readonly sources: string; readonly about: string };
  /** The name where the question gives none. */
  readonly fallback: string;
  readonly link: LinkWriter;
}

/** The name for a conversation's note, without its ending. */
export function conversationName(conversation: Conversation, fallback: string): string {
  return noteName(conversation.turns[0]?.question ?? "", fallback);
}

/** Write a conversation: each question above its answer, and the notes that the answer rests on below it. */
export function conversationNote(conversation: Conversation, options: NoteOptions): string {
  const answered = conversation.turns.filter((turn) => turn.text.trim() !== "");
  const models = [...new Set(answered.map((turn) => turn.model).filter((model) => model !== null))];
  const turns = answered.map((turn) => turnText(turn, options));
  return `${frontmatter(options.created, models)}\n${turns.join("\n\n")}\n`;
}

/** An answer as Markdown that is safe in a note, with its sources where they are asked for. */
export function answerNote(turn: Turn, link: LinkWriter): string {
  return writeMarkdown(readAnswer(turn.text, turn.sources).blocks, link);
}

function turnText(turn: Turn, { words, link }: NoteOptions): string {
  const question = quotation("question", turn.question);
  const about = [...new Set(turn.quoted.map((quoted) => quoted.path))].map((path) => link(target(path), ""));
  const sources = sourceTargets(turn).map((source) => `- ${link(source, "")}`);
  const parts = [question, ...(about.length === 0 ? [] : [`${words.about}: ${about.join(", ")}`]), answerNote(turn, link)];
  return [...parts, ...(sources.length === 0 ? [] : [`**${words.sources}**\n\n${sources.join("\n")}`])].join("\n\n");
}

/** What the user asked, as it was typed: the text of a callout in which nothing is loaded. */
function quotation(kind: string, text: string): string {
  const safe = writeMarkdown([{ kind: "callout", callout: kind, title: [], blocks: readAnswer(text, []).blocks }]);
  return safe;
}

function sourceTargets(turn: Turn): Target[] {
  const found = new Map<string, Target>();
  for (const source of turn.sources ?? []) {
    const heading = source.heading_path.at(-1) ?? null;
    found.set(JSON.stringify([source.path, heading]), { path: source.path, heading, block: null });
  }
  return [...found.values()];
}

function target(path: string): Target {
  return { path, heading: null, block: null };
}

function frontmatter(created: string, models: readonly string[]): string {
  const model = models.length === 0 ? [] : [`model: ${models.length === 1 ? yaml(models[0] ?? "") : `[${models.map((each) => yaml(each)).join(", ")}]`}`];
  return ["---", "sidecar: false", `created: ${yaml(created, true)}`, ...model, "---", ""].join("\n");
}

/** A string of YAML: JSON's are, but for a few signs that YAML breaks lines at. A date stands plain, to be one. */
function yaml(text: string, plain = false): string {
  if (plain && /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?)?$/.test(text)) return text;
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
