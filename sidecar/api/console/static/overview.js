// What of each vault is indexed, what is left out or failed, and what there is to do.

import { fill, foreign, h } from "./dom.js";
import { copyButton, say } from "./keyboard.js";
import { ask } from "./server.js";
import { has, number, percent, t } from "./texts.js";

const BUSY = 1500;
const IDLE = 15_000;
const MOST = 20;

export function overview(place, { onStatus, problemOf }) {
  let status = null;
  let timer = null;
  let failed = {};
  let drawn = "";

  async function look() {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const found = await ask("/vault/status");
      if (found.vaults.some((vault) => vault.failed > 0)) failed = await failedFiles();
      tellChange(status, found);
      status = found;
      onStatus(status);
      draw();
      timer = setTimeout(look, status.vaults.some(busy) ? BUSY : IDLE);
    } catch (problem) {
      if (problem.kind === "refused") fill(place, title(), problemOf(problem, look));
    }
  }

  async function failedFiles() {
    const lists = await ask("/vault/status?list=failed");
    return Object.fromEntries(lists.vaults.map((vault) => [vault.name, vault.failed_files ?? []]));
  }

  function draw() {
    if (status === null) {
      fill(place, title(), h("p", { class: "soft" }, t("page.loading")));
      return;
    }
    // What stays as it is keeps its place, its open lists and the reader's.
    const now = JSON.stringify([document.documentElement.lang, { ...status, took_ms: 0 }, failed]);
    if (now === drawn) return;
    drawn = now;
    const open = new Set([...place.querySelectorAll("details[open]")].map((each) => each.dataset.name));
    fill(
      place,
      title(),
      status.vaults.length === 0 && noVault(),
      status.vaults.map((vault) => vaultPart(vault, failed[vault.name] ?? [], open)),
      notices(status),
      upstreams(status),
      about(status),
    );
  }

  return {
    show: look,
    hide: () => clearTimeout(timer),
    redraw: () => {
      drawn = "";
      draw();
    },
  };
}

function title() {
  return h("h1", {}, t("tab.overview"));
}

function noVault() {
  const commands = ["sidecar setup", "sidecar serve VAULT"];
  return h("div", { class: "empty" }, h("p", {}, t("overview.no_vaults")), h("ul", { class: "plain ids" }, commands.map((command) => h("li", {}, h("code", {}, command), copyButton(() => command, command)))));
}

function busy(vault) {
  return vault.phase !== "idle" && vault.phase !== "closed";
}

function tellChange(before, now) {
  const was = before !== null && before.vaults.some(busy);
  if (was && !now.vaults.some(busy)) say(t("overview.done"));
}

function vaultPart(vault, failures, open) {
  const name = `vault-${vault.name}`;
  return h(
    "article",
    { class: "vault", "aria-label": vault.name },
    h("h2", {}, foreign(vault.name)),
    h("p", { class: "path" }, foreign(vault.path)),
    state(vault),
    vault.phase !== "closed" && vault.files > 0 && counts(vault),
    vault.problems.length > 0 && problems(vault.problems),
    failures.length > 0 && failedList(failures, name, open),
    Object.keys(vault.excluded_by_rule ?? {}).length > 0 && excludedList(vault, name, open),
    Object.keys(vault.problems_by_code ?? {}).length > 0 && oddNotes(vault, name, open),
  );
}

function state(vault) {
  if (vault.phase === "closed") return h("p", { class: "state bad" }, t("overview.closed"));
  const read = vault.files - vault.pending;
  const unread = vault.pending > 0;
  if (!busy(vault) && !unread && vault.chunks_without_vector === 0) {
    return vault.files === 0 ? h("p", { class: "state" }, t("overview.empty")) : h("p", { class: "state good" }, t("overview.up_to_date"));
  }
  const words = t(!busy(vault) ? (unread ? "overview.waits" : "overview.by_words") : has(`phase.${vault.phase}`) ? `phase.${vault.phase}` : "phase.other");
  return h(
    "div",
    { class: "state" },
    heldUp(vault),
    h("p", {}, words, unread && ` ${share(read, vault.files)}`),
    unread && h("progress", { max: vault.files, value: read, "aria-label": words }),
    byMeaning(vault),
    unread && h("p", { class: "soft" }, t("overview.usable")),
  );
}

