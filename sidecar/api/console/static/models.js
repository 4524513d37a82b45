// Memory and models: what this machine has, what is taken, what would fit.

import { fill, foreign, h, svg } from "./dom.js";
import { ask } from "./server.js";
import { has, percent, size, t } from "./texts.js";

const EVERY = 5000;
const WIDTH = 1000;
const QUOTING = /(^|\/)extractive$/;

export function models(place, { problemOf }) {
  let facts = null;
  let status = null;
  let timer = null;

  async function look() {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      facts = await ask("/console/models");
      draw();
      timer = setTimeout(look, EVERY);
    } catch (problem) {
      if (problem.kind === "refused") fill(place, h("h1", {}, t("tab.models")), problemOf(problem, look));
    }
  }

  function draw() {
    if (facts === null) {
      fill(place, h("h1", {}, t("tab.models")), h("p", { class: "soft" }, t("page.loading")));
      return;
    }
    const { machine } = facts;
    fill(
      place,
      h("h1", {}, t("tab.models")),
      chart(t("models.memory"), machine.total, memoryParts(facts)),
      machine.gpus.filter((gpu) => !gpu.unified).map((gpu) => chart(gpu.name, gpu.total, [
        ["other", t("models.taken"), gpu.total - gpu.free],
        ["free", t("models.free"), gpu.free],
      ])),
      offered(status),
      files(facts),
    );
  }

  return {
    show: look,
    hide: () => clearTimeout(timer),
    redraw: draw,
    status: (now) => {
      status = now;
    },
  };
}

/** Who has how much of the memory. Models are told apart; other programs are what is left over. */
function memoryParts({ machine, server, models: all }) {
  const loaded = all.filter((model) => model.loaded && model.memory !== null);
  const ours = [["server", "Sidecar", server], ...loaded.map((model) => ["model", model.name, model.memory - model.on_gpu])];
  const sum = ours.reduce((total, [, , bytes]) => total + bytes, 0);
  const used = machine.total - machine.available;
  // A mapped file is resident and available at once.
  return [...ours, ["other", t("models.other"), Math.max(0, used - sum)], ["free", t("models.free"), Math.max(0, Math.min(machine.available, machine.total - sum))]];
}

function chart(name, total, parts) {
  let from = 0;
  const bars = parts.map(([kind, , bytes]) => {
    const width = Math.min(WIDTH - from, (bytes / total) * WIDTH);
    const bar = svg("rect", { class: `bar ${kind}`, x: from.toFixed(2), y: 0, width: Math.max(0, width - 2).toFixed(2), height: 28 });
    from += width;
    return bar;
  });
  return h(
    "figure",
    { class: "chart" },
    h("figcaption", {}, h("strong", {}, foreign(name)), " ", h("span", { class: "soft" }, size(total))),
    svg("svg", { viewBox: `0 0 ${WIDTH} 28`, preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" }, bars),
    table({
      name,
      heads: ["models.part", "models.size", "models.share"],
      rows: parts.map(([kind, label, bytes]) => [
        [h("span", { class: `swatch ${kind}`, "aria-hidden": "true" }), foreign(label), kind === "model" && h("span", { class: "tag" }, t("models.loaded"))],
        size(bytes),
        percent(bytes / total),
      ]),
    }),
  );
}

/** A table whose heads are read, not seen: what they say is plain to who sees the rows. */
function table({ name, heads, rows, classes = "" }) {
  return h(
    "table",
    { class: `bare ${classes}` },
    h("caption", { class: "unseen" }, name),
    h("thead", { class: "unseen" }, h("tr", {}, heads.map((key) => h("th", { scope: "col" }, t(key))))),
    h("tbody", {}, rows.map(([first, ...rest]) => h("tr", {}, h("th", { scope: "row" }, first), rest.map((cell) => h("td", {}, cell))))),
  );
}

function offered(status) {
  const entries = status?.models ?? [];
  const writes = entries.some((model) => model.kind === "chat" && model.id !== "vault" && !QUOTING.test(model.id));
  const kindOf = ({ id, kind }) => (kind === "chat" && (QUOTING.test(id) || (id === "vault" && !writes)) ? "quotes" : kind);
  if (entries.length === 0) return null;
  return h(
    "section",
    {},
    h("h2", {}, t("models.offered")),
    h("p", { class: "soft" }, t("models.offered_hint")),
    h("ul", { class: "plain ids" }, entries.map((model) => h(
      "li",
      {},
      h("code", {}, foreign(model.id)), " ",
      h("span", { class: "soft" }, t(`kind.${kindOf(model)}`)),
      model.loaded === true && h("span", { class: "tag" }, t("models.loaded")),
      model.problem && h("p", { class: "problem", lang: "en" }, foreign(model.problem)),
    ))),
  );
}

function files({ machine, models: all }) {
  // One that is far too large would leave no room to tell the others apart.
  const most = Math.min(1.25 * machine.total, Math.max(machine.available, ...all.map((model) => model.memory ?? 0)));
  return h(
    "section",
    {},
    h("h2", {}, t("models.files")),
    all.length === 0
      ? h("div", { class: "empty" }, h("p", {}, t("models.none")), h("p", { class: "soft" }, t("models.none_hint")), h("ul", { class: "plain" }, ["sidecar models recommend", "sidecar models pull NAME", "sidecar serve --model NAME"].map((command) => h("li", {}, h("code", {}, command)))))
      : [
        h("p", { class: "soft" }, t("models.files_hint", { size: size(machine.available) })),
        table({
          name: t("models.files"),
          heads: ["models.file", "models.size", "models.fit"],
          classes: "models",
          rows: all.map((model) => file(model, machine, most)),
        }),
      ],
  );
}

function file(model, machine, most) {
  const verdict = has(`verdict.${model.verdict}`) ? model.verdict : "unknown";
  const fits = verdict !== "does_not_fit" && verdict !== "unknown";
  return [
    [
      h("strong", {}, foreign(model.name)), " ", h("span", { class: "soft" }, t(`kind.${model.kind}`)),
      model.problem && h("p", { class: "problem", lang: "en" }, foreign(model.problem)),
    ],
    model.memory !== null && [
      bar(model.memory / most, machine.available / most, { fits }),
      h("span", { class: "figure" }, size(model.memory), model.on_gpu > 0 && ` · ${t("models.on_gpu", { size: size(model.on_gpu) })}`),
    ],
    [
      h("span", { class: fits ? "" : "bad" }, t(`verdict.${verdict}`)),
      model.set && h("span", { class: "tag" }, t(model.loaded ? "models.loaded" : "models.set")),
    ],
  ];
}

/** What a model takes beside what is free; both as parts of the widest. */
function bar(taken, free, { fits }) {
  return svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} 10`, preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" },
    svg("rect", { class: "bar track", x: 0, y: 0, width: WIDTH, height: 10 }),
    svg("rect", { class: `bar ${fits ? "model" : "over"}`, x: 0, y: 0, width: Math.max(3, Math.min(1, taken) * WIDTH).toFixed(2), height: 10 }),
    svg("rect", { class: "bar mark", x: Math.min(WIDTH - 6, free * WIDTH).toFixed(2), y: 0, width: 6, height: 10 }),
  );
}
