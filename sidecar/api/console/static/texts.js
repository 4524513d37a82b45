// The page's words in its languages, with numbers, dates and sizes as each language writes them.

import { local } from "./store.js";

export const LANGUAGES = { en: "English", pt: "Português", es: "Español", it: "Italiano", fr: "Français" };
const PLACE = /\{(\w+)\}/g;
const STORE = "sidecar-language";
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let words = {};
let spoken = "en";

/** The language that was chosen, else the first of the browser's that there is. */
export function preferred() {
  const wanted = [local.get(STORE), ...navigator.languages].filter(Boolean);
  return wanted.map((tag) => tag.toLowerCase().split("-")[0]).find((tag) => tag in LANGUAGES) ?? "en";
}

/** Load a language; with `keep`, it is the one to come back to. */
export async function speak(language, { keep = false } = {}) {
  const answer = await fetch(`/console/texts/${language}.json`);
  if (!answer.ok) throw new Error(`no texts for ${language}`);
  words = await answer.json();
  spoken = language;
  if (keep) local.set(STORE, language);
  document.documentElement.lang = locale();
}

/** The language's tag: with its region, where the one of the browser is of the same language. */
export function locale() {
  return navigator.languages.find((tag) => tag.toLowerCase().split("-")[0] === spoken) ?? spoken;
}

/** A text by its key. `{n}` is written as a number and decides between singular and plural. */
export function t(key, values = {}) {
  const form = "n" in values ? `${key}_${new Intl.PluralRules(locale()).select(values.n)}` : key;
  const text = words[form] ?? words[`${key}_other`] ?? words[key] ?? key;
  return text.replace(PLACE, (place, name) => {
    const value = values[name];
    if (value === undefined) return place;
    return typeof value === "number" ? number(value) : String(value);
  });
}

/** Whether there is a text of that key. */
export function has(key) {
  return Object.hasOwn(words, key);
}

/** Put the words into what stands in the page from the start. */
export function translate(root = document) {
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
  }
}

export function number(value, options = {}) {
  return new Intl.NumberFormat(locale(), options).format(value);
}

export function percent(part) {
  return number(part, { style: "percent", maximumFractionDigits: part < 0.01 ? 1 : 0 });
}

/** Bytes in the unit that suits them, 1,024 to the next. */
export function size(bytes) {
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit < UNITS.length - 1; unit += 1) value /= 1024;
  return number(value, {
    style: "unit",
    unit: UNITS[unit],
    unitDisplay: "short",
    maximumFractionDigits: unit > 2 && value < 100 ? 1 : 0,
  });
}

export function milliseconds(value) {
  if (value < 1000) return number(value, { style: "unit", unit: "millisecond", maximumFractionDigits: 0 });
  return number(value / 1000, { style: "unit", unit: "second", maximumFractionDigits: 1 });
}

export function time(seconds) {
  return new Intl.DateTimeFormat(locale(), { timeStyle: "medium" }).format(seconds * 1000);
}

export function day(seconds) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium" }).format(seconds * 1000);
}

/** How long ago that was, in the largest unit that fits. */
export function ago(seconds, now = Date.now() / 1000) {
  const past = Math.max(0, now - seconds);
  const relative = new Intl.RelativeTimeFormat(locale(), { numeric: "auto", style: "long" });
  if (past < MINUTE) return relative.format(-Math.round(past), "second");
  if (past < HOUR) return relative.format(-Math.round(past / MINUTE), "minute");
  if (past < DAY) return relative.format(-Math.round(past / HOUR), "hour");
  return relative.format(-Math.round(past / DAY), "day");
}
