// One question with its answer, as it is drawn: the notes that it rests on, and what went wrong.

import { fill, foreign, h, link, safeAddress } from "./dom.js";
import { markdown } from "./markdown.js";
import { t } from "./texts.js";

const SLOWEST = 400;
const NEAR = 120;
const NAME_LENGTH = 100;
const PROBLEMS = { refused: "ask.refused", signed_out: "page.signed_out" };

/** Draw a turn into its place. `again` asks anew; null where nobody may. */
export function drawTurn(turn, { again }) {
  const busy = turn.state === "waiting" || turn.state === "writing";
  turn.place.setAttribute("aria-busy", String(busy));
  turn.place.setAttribute("aria-label", turn.question.slice(0, NAME_LENGTH));
  const follows = atEnd();
  fill(
    turn.place,
    h("h2", { class: "question", dir: "auto" }, turn.question),
    turn.text !== "" && h("div", { class: "answer" }, markdown(turn.text, { addressOf: (target) => addressIn(turn, target) })),
    turn.state === "waiting" && h("p", { class: "soft waiting" }, t("ask.waiting")),
    turn.state === "stopped" && h("p", { class: "soft" }, t("ask.stopped")),
    turn.state === "failed" && failure(turn.problem, again),
    sources(turn.sources),
  );
  if (busy && follows) window.scrollTo({ top: document.documentElement.scrollHeight });
}

/** Draw at the next frame, or when as much time has gone by as drawing took: long answers leave the page its own. */
export function drawSoon(turn, { again }) {
  if (turn.drawing) return;
  turn.drawing = true;
  setTimeout(() => requestAnimationFrame(() => {
    turn.drawing = false;
    const begun = performance.now();
    drawTurn(turn, { again });
    turn.took = Math.min(SLOWEST, 4 * (performance.now() - begun));
  }), turn.took ?? 0);
}

function failure(problem, again) {
  return h(
    "div",
    { class: "problem-box", role: "alert" },
    h("p", {}, t(PROBLEMS[problem.kind] ?? "ask.cut")),
    problem.message && h("p", { lang: "en" }, foreign(problem.message)),
    again && h("button", { type: "button", onclick: again }, t("page.retry")),
  );
}

function atEnd() {
  return window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - NEAR;
}

/** Where a citation leads: what the server said of it, and nothing that the model made up. */
function addressIn(turn, target) {
  const address = turn.addresses.get(target.trim());
  return address !== undefined && safeAddress(address) !== null ? address : null;
}

function sources(found) {
  if (found.length === 0) return null;
  return h(
    "section",
    { class: "sources", "aria-label": t("ask.sources") },
    h("h3", {}, t("ask.sources")),
    h("ol", {}, found.map((source) => h(
      "li",
      {},
      link(source.uri, foreign(source.title || source.path)),
      h("span", { class: "path" }, " ", foreign([source.path, ...(source.heading_path ?? [])].join(" › "))),
      source.quote && h("q", { dir: "auto" }, source.quote),
    ))),
  );
}
