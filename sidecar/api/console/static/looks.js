// Light or dark, and the language: two choices that a browser remembers.

import { h } from "./dom.js";
import { local } from "./store.js";
import { LANGUAGES } from "./texts.js";

const STORE = "sidecar-theme";

export function showTheme() {
  const chosen = local.get(STORE) ?? "auto";
  if (chosen === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  return chosen;
}

/** Fill both lists; `onLanguage` is told the language that was chosen. */
export function offer(language, onLanguage) {
  const languages = document.getElementById("language");
  languages.replaceChildren(
    ...Object.entries(LANGUAGES).map(([tag, name]) => h("option", { value: tag, lang: tag }, name)),
  );
  languages.value = language;
  languages.addEventListener("change", () => onLanguage(languages.value));
  const themes = document.getElementById("theme");
  themes.value = showTheme();
  themes.addEventListener("change", () => {
    local.set(STORE, themes.value);
    showTheme();
  });
}
