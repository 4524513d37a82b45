// Search, with what led to each hit.

import { fill, foreign, h, link } from "./dom.js";
import { say } from "./keyboard.js";
import { markdown } from "./markdown.js";
import { ask } from "./server.js";
import { day, has, milliseconds, number, t } from "./texts.js";

const LIMIT = 10;
const MORE = 30;
const OPERATORS = [
  ["tag:", "search.op_tag"],
  ["path:", "search.op_path"],
  ["file:", "search.op_file"],
  ["[status:open]", "search.op_property"],
  ['"…"', "search.op_phrase"],
  ["[[…]]", "search.op_note"],
  ["-", "search.op_without"],
];

export function search(place, { problemOf }) {
  let found = null;
  let asked = { query: "", vault: "", limit: LIMIT };
  let under = null;
  let vaults = [];
  const results = h("div", { class: "results" });

  async function run(limit = LIMIT) {
    asked = { ...asked, limit };
    if (asked.query.trim() === "") return;
    under?.abort();
    under = new AbortController();
    const { signal } = under;
    results.setAttribute("aria-busy", "true");
    say(t("search.searching"));
    try {
      const body = { query: asked.query, limit, explain: true, ...(asked.vault ? { vault: asked.vault } : {}) };
      found = await ask("/vault/search", { body, signal });
      say(t("search.found", { n: found.results.length }));
      drawResults();
    } catch (problem) {
      if (problem.name === "AbortError") return;
      fill(results, problemOf(problem, () => run(limit)));
    } finally {
      if (under?.signal === signal) results.removeAttribute("aria-busy");
    }
  }

  function draw() {
    const input = h("input", { id: "query", type: "search", value: asked.query, autocomplete: "off", enterkeyhint: "search", maxlength: 10_000, "aria-describedby": "query-hint" });
    input.addEventListener("input", () => {
      asked.query = input.value;
    });
    const form = h("form", { class: "row", role: "search" }, input, vaultChoice(), h("button", { type: "submit" }, t("search.submit")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      run();
    });
    fill(place, h("h1", {}, t("tab.search")), h("label", { class: "unseen", for: "query" }, t("search.label")), form,
      h("p", { id: "query-hint", class: "soft hint" }, t("search.hint"), " ", h("kbd", {}, "/")), operators(input), results);
    drawResults();
  }

  function vaultChoice() {
    if (vaults.length < 2) return null;
    const list = h("select", { "aria-label": t("search.vault") }, vaults.map((name) => h("option", { value: name }, name)));
    list.value = vaults.includes(asked.vault) ? asked.vault : vaults[0];
    asked.vault = list.value;
    list.addEventListener("change", () => {
      asked.vault = list.value;
      run();
    });
    return list;
  }

  function drawResults() {
    if (found === null) {
      fill(results);
      return;
    }
    const count = found.results.length;
    fill(
      results,
      (found.problems ?? []).map((problem) => h("p", { class: "problem", lang: "en" }, foreign(problem))),
      count === 0 && nothing(),
      count > 0 && h("p", { class: "soft tally" }, t("search.found", { n: count }), " · ", milliseconds(found.took_ms)),
      h("ol", { class: "hits" }, found.results.map(hit)),
      count === LIMIT && asked.limit === LIMIT && h("button", { class: "quiet", type: "button", onclick: () => run(MORE) }, t("search.more")),
    );
  }

  return {
    show: () => {},
    hide: () => {},
    redraw: draw,
    focus: () => place.querySelector("#query")?.select(),
    vaults: (names) => {
      if (names.join("\n") === vaults.join("\n")) return;
      vaults = names;
      draw();
    },
  };
}

function nothing() {
  return h("div", { class: "empty" }, h("p", {}, t("search.nothing")), h("p", { class: "soft" }, t("search.nothing_hint")));
}

function operators(input) {
  const insert = (text) => {
    const gap = input.value !== "" && !input.value.endsWith(" ") ? " " : "";
    input.value += gap + text.replace("…", "");
    input.dispatchEvent(new Event("input"));
    input.focus();
  };
  return h(
    "details",
    { class: "operators" },
    h("summary", {}, t("search.operators")),
    h("dl", {}, OPERATORS.map(([text, key]) => h(
      "div",
      {},
      h("dt", {}, h("button", { class: "quiet", type: "button", onclick: () => insert(text) }, h("code", {}, text))),
      h("dd", {}, t(key)),
    ))),
  );
}

function hit(found) {
  const body = h("div", { class: "excerpt" }, markdown(withoutHeading(found), { marked: found.why?.matched ?? [] }));
  const more = h("button", { class: "quiet more", type: "button", "aria-expanded": "false" }, t("search.whole"));
  more.addEventListener("click", () => {
    const open = body.classList.toggle("whole");
    more.setAttribute("aria-expanded", String(open));
    more.textContent = t(open ? "search.less" : "search.whole");
  });
  // Only what is cut off has something to open.
  requestAnimationFrame(() => more.classList.toggle("needless", body.scrollHeight <= body.clientHeight + 4));
  return h(
    "li",
    { class: "hit" },
    h("h2", {}, link(found.uri, foreign(found.title || found.path))),
    h("p", { class: "path" }, foreign([found.path, ...headings(found)].join(" › ")), found.modified ? ` · ${day(found.modified)}` : ""),
    body,
    more,
    why(found.why),
  );
}

function headings(found) {
  return (found.heading_path ?? []).filter((heading) => heading !== found.title);
}

/** A piece begins with the heading that its path ends with already. */
function withoutHeading(found) {
  const last = (found.heading_path ?? []).at(-1);
  const [first, ...rest] = found.text.split("\n");
  return last !== undefined && /^#{1,6} /.test(first) && first.replace(/^#{1,6} +/, "") === last ? rest.join("\n") : found.text;
}

function rank(place) {
  const words = t("search.rank", { rank: place });
  return h("span", { class: "rank", title: words }, h("span", { "aria-hidden": "true" }, ` #${number(place)}`), h("span", { class: "unseen" }, ` (${words})`));
}

/** Why it was found: a phrase for each lane, in the words of someone who takes notes. */
function why(reasons) {
  if (!reasons) return null;
  const lanes = reasons.lanes.map((each) => {
    const name = t(has(`lane.${each.lane}`) ? `lane.${each.lane}` : "lane.other");
    return h("li", {}, h("span", { class: "lane" }, name), each.rank && rank(each.rank), each.detail && h("span", {}, " ", foreign(each.detail)));
  });
  const numbers = [
    ["search.score", reasons.score],
    ["search.words_score", reasons.lexical],
    ["search.similarity", reasons.similarity],
    ["search.weight", reasons.vector_weight],
  ].filter(([, value]) => typeof value === "number");
  return h(
    "details",
    { class: "why" },
    h("summary", {}, h("span", { class: "because" }, t("search.why")), h("ul", { class: "lanes" }, lanes)),
    h("dl", { class: "counts small" }, numbers.map(([key, value]) => h("div", {}, h("dt", {}, t(key)), h("dd", {}, number(value, { maximumFractionDigits: 2 }))))),
  );
}
