// What was asked and answered so far, and the answer under way: it knows nothing of how that looks.

import { Problem, lost, send } from "./server.js";
import { events } from "./stream.js";

/**
 * A conversation of turns `{question, text, sources, addresses, state, problem, said}`; `state` is `waiting`, `writing`,
 * `done`, `stopped` or `failed`. `began` is told of a turn whose answer begins, `grew` of one with more of it, and `ended`
 * of one that is over.
 */
export function conversation({ began, grew, ended }) {
  const turns = [];
  let under = null;

  async function answer(turn, model) {
    under = new AbortController();
    Object.assign(turn, { text: "", sources: [], addresses: new Map(), state: "waiting", problem: null, said: 0, model });
    began(turn);
    try {
      const body = { model, stream: true, messages: messages(turn) };
      const reply = await send("/v1/chat/completions", { body, signal: under.signal });
      for await (const event of events(reply)) {
        take(turn, event);
        grew(turn);
      }
      if (turn.state !== "done") throw new Problem("cut");
    } catch (error) {
      turn.state = error.name === "AbortError" ? "stopped" : "failed";
      turn.problem = error instanceof Problem ? error : new Problem("cut");
      if (error instanceof TypeError) lost();
    }
    under = null;
    ended(turn);
  }

  function messages(last) {
    const before = turns.slice(0, turns.indexOf(last)).filter((turn) => turn.text !== "");
    const said = before.flatMap((turn) => [
      { role: "user", content: turn.question },
      { role: "assistant", content: turn.text },
    ]);
    return [...said, { role: "user", content: last.question }];
  }

  return {
    turns,
    busy: () => under !== null,
    stop: () => under?.abort(),
    again: (turn) => answer(turn, turn.model),
    forget: () => {
      turns.length = 0;
    },
    ask: (question, model) => {
      const turn = { question };
      turns.push(turn);
      return answer(turn, model);
    },
  };
}

function take(turn, event) {
  if (event.error) throw new Problem("refused", String(event.error.message ?? ""), { code: event.error.code });
  const choice = event.choices?.[0];
  turn.text += choice?.delta?.content ?? "";
  for (const note of choice?.delta?.annotations ?? []) {
    const cited = note.url_citation;
    if (cited) turn.addresses.set(cited.title, cited.url);
  }
  if (event.vault?.sources) {
    turn.sources = event.vault.sources;
    for (const source of turn.sources) turn.addresses.set(source.link, source.uri);
  }
  if (choice?.finish_reason) turn.state = "done";
  else if (turn.text !== "") turn.state = "writing";
}
