// What keys do, and what is said to those who listen: the tabs' arrows, `/` for the search, Escape to stop.

import { h } from "./dom.js";
import { t } from "./texts.js";

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
const SILENCE = 50;
const MOST_SAID = 40;
const WRITING = "input, textarea, select, [contenteditable]";

/** Say something to a screen reader, once it has finished what it is saying. */
export function say(text) {
  const place = document.getElementById("said");
  // The same words once more are no change, and would not be said.
  place.textContent = "";
  setTimeout(() => {
    place.textContent = text;
  }, SILENCE);
}

/** What reads an answer out as it grows, in whole paragraphs: the answer itself changes too often to be read. */
export function reader(place) {
  return (turn, { whole }) => {
    const end = whole ? turn.text.length : turn.text.lastIndexOf("\n\n");
    const more = turn.text.slice(turn.said, end).replace(/[[\]*_`#>]/g, "").trim();
    if (more === "") return;
    turn.said = end;
    place.append(h("p", {}, more));
    while (place.childElementCount > MOST_SAID) place.firstChild.remove();
  };
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
