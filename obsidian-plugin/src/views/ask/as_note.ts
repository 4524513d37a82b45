/** Answers and conversations as Markdown for notes of this vault, with links in the form that the user chose for links. */
import type { App } from "obsidian";
import type { LinkWriter } from "../../core/answer/markdown";
import { Conversation, type Turn } from "../../core/conversation";
import { answerNote, conversationNote } from "../../core/conversation_note";
import { formatDate } from "../../core/dates";
import type { Texts } from "../../core/texts/texts";
import { linkText, type Target } from "../../core/wikilink";

/** An answer for a note, from which links lead. */
export function answerMarkdown(app: App, turn: Turn, from: string): string {
  return answerNote(turn, linksFrom(app, from));
}

/** A whole conversation, as it is when `created`, in ms. */
export function wholeNote(app: App, texts: Texts, conversation: Conversation, at: { readonly path: string; readonly created: number }): string {
  const created = formatDate(new Date(at.created), "YYYY-MM-DD[T]HH:mm", "en");
  const words = { sources: texts("ask.note.sources"), about: texts("ask.note.about") };
  return conversationNote(conversation, { created, words, fallback: texts("ask.conversation"), link: linksFrom(app, at.path) });
}

/** Some turns of it as they stand in its note: without the note's properties. */
export function partOfNote(app: App, texts: Texts, turns: readonly Turn[], path: string): string {
  return wholeNote(app, texts, conversationOf(turns), { path, created: 0 }).replace(/^---\n[\s\S]*?\n---\n+/, "");
}

/** A conversation of these turns; `quoted` says whether with what they were about. */
export function conversationOf(turns: readonly Turn[], quoted = true): Conversation {
  return turns.reduce((before, turn) => {
    const streamed = before.ask(turn.question, quoted ? turn.quoted : []).stream(turn.text);
    return (turn.sources === null ? streamed : streamed.cite(turn.sources, turn.leftOut)).finish(turn.reason ?? "stop", turn.model);
  }, Conversation.begin(Math.random));
}

function linksFrom(app: App, from: string): LinkWriter {
  return (target, shown) => {
    const file = app.metadataCache.getFirstLinkpathDest(target.path.replace(/\.md$/, ""), from);
    if (file === null) return `[[${linkText(target)}]]`;
    const subpath = linkText({ ...target, path: "" });
    // What Obsidian would show anyhow needs no words of its own.
    const alias = usual(target, file.basename).includes(shown) ? "" : shown;
    return app.fileManager.generateMarkdownLink(file, from, subpath, alias);
  };
}

function usual(target: Target, name: string): string[] {
  const place = target.block === null ? (target.heading ?? "") : `^${target.block}`;
  return ["", name, target.path, ...(place === "" ? [] : [`${name} > ${place.split("#").join(" > ")}`])];
}
