/** A part of what the plugin says: each text in the five languages, side by side so that none is forgotten. */

export const LANGUAGES = ["en", "pt", "es", "it", "fr"] as const;
export type Language = (typeof LANGUAGES)[number];

/** A text, or one for each plural category that the language uses (CLDR); `{name}` stands for a value. */
export type Wording = string | { readonly one: string; readonly many?: string; readonly other: string };

/** One text in every language. */
export type Entry = Readonly<Record<Language, Wording>>;

/** Texts by their key. Use `satisfies Section`, so that the keys stay known. */
export type Section = Readonly<Record<string, Entry>>;