/** How many of the passages have their vector, while some have none. */
function byMeaning({ chunks, chunks_without_vector: missing }) {
  if (missing === 0) return null;
  const words = t("overview.by_meaning", { done: chunks - missing, n: chunks });
  return [h("p", {}, words), h("progress", { max: chunks, value: chunks - missing, "aria-label": words })];
}

/** What keeps the indexing from going on, or slow. */
function heldUp({ paused, slowed }) {
  const [kind, reason] = paused ? ["paused", paused] : ["slowed", slowed];
  if (!reason) return null;
  const known = `${kind}.${reason.replaceAll(" ", "_")}`;
  return h("p", { class: "held" }, has(known) ? t(known) : [t(`${kind}.other`), ": ", h("bdi", { lang: "en" }, reason)]);
}

function share(done, total) {
  return t("overview.progress", { done, total, part: percent(done / total) });
}

function counts(vault) {
  const shown = [
    ["overview.indexed", vault.indexed],
    ["overview.pieces", vault.chunks],
    ["overview.excluded", vault.excluded],
    ["overview.failed", vault.failed],
    ["overview.pending", vault.pending],
    ["overview.local", vault.local],
  ].filter(([key, count]) => count > 0 || key === "overview.indexed" || key === "overview.failed");
  return h("dl", { class: "counts" }, shown.map(([key, count]) => h("div", {}, h("dt", {}, t(key)), h("dd", {}, number(count)))));
}

function problems(found) {
  return h(
    "div",
    { class: "attention" },
    h("h3", {}, t("overview.attention")),
    h("ul", {}, found.map((problem) => h("li", { lang: "en" }, foreign(problem)))),
  );
}

function folded(name, open, summary, ...inside) {
  return h("details", { "data-name": name, open: open.has(name) }, h("summary", {}, summary), ...inside);
}

function failedList(failures, name, open) {
  const rest = failures.length - MOST;
  return folded(
    `${name}-failed`,
    open,
    t("overview.failed_files", { n: failures.length }),
    h("ul", { class: "files" }, failures.slice(0, MOST).map((file) => h("li", {}, foreign(file.path), ": ", h("bdi", { lang: "en" }, file.reason)))),
    rest > 0 && h("p", { class: "soft" }, t("overview.more", { n: rest }), " ", h("code", {}, "sidecar status --list failed")),
  );
}

function excludedList(vault, name, open) {
  return folded(
    `${name}-excluded`,
    open,
    t("overview.excluded_files", { n: vault.excluded }),
    counted(vault.excluded_by_rule),
    h("p", { class: "soft" }, t("overview.why_excluded"), " ", h("code", {}, "sidecar why NOTE")),
  );
}

function oddNotes(vault, name, open) {
  const all = Object.values(vault.problems_by_code).reduce((sum, count) => sum + count, 0);
  return folded(
    `${name}-odd`,
    open,
    t("overview.odd_notes", { n: all }),
    counted(vault.problems_by_code),
    h("p", { class: "soft" }, t("overview.which_odd"), " ", h("code", {}, "sidecar status --list problems")),
  );
}

function counted(rules) {
  return h(
    "ul",
    { class: "files" },
    Object.entries(rules).slice(0, MOST).map(([rule, count]) => h("li", {}, h("code", {}, foreign(rule)), ` ${number(count)}`)),
  );
}

function notices(status) {
  if ((status.notices ?? []).length === 0) return null;
  return h("section", {}, h("h2", {}, t("overview.notices")), h("ul", { lang: "en" }, status.notices.map((text) => h("li", {}, foreign(text)))));
}

function upstreams(status) {
  const servers = status.upstreams ?? [];
  if (servers.length === 0) return null;
  return h(
    "section",
    {},
    h("h2", {}, t("overview.servers")),
    h("ul", { class: "plain" }, servers.map((server) => h(
      "li",
      {},
      h("strong", {}, foreign(server.name)), " ", h("span", { class: "path" }, foreign(server.url)), " ",
      t(server.reached === false ? "overview.unreached" : server.on_this_machine ? "overview.here" : "overview.elsewhere"),
      server.problem && h("p", { class: "problem", lang: "en" }, foreign(server.problem)),
    ))),
  );
}

function about(status) {
  const closed = status.offline_lock && status.offline_lock !== "none";
  return h("p", { class: "about soft" }, t("overview.version", { version: status.version }), " ", t(closed ? "overview.locked" : "overview.unlocked"));
}
