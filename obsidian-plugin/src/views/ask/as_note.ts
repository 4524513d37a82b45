import type { Conversation } from "../../core/conversation";

export function noteNameFor(conversation: Conversation): string {
  return (conversation.turns[0]?.question ?? "").replace(/[\\/:*?"<>|#^[\]\n]+/g, " ").replace(/\s+/g, " ").trim().slice(0, 60) || "Conversation";
}

export function conversationNote(conversation: Conversation): string {
  const turns = conversation.turns.map((turn) => `## ${turn.question.replace(/\s+/g, " ")}\n\n${turn.text.trim()}\n`);
  return `---\nsidecar: false\n---\n\n${turns.join("\n")}`;
}
