// What keys do, and what is said to those who listen: the tabs' arrows, `/` for the search, Escape to stop.

import { h } from "./dom.js";
import { t } from "./texts.js";

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
const WRITING = "input, textarea, select, [contenteditable]";

/** Say something to a screen reader, once it has finished what it is saying. */
export function say(text) {
  document.getElementById("said").textContent = text;
}

/** Let arrows, Home and End move along the tabs. `go` is given the tab to show. */
export function tabKeys(list, go) {
  list.addEventListener("keydown", (event) => {
    const tabs = [...list.querySelectorAll("[role=tab]")];
    const at = tabs.indexOf(document.activeElement);
    const ends = { Home: 0, End: tabs.length - 1 };
    const to = ends[event.key] ?? (event.key in STEPS ? (at + STEPS[event.key] + tabs.length) % tabs.length : null);
    if (to === null || at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    tabs[to].focus();
    go(tabs[to].dataset.name);
  });
}

/** `/` and Escape, wherever one is. `search` and `stop` are called; `/` is a letter where somebody writes. */
export function pageKeys({ search, stop }) {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "/" && !event.target.closest(WRITING)) {
      event.preventDefault();
      search();
    }
    if (event.key === "Escape") stop();
  });
}

/** A button that copies what `text` gives, and says so. */
export function copyButton(text, named) {
  const button = h("button", { class: "quiet copy", type: "button", "aria-label": t("page.copy_named", { what: named }) });
  button.textContent = t("page.copy");
  button.addEventListener("click", async () => {
    const copied = await Promise.resolve(text()).then((words) => navigator.clipboard.writeText(words)).then(
      () => true,
      () => false,
    );
    button.textContent = t(copied ? "page.copied" : "page.not_copied");
    say(t(copied ? "page.copied" : "page.not_copied"));
    setTimeout(() => {
      button.textContent = t("page.copy");
    }, 2000);
  });
  return button;
}
