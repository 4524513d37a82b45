/** The line over the results: how many, how quickly, of which vault, or why there are none. */
import type { SearchState } from "../../core/notes/search_feed";
import type { Context } from "../../context";
import { sayProblemInLine } from "./saying";

export function drawSearchStatus(into: HTMLElement, state: SearchState, { connection, texts }: Context): void {
  into.toggleClass("is-searching", state.searching);
  const says = [resultOf(state, { connection, texts }), ...beside({ connection, texts })].filter((part) => part !== "").join(" · ");
  // A text that is written again would be read out again.
  if (into.textContent !== says) into.setText(says);
}

function resultOf(state: SearchState, { connection, texts }: Pick<Context, "connection" | "texts">): string {
  if (state.problem !== null) return sayProblemInLine(state.problem, connection.state, texts);
  if (state.query === "") return connection.state.kind === "online" ? "" : texts(connection.state.kind === "looking" ? "notes.connecting" : "problem.offline");
  if (state.found === null) return texts("search.searching");
  const { hits, tookMs } = state.found;
  return hits.length === 0 ? texts("search.nothing") : texts("search.found", { count: hits.length, ms: Math.max(1, Math.round(tookMs)) });
}

/** What has to be known of the vault and is no result. */
function beside(context: Pick<Context, "connection" | "texts">): string[] {
  const { connection: { state }, texts } = context;
  if (state.kind !== "online" || state.vault === null) return [];
  const others = state.status.vaults.length - 1;
  return [stillReading(context), others > 0 ? texts("search.only_this", { vault: state.vault.name }) : ""];
}

/** How far the server is with the vault, as long as what it has not read may be missing; else nothing. */
export function stillReading({ connection: { state }, texts }: Pick<Context, "connection" | "texts">): string {
  if (state.kind !== "online" || state.vault === null || state.vault.pending === 0) return "";
  const { files, pending } = state.vault;
  return texts("search.indexing", { done: files - pending, files });
}
