// Settings to copy into clients, and which clients have been asking.

import { fill, foreign, h } from "./dom.js";
import { copyButton } from "./keyboard.js";
import { markdown } from "./markdown.js";
import { ask } from "./server.js";
import { ago, has, milliseconds, number, t, time } from "./texts.js";

const EVERY = 4000;
const SHORT = 12;
const KEY_PLACE = "{{key}}";
const OTHER = "other";
const HIDDEN = "••••••••••••";

export function clients(place, { problemOf }) {
  let settings = null;
  let traffic = null;
  let timer = null;
  let revealed = null;
  let all = false;
  let chosen = null;
  const above = h("div", {});
  const below = h("div", {});

  async function look() {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      if (settings === null) {
        // Behind a proxy of one's own the page may have been reached by another scheme than the server speaks.
        const told = JSON.stringify((await ask(`/console/clients?scheme=${location.protocol.slice(0, -1)}`)).clients);
        settings = JSON.parse(told.replaceAll(`http://${location.host}`, location.origin));
        drawSettings();
      }
      traffic = await ask("/console/requests");
      drawTraffic();
      timer = setTimeout(look, EVERY);
    } catch (problem) {
      if (problem.kind === "refused") fill(below, problemOf(problem, look));
    }
  }

  const keyed = async (text) => (text.includes(KEY_PLACE) ? text.replaceAll(KEY_PLACE, (await ask("/console/key")).key ?? "none") : text);

  function drawSettings() {
    if (settings === null) fill(above, h("p", { class: "soft" }, t("page.loading")));
    else fill(above, chooser(), renderClients(settings.filter((client) => client.name === chosen), { keyed, revealed, reveal }));
  }

  /** One program at a time: a list of two dozen is for nobody. */
  function chooser() {
    if (settings.length < 2) return null;
    const list = h("select", { id: "program" }, settings.map((client) => h("option", { value: client.name ?? "" }, client.name ?? t("clients.any"))));
    list.value = chosen ?? "";
    list.addEventListener("change", () => {
      chosen = list.value === "" ? null : list.value;
      drawSettings();
      above.querySelector("#program").focus();
    });
    return h("p", { class: "row program" }, h("label", { for: "program" }, t("clients.program")), list);
  }

  async function reveal() {
    revealed = revealed === null ? (await ask("/console/key")).key : null;
    drawSettings();
    above.querySelector(".reveal")?.focus();
  }

  function drawTraffic() {
    if (traffic === null) return;
    fill(below, h("h2", {}, t("clients.asking")), traffic.clients.length === 0 ? h("p", { class: "soft" }, t("clients.nobody")) : [who(traffic), recent(traffic.recent)]);
  }

  function recent(requests) {
    const shown = all ? requests : requests.slice(0, SHORT);
    return [
      h("h3", {}, t("clients.recent")),
      h("p", { class: "soft" }, t("clients.no_content")),
      table(
        ["clients.when", "clients.key", "clients.route", "clients.status", "clients.took"],
        shown.map((seen) => [time(seen.at), [keyOf(seen), h("span", { class: "below" }, programOf(seen.client))], h("code", {}, `${seen.method} ${seen.route ?? "—"}`), outcome(seen), milliseconds(seen.milliseconds)]),
        t("clients.recent"),
      ),
      requests.length > SHORT && h("button", { class: "quiet", type: "button", onclick: () => {
        all = !all;
        drawTraffic();
      } }, t(all ? "clients.fewer" : "clients.all", { n: requests.length })),
    ];
  }

  return {
    show: () => {
      settings = null;
      return look();
    },
    hide: () => {
      clearTimeout(timer);
      revealed = null;
    },
    redraw: () => {
      fill(place, h("h1", {}, t("tab.clients")), h("p", { class: "lead" }, t("clients.lead")), above, below);
      drawSettings();
      drawTraffic();
    },
  };
}

/**
 * Show settings for clients: a list of `{name, steps, settings: [{label, value}], snippets: [{title, text}], quirks,
 * unsupported, models}`, any of which may be missing. `{{key}}` in a value or a snippet stands for the key.
 */
