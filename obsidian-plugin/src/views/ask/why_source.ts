/** Why the search chose a source, asked of the server when somebody wants to know. */
import type { Client } from "../../core/client";
import type { Citation } from "../../core/protocol/chat";
import type { SearchHit } from "../../core/protocol/search";
import type { Key, Texts } from "../../core/texts/texts";
import { mention } from "./gathering";
import type { AskedTurn } from "./turn_facts";

type Asked = Pick<AskedTurn, "turn" | "note" | "searched">;
type Why = NonNullable<SearchHit["why"]>;

const LANES: Readonly<Record<string, Key>> = {
  phrases: "ask.why.phrases",
  names: "ask.why.names",
  dates: "ask.why.dates",
  days: "ask.why.dates",
  graph: "ask.why.graph",
  filters: "ask.why.filters",
  rerank: "ask.why.reranked",
  mentions: "ask.why.mentioned",
};
/** As many as the server gives a question at most, with room for those that it merged. */
const SEARCHED = 30;

/** The reasons as sentences of the user's language, the strongest first. */
export async function reasonsFor(source: Citation, asked: Asked, client: Pick<Client, "search">, texts: Texts): Promise<string[]> {
  const named = asked.note === null || !asked.searched ? "" : ` ${mention(asked.note)}`;
  const found = await client.search({ query: `${asked.turn.question}${named}`, explain: true, limit: SEARCHED });
  const own = found.results.filter((hit) => hit.path === source.path);
  const hit = own.find((each) => each.span.start_line <= source.end_line && source.start_line <= each.span.end_line) ?? own[0];
  return hit?.why === undefined ? [texts("ask.why.earlier")] : reasons(hit.why, texts);
}

function reasons(why: Why, texts: Texts): string[] {
  const told = new Set<string>();
  if (why.mentioned) told.add(texts("ask.why.mentioned"));
  if (why.matched.length > 0) told.add(texts("ask.why.words", { words: why.matched.join(", ") }));
  if (why.similarity !== null) told.add(texts("ask.why.meaning", { percent: percent(why.similarity, texts) }));
  for (const { lane, detail } of why.lanes) {
    const key = LANES[lane];
    if (key !== undefined) told.add(texts(key, { detail: detail ?? "" }));
  }
  return [...told];
}

export function percent(share: number, texts: Texts): string {
  return new Intl.NumberFormat(texts.language, { style: "percent", maximumFractionDigits: 0 }).format(Math.min(1, Math.max(0, share)));
}
