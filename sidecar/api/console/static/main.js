// The page as a whole: which part is shown, who is signed in, and whether the server is there.

import { asking } from "./ask.js";
import { clients } from "./clients.js";
import { fill, foreign, h } from "./dom.js";
import { pageKeys, say, tabKeys } from "./keyboard.js";
import { offer, showTheme } from "./looks.js";
import { models } from "./models.js";
import { overview } from "./overview.js";
import { search } from "./search.js";
import { Problem, ask, asksKey, forget, key, on, retryNow, signOut } from "./server.js";
import { enter, showSignIn, takeCode } from "./sign_in.js";
import { preferred, speak, t, translate } from "./texts.js";

const NAMES = ["overview", "search", "ask", "models", "clients"];
const WIDE = matchMedia("(min-width: 64rem)");
const tabs = document.getElementById("tabs");
const panels = document.getElementById("panels");
const away = document.getElementById("away");
const door = document.getElementById("sign-in");
const leave = document.getElementById("sign-out");
const parts = {};
let current = null;
let problemAtDoor = null;

function build() {
  for (const name of NAMES) {
    const panel = h("div", { id: `panel-${name}`, role: "tabpanel", "aria-labelledby": `tab-${name}`, hidden: true });
    const tab = h("button", { id: `tab-${name}`, type: "button", role: "tab", "aria-controls": `panel-${name}`, "data-name": name, "data-t": `tab.${name}` });
    tab.addEventListener("click", () => go(name));
    tabs.append(tab);
    panels.append(panel);
  }
  const at = (name) => document.getElementById(`panel-${name}`);
  parts.overview = overview(at("overview"), { onStatus, problemOf });
  parts.search = search(at("search"), { problemOf });
  parts.ask = asking(at("ask"));
  parts.models = models(at("models"), { problemOf });
  parts.clients = clients(at("clients"), { problemOf });
  tabKeys(tabs, go);
  pageKeys({ search: () => current !== null && go("search", { focus: true }), stop: () => parts.ask.stop() });
  const turn = () => tabs.setAttribute("aria-orientation", WIDE.matches ? "vertical" : "horizontal");
  WIDE.addEventListener("change", turn);
  turn();
}

/** Show a part. Its name is in the address, so that the browser's own buttons lead back and forth. */
function go(name, { focus = false } = {}) {
  if (current !== name) {
    const first = current === null;
    if (!first) parts[current].hide();
    current = name;
    for (const each of NAMES) {
      const chosen = each === name;
      document.getElementById(`panel-${each}`).hidden = !chosen;
      const tab = document.getElementById(`tab-${each}`);
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
    if (location.hash !== `#${name}`) history[first ? "replaceState" : "pushState"](null, "", `#${name}`);
    entitle();
    parts[name].show();
  }
  if (focus) parts[name].focus?.();
}

function named() {
  const name = location.hash.slice(1);
  return NAMES.includes(name) ? name : (current ?? "overview");
}

function entitle() {
  document.title = `${current === null ? t("sign_in.title") : t(`tab.${current}`)} · Sidecar`;
}

function onStatus(status) {
  parts.search.vaults(status.vaults.filter((vault) => vault.phase !== "closed").map((vault) => vault.name));
  parts.ask.models(status.models.filter((model) => model.kind === "chat").map((model) => model.id));
  parts.models.status(status);
}

/** What went wrong, in the page's words and the server's, and a button to try again. */
function problemOf(problem, again) {
  const known = problem instanceof Problem ? problem : new Problem("refused");
  const words = known.kind === "gone" ? "page.gone" : known.kind === "signed_out" ? "page.signed_out" : "page.refused";
  return h(
    "div",
    { class: "problem-box", role: "alert" },
    h("p", {}, t(words)),
    known.message && h("p", { lang: "en" }, foreign(known.message)),
    h("button", { type: "button", onclick: () => again() }, t("page.retry")),
  );
}

async function open() {
  if (key() === null && (await asksKey())) {
    close();
    return;
  }
  try {
    onStatus(await ask("/vault/status"));
  } catch (problem) {
    if (problem.kind === "signed_out") return;
    // An error of the server is shown where it belongs; one that is away is waited for.
  }
  door.hidden = true;
  problemAtDoor = null;
  panels.hidden = tabs.hidden = false;
  leave.hidden = key() === null;
  go(named());
}

function close() {
  forget();
  parts.ask.stop();
  if (current !== null) parts[current].hide();
  current = null;
  panels.hidden = tabs.hidden = leave.hidden = true;
  door.hidden = false;
  drawDoor();
  entitle();
}

function drawDoor() {
  showSignIn(door, { problem: problemAtDoor, done: open });
}

function drawAway({ seconds }) {
  const first = away.hidden;
  away.hidden = false;
  if (first) {
    fill(away, h("p", {}, t("page.gone")), h("p", { class: "soft", "aria-live": "off" }), h("button", { type: "button", onclick: retryNow }, t("page.retry_now")));
  }
  away.querySelector(".soft").textContent = seconds > 0 ? t("page.again_in", { n: seconds }) : t("page.trying");
}

async function back() {
  away.hidden = true;
  say(t("page.back"));
  if (current === null) await open();
  else parts[current].show();
}

function redraw() {
  translate();
  for (const part of Object.values(parts)) part.redraw();
  if (!door.hidden) drawDoor();
  if (!away.hidden) away.hidden = true;
  entitle();
}

async function start() {
  showTheme();
  const language = preferred();
  await speak(language).catch(() => speak("en"));
  build();
  translate();
  offer(language, async (wanted) => {
    await speak(wanted, { keep: true });
    redraw();
  });
  redraw();
  on("gone", drawAway);
  on("back", back);
  on("signed_out", close);
  leave.addEventListener("click", async () => {
    await signOut();
    // A page begun anew keeps nothing of what was read in this one.
    location.replace("/");
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && current !== null) parts[current].show();
  });
  addEventListener("popstate", () => current !== null && go(named()));
  addEventListener("hashchange", signInFromAddress);
  await signInFromAddress();
  if (current === null && door.hidden) await open();
  document.documentElement.dataset.ready = "true";
}

/** A link that was opened in this very tab, or the one that the page began with. */
async function signInFromAddress() {
  if (!location.hash.startsWith("#sign-in=")) return;
  problemAtDoor = await enter(takeCode());
  // Whoever is signed in already stays so, and where they are, whatever became of the link.
  if (current === null) await open();
  else history.replaceState(null, "", `#${current}`);
}

start();