export function renderClients(list, { keyed, revealed, reveal }) {
  return list.map((client) => h(
    "section",
    { class: "client", "aria-label": client.name ?? t("clients.any") },
    client.unsupported && h("div", { class: "notice", lang: "en" }, markdown(client.unsupported)),
    (client.steps ?? []).length > 0 && h("ol", { class: "steps", lang: "en" }, client.steps.map((step) => h("li", {}, markdown(step)))),
    h("dl", { class: "settings" }, (client.settings ?? []).map((setting) => row(setting, { keyed, revealed, reveal }))),
    client.models && h("details", {}, h("summary", {}, t("clients.models", { n: client.models.length })), h("ul", { class: "plain ids" }, client.models.map((id) => h("li", {}, h("code", {}, foreign(id)), copyButton(() => id, id))))),
    (client.snippets ?? []).map((part) => snippet(part, keyed)),
    (client.quirks ?? []).length > 0 && h("ul", { class: "steps soft", lang: "en" }, client.quirks.map((quirk) => h("li", {}, markdown(quirk)))),
  ));
}

function snippet({ title, text, path }, keyed) {
  const where = [...new Set(Object.values(path ?? {}))].join(" · ");
  return h(
    "div",
    { class: "snippet" },
    (title || where) && h("p", { class: "soft", lang: "en" }, foreign([title, where].filter(Boolean).join(": "))),
    h("pre", { tabindex: 0 }, h("code", {}, text.replaceAll(KEY_PLACE, HIDDEN))),
    copyButton(() => keyed(text), title ?? t("clients.snippet")),
  );
}

function row({ label, value }, { keyed, revealed, reveal }) {
  const name = has(`setting.${label}`) ? t(`setting.${label}`) : label;
  const secret = value.includes(KEY_PLACE);
  const shown = value.replaceAll(KEY_PLACE, revealed ?? HIDDEN);
  return h(
    "div",
    {},
    h("dt", {}, foreign(name)),
    h("dd", {}, h("code", {}, foreign(shown)), h("span", { class: "buttons" },
      secret && h("button", { class: "quiet reveal", type: "button", "aria-pressed": String(revealed !== null), onclick: reveal }, t(revealed === null ? "clients.show" : "clients.hide")),
      copyButton(() => keyed(value), name))),
  );
}

function who({ clients: found }) {
  return table(
    ["clients.key", "clients.client", "clients.last", "clients.requests", "clients.refused", "clients.failed"],
    found.map((client) => [
      [keyOf(client), has(`scope.${client.scope}`) && h("span", { class: "below" }, t(`scope.${client.scope}`))],
      h("span", {}, programOf(client.name), client.running > 0 && h("span", { class: "tag" }, t("clients.running", { n: client.running }))),
      client.last === null ? "" : ago(client.last),
      number(client.requests),
      h("span", { class: client.refused > 0 ? "bad" : null }, number(client.refused)),
      number(client.failed),
    ]),
    t("clients.asking"),
  );
}

/** Whose key it was. A client's may be named as the server's own is, but never has its scope. */
function keyOf({ key, scope }) {
  if (key === null) return h("span", { class: "soft" }, t(scope === "owner" ? "clients.no_key_asked" : "clients.no_key"));
  return scope === "owner" ? t("clients.own_key") : foreign(key);
}

function programOf(name) {
  return name === OTHER ? t("clients.other") : foreign(name);
}

function outcome({ status, scope }) {
  // Who is let in and refused all the same has a key for less.
  const known = status === 403 && scope !== null ? "status.403_key" : `status.${status}`;
  const words = has(known) ? t(known) : null;
  return h("span", { class: status === 0 || status >= 400 ? "bad" : null }, status === 0 ? "" : String(status), words && ` ${words}`);
}

function table(heads, rows, label) {
  return h(
    "div",
    { class: "wide", tabindex: 0, role: "group", "aria-label": label },
    h("table", {}, h("thead", {}, h("tr", {}, heads.map((key) => h("th", { scope: "col" }, t(key))))), h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((cell, index) => h(index === 0 ? "th" : "td", index === 0 ? { scope: "row" } : {}, cell)))))),
  );
}
