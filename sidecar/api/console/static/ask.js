// Asking the notes: the question that is written, the model that is asked, and the conversation so far.

import { conversation } from "./conversation.js";
import { fill, h } from "./dom.js";
import { reader, say } from "./keyboard.js";
import { t } from "./texts.js";
import { drawSoon, drawTurn } from "./turn.js";

const QUOTING = /(^|\/)extractive$/;
const LONGEST = 20_000;

export function asking(place) {
  const thread = h("div", { class: "thread" });
  const spoken = h("div", { class: "unseen", role: "log", "aria-live": "polite" });
  const composer = h("div", { class: "composer" });
  const above = h("div", {});
  const readOut = reader(spoken);
  const talk = conversation({ began, grew, ended });
  let models = [];
  let model = "vault";
  let draft = "";

  function began(turn) {
    turn.place ??= thread.appendChild(h("article", { class: "turn" }));
    drawComposer();
    drawTurn(turn, actions(turn));
    turn.place.scrollIntoView({ block: "nearest" });
  }

  function grew(turn) {
    readOut(turn, { whole: false });
    drawSoon(turn, actions(turn));
  }

  function ended(turn) {
    drawTurn(turn, actions(turn));
    readOut(turn, { whole: true });
    say(t(`ask.${turn.state}`));
    drawComposer();
  }

  function actions(turn) {
    return { again: turn === talk.turns.at(-1) ? () => talk.again(turn) : null };
  }

  function draw() {
    fill(place, h("h1", {}, t("tab.ask")), above, thread, spoken, composer);
    for (const turn of talk.turns) drawTurn(turn, actions(turn));
    drawComposer();
  }

  function drawComposer() {
    const focused = composer.contains(document.activeElement);
    const fresh = talk.turns.length === 0;
    const area = question(draft, { write: (text) => (draft = text), submit });
    const form = h("form", {}, h("label", { class: "unseen", for: area.id }, t("ask.label")), area, h("div", { class: "row" },
      talk.busy()
        ? h("button", { class: "stop", type: "button", onclick: talk.stop }, t("ask.stop"), " ", h("kbd", {}, "Esc"))
        : h("button", { type: "submit" }, t("ask.submit")),
      modelChoice(models, model, (chosen) => (model = chosen)),
      !fresh && !talk.busy() && h("button", { class: "quiet", type: "button", onclick: forget }, t("ask.new"))));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submit();
    });
    fill(composer, form, h("p", { id: "question-hint", class: fresh ? "soft hint" : "unseen" }, t("ask.hint")));
    fill(above, fresh && quotesAlone(models) && noModel(), fresh && h("p", { class: "lead" }, t("ask.lead")));
    if (focused) area.focus({ preventScroll: true });
  }

  function submit() {
    const asked = draft.trim();
    if (asked === "" || talk.busy()) return;
    draft = "";
    talk.ask(asked, models.includes(model) ? model : "vault");
  }

  function forget() {
    talk.forget();
    fill(thread);
    fill(spoken);
    drawComposer();
    composer.querySelector("textarea").focus();
  }

  return {
    show: () => {},
    hide: () => {},
    redraw: draw,
    stop: talk.stop,
    focus: () => composer.querySelector("textarea")?.focus(),
    models: (ids) => {
      if (ids.join("\n") === models.join("\n")) return;
      models = ids;
      if (!talk.busy()) drawComposer();
    },
  };
}

function question(draft, { write, submit }) {
  const area = h("textarea", { id: "question", rows: 2, maxlength: LONGEST, "aria-describedby": "question-hint", enterkeyhint: "send" });
  area.value = draft;
  area.addEventListener("input", () => write(area.value));
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    }
  });
  return area;
}

function modelChoice(models, model, choose) {
  if (models.length < 3) return null;
  const list = h("select", { "aria-label": t("ask.model") }, models.map((id) => h("option", { value: id }, id === "vault" ? t("ask.usual_model") : id)));
  list.value = models.includes(model) ? model : "vault";
  list.addEventListener("change", () => choose(list.value));
  return list;
}

function quotesAlone(models) {
  return models.length > 0 && !models.some((id) => id !== "vault" && !QUOTING.test(id));
}

function noModel() {
  return h(
    "div",
    { class: "notice" },
    h("p", {}, t("ask.no_model")),
    h("p", { class: "soft" }, t("ask.add_model"), " ", h("code", {}, "sidecar models recommend"), " · ", h("code", {}, "sidecar serve --model FILE.gguf")),
  );
}
