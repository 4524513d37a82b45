/** Days and times as text, with the tokens that Obsidian's daily notes use, in the user's language. */

const TOKENS = /\[([^\]]*)\]|YYYY|YY|Q|MMMM|MMM|MM|Mo|M|DDDD|DDD|DD|Do|D|dddd|ddd|dd|d|E|GGGG|gggg|WW|W|ww|w|HH|H|hh|h|mm|m|ss|s|SSS|A|a|X|x/g;
const DAY = 86_400_000;

/**
 * Write a moment, in the machine's own time. What is in square brackets stays as it is. Months and days are named in the
 * language, a tag such as `pt-BR`; weeks are those of ISO 8601 in every language.
 */
export function formatDate(date: Date, format: string, language: string): string {
  return format.replace(TOKENS, (token: string, literal: string | undefined) => literal ?? written(date, token, language));
}

/** A date by a number of days, weeks, months or years later. A month that is too short gives its last day. */
export function shiftDate(date: Date, amount: number, unit: "d" | "w" | "m" | "y"): Date {
  const shifted = new Date(date.getTime());
  if (unit === "d" || unit === "w") {
    shifted.setDate(shifted.getDate() + amount * (unit === "w" ? 7 : 1));
    return shifted;
  }
  const day = shifted.getDate();
  shifted.setDate(1);
  shifted.setMonth(shifted.getMonth() + amount * (unit === "y" ? 12 : 1));
  shifted.setDate(Math.min(day, new Date(shifted.getFullYear(), shifted.getMonth() + 1, 0).getDate()));
  return shifted;
}

function written(date: Date, token: string, language: string): string {
  const name = (options: Intl.DateTimeFormatOptions): string => named(date, options, language);
  const week = isoWeek(date);
  const hour = date.getHours();
  switch (token) {
    case "YYYY": return padded(date.getFullYear(), 4);
    case "YY": return padded(date.getFullYear() % 100, 2);
    case "Q": return String(Math.floor(date.getMonth() / 3) + 1);
    case "MMMM": return name({ month: "long" });
    case "MMM": return name({ month: "short" });
    case "MM": return padded(date.getMonth() + 1, 2);
    case "Mo": return ordinal(date.getMonth() + 1, language);
    case "M": return String(date.getMonth() + 1);
    case "DDDD": return padded(dayOfYear(date), 3);
    case "DDD": return String(dayOfYear(date));
    case "DD": return padded(date.getDate(), 2);
    case "Do": return ordinal(date.getDate(), language);
    case "D": return String(date.getDate());
    case "dddd": return name({ weekday: "long" });
    case "ddd": return name({ weekday: "short" });
    case "dd": return Array.from(name({ weekday: "short" })).slice(0, 2).join("");
    case "d": return String(date.getDay());
    case "E": return String(date.getDay() || 7);
    case "GGGG": case "gggg": return padded(week.year, 4);
    case "WW": case "ww": return padded(week.week, 2);
    case "W": case "w": return String(week.week);
    case "HH": return padded(hour, 2);
    case "H": return String(hour);
    case "hh": return padded(hour % 12 || 12, 2);
    case "h": return String(hour % 12 || 12);
    case "mm": return padded(date.getMinutes(), 2);
    case "m": return String(date.getMinutes());
    case "ss": return padded(date.getSeconds(), 2);
    case "s": return String(date.getSeconds());
    case "SSS": return padded(date.getMilliseconds(), 3);
    case "A": return hour < 12 ? "AM" : "PM";
    case "a": return hour < 12 ? "am" : "pm";
    case "X": return String(Math.floor(date.getTime() / 1000));
    default: return String(date.getTime());
  }
}

/** A name as it stands within a date: "de março" has it without a full stop and in the language's own case. */
function named(date: Date, options: Intl.DateTimeFormatOptions, language: string): string {
  try {
    return new Intl.DateTimeFormat(language, options).format(date).replace(/\.$/, "");
  } catch {
    return new Intl.DateTimeFormat("en", options).format(date);
  }
}

/** "3rd" in English; "1er" in French for the first; the plain number, with the sign of the language, elsewhere. */
function ordinal(number: number, language: string): string {
  const base = language.toLowerCase().split(/[-_]/)[0];
  if (base === "pt" || base === "es" || base === "it") return `${number}º`;
  if (base === "fr") return number === 1 ? "1er" : String(number);
  if (base === "de") return `${number}.`;
  if (base !== "en") return String(number);
  const endings: Readonly<Record<string, string>> = { one: "st", two: "nd", few: "rd", other: "th" };
  return `${number}${endings[new Intl.PluralRules("en", { type: "ordinal" }).select(number)] ?? "th"}`;
}

/** The week of ISO 8601, and the year that it belongs to. */
function isoWeek(date: Date): { week: number; year: number } {
  const thursday = new Date(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate() + 4 - (date.getDay() || 7)));
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  return { week: Math.floor((thursday.getTime() - first) / DAY / 7) + 1, year: thursday.getUTCFullYear() };
}

function dayOfYear(date: Date): number {
  return Math.round((Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - Date.UTC(date.getFullYear(), 0, 1)) / DAY) + 1;
}

function padded(number: number, length: number): string {
  return String(number).padStart(length, "0");
}
