/** Asks into which language to translate: the one of the last time first, any other by its name. */
import { SuggestModal, type App } from "obsidian";
import type { Texts } from "../core/texts/texts";
import { spokenLabel } from "../views/spoken_label";

const TAGS = ["en", "pt", "es", "it", "fr", "de", "nl", "ca", "gl", "eu", "da", "sv", "nb", "fi", "pl", "cs", "sk", "hu", "ro", "bg", "el", "ru", "uk", "tr", "ar", "he", "fa", "hi", "bn", "id", "vi", "th", "ja", "ko", "zh-Hans", "zh-Hant", "la", "eo"];

/** A language by its name in English, for the model, and by the one that the user knows. */
export interface Named {
  readonly english: string;
  readonly name: string;
}

export class LanguageModal extends SuggestModal<Named> {
  readonly #languages: Named[];

  constructor(
    app: App,
    texts: Texts,
    last: string,
    private readonly chosen: (language: Named) => void,
  ) {
    super(app);
    this.setPlaceholder(texts("text.translate.into"));
    spokenLabel(this.modalEl, texts("text.translate.into"));
    const all = [texts.language, ...TAGS.filter((tag) => tag !== texts.language)].map((tag) => named(tag, texts.language));
    const before = all.find(({ english }) => english === last) ?? (last === "" ? null : { english: last, name: last });
    this.#languages = before === null ? all : [before, ...all.filter(({ english }) => english !== before.english)];
  }

  override getSuggestions(query: string): Named[] {
    const typed = query.trim();
    const part = typed.toLocaleLowerCase();
    const found = this.#languages.filter(({ english, name }) => name.toLocaleLowerCase().includes(part) || english.toLowerCase().includes(part));
    return typed === "" || found.length > 0 ? found : [{ english: typed, name: typed }];
  }

  override renderSuggestion({ name }: Named, el: HTMLElement): void {
    el.setText(name);
  }

  override onChooseSuggestion(language: Named): void {
    this.chosen(language);
  }
}

function named(tag: string, language: string): Named {
  const of = (locale: string): string => new Intl.DisplayNames([locale], { type: "language" }).of(tag) ?? tag;
  const name = of(language);
  return { english: of("en"), name: name.charAt(0).toLocaleUpperCase(language) + name.slice(1) };
}
