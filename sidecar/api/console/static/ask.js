// A conversation with the notes: answers as they are written, with the notes that they rest on.

import { fill, foreign, h, link, safeAddress } from "./dom.js";
import { say } from "./keyboard.js";
import { markdown } from "./markdown.js";
import { Problem, lost, send } from "./server.js";
import { events } from "./stream.js";
import { t } from "./texts.js";

const QUOTING = /(^|\/)extractive$/;
const SLOWEST = 400;

export function asking(place) {
  const turns = [];
  let models = [];
  let model = "vault";
  let draft = "";
  let under = null;
  const thread = h("div", { class: "thread" });
  // Whole paragraphs are read out as they are finished; the answer itself changes too often to be.
  const spoken = h("div", { class: "unseen", role: "log", "aria-live": "polite" });
  const composer = h("div", { class: "composer" });
  const above = h("div", {});

  async function run(question) {
    const turn = { question, text: "", sources: [], addresses: new Map(), state: "waiting", problem: null };
    turns.push(turn);
    turn.place = h("article", { class: "turn" });
    thread.append(turn.place);
    await answer(turn);
  }

  async function answer(turn) {
    under = new AbortController();
    Object.assign(turn, { text: "", sources: [], state: "waiting", problem: null, said: 0 });
    drawComposer();
    drawTurn(turn);
    turn.place.scrollIntoView({ block: "nearest" });
    try {
      const body = { model, stream: true, messages: messages(turn) };
      const reply = await send("/v1/chat/completions", { body, signal: under.signal });
      for await (const event of events(reply)) take(turn, event);
      if (turn.state !== "done") throw new Problem("cut");
    } catch (error) {
      turn.state = error.name === "AbortError" ? "stopped" : "failed";
      turn.problem = error instanceof Problem ? error : new Problem("cut");
      if (error instanceof TypeError) lost();
    }
    under = null;
    drawTurn(turn);
    readOut(turn, { whole: true });
    say(t(`ask.${turn.state}`));
    drawComposer();
  }

  function messages(last) {
    const before = turns.slice(0, turns.indexOf(last)).filter((turn) => turn.text !== "");
    const said = before.flatMap((turn) => [
      { role: "user", content: turn.question },
      { role: "assistant", content: turn.text },
    ]);
    return [...said, { role: "user", content: last.question }];
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
    readOut(turn, { whole: false });
    drawSoon(turn);
  }

  function readOut(turn, { whole }) {
    const end = whole ? turn.text.length : turn.text.lastIndexOf("\n\n");
    const more = turn.text.slice(turn.said, end).replace(/[[\]*_`#>]/g, "").trim();
    if (more === "") return;
    turn.said = end;
    spoken.append(h("p", {}, more));
    while (spoken.childElementCount > 40) spoken.firstChild.remove();
  }

  /** Draw at the next frame, or when as much time has gone by as drawing took: long answers leave the page its own. */
  function drawSoon(turn) {
    if (turn.drawing) return;
    turn.drawing = true;
    setTimeout(() => requestAnimationFrame(() => {
      turn.drawing = false;
      const begun = performance.now();
      drawTurn(turn);
      turn.took = Math.min(SLOWEST, 4 * (performance.now() - begun));
    }), turn.took ?? 0);
  }

  function drawTurn(turn) {
    const busy = turn.state === "waiting" || turn.state === "writing";
    turn.place.setAttribute("aria-busy", String(busy));
    const follows = atEnd();
    fill(
      turn.place,
      h("h2", { class: "question", dir: "auto" }, turn.question),
      turn.text !== "" && h("div", { class: "answer" }, markdown(turn.text, { addressOf: (target) => addressIn(turn, target) })),
      turn.state === "waiting" && h("p", { class: "soft waiting" }, t("ask.waiting")),
      turn.state === "stopped" && h("p", { class: "soft" }, t("ask.stopped")),
      turn.state === "failed" && failure(turn),
      sources(turn),
    );
    if (busy && follows) window.scrollTo({ top: document.documentElement.scrollHeight });
  }

  function failure(turn) {
    const own = turn.problem.message;
    return h(
      "div",
      { class: "problem-box", role: "alert" },
      h("p", {}, t(turn.problem.kind === "refused" ? "ask.refused" : turn.problem.kind === "signed_out" ? "page.signed_out" : "ask.cut")),
      own && h("p", { lang: "en" }, foreign(own)),
      turn === turns.at(-1) && h("button", { type: "button", onclick: () => answer(turn) }, t("page.retry")),
    );
  }

  function draw() {
    fill(place, h("h1", {}, t("tab.ask")), above, thread, spoken, composer);
    drawAbove();
    for (const turn of turns) drawTurn(turn);
    drawComposer();
  }

  function drawAbove() {
    const quoting = models.length > 0 && !models.some((id) => id !== "vault" && !QUOTING.test(id));
    fill(
      above,
      quoting && turns.length === 0 && h(
        "div",
        { class: "notice" },
        h("p", {}, t("ask.no_model")),
        h("p", { class: "soft" }, t("ask.add_model"), " ", h("code", {}, "sidecar models recommend"), " · ", h("code", {}, "sidecar serve --model FILE.gguf")),
      ),
      turns.length === 0 && h("p", { class: "lead" }, t("ask.lead")),
    );
  }

  function drawComposer() {
    const focused = composer.contains(document.activeElement);
    const area = h("textarea", { id: "question", rows: 2, maxlength: 20_000, "aria-describedby": "question-hint", enterkeyhint: "send" });
    area.value = draft;
    area.addEventListener("input", () => {
      draft = area.value;
    });
    area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        submit();
      }
    });
    const form = h("form", {}, h("label", { class: "unseen", for: "question" }, t("ask.label")), area, h("div", { class: "row" },
      under === null
        ? h("button", { type: "submit" }, t("ask.submit"))
        : h("button", { class: "stop", type: "button", onclick: stop }, t("ask.stop"), " ", h("kbd", {}, "Esc")),
      modelChoice(),
      turns.length > 0 && under === null && h("button", { class: "quiet", type: "button", onclick: forget }, t("ask.new"))));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submit();
    });
    fill(composer, form, h("p", { id: "question-hint", class: turns.length === 0 ? "soft hint" : "unseen" }, t("ask.hint")));
    drawAbove();
    if (focused) area.focus({ preventScroll: true });
  }

  function submit() {
    const question = draft.trim();
    if (question === "" || under !== null) return;
    draft = "";
    run(question);
  }

  function stop() {
    under?.abort();
  }

  function forget() {
    turns.length = 0;
    fill(thread);
    fill(spoken);
    drawComposer();
    composer.querySelector("textarea").focus();
  }

  function modelChoice() {
    if (models.length < 3) return null;
    const list = h("select", { "aria-label": t("ask.model") }, models.map((id) => h("option", { value: id }, id === "vault" ? t("ask.usual_model") : id)));
    list.value = models.includes(model) ? model : "vault";
    list.addEventListener("change", () => {
      model = list.value;
    });
    return list;
  }

  return {
    show: () => {},
    hide: () => {},
    redraw: draw,
    stop,
    focus: () => composer.querySelector("textarea")?.focus(),
    models: (ids) => {
      if (ids.join("\n") === models.join("\n")) return;
      models = ids;
      if (under === null) drawComposer();
    },
  };
}

function atEnd() {
  return window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 120;
}

/** Where a citation leads: what the server said of it, and nothing that the model made up. */
function addressIn(turn, target) {
  const address = turn.addresses.get(target.trim());
  return address !== undefined && safeAddress(address) !== null ? address : null;
}

function sources(turn) {
  if (turn.sources.length === 0) return null;
  return h(
    "section",
    { class: "sources", "aria-label": t("ask.sources") },
    h("h3", {}, t("ask.sources")),
    h("ol", {}, turn.sources.map((source) => h(
      "li",
      {},
      link(source.uri, foreign(source.title || source.path)),
      h("span", { class: "path" }, " ", foreign([source.path, ...(source.heading_path ?? [])].join(" › "))),
      source.quote && h("q", { dir: "auto" }, source.quote),
    ))),
  );
}
