"""What a word's inflected forms have in common: Snowball's stems, by language. Knows neither sentences nor scripts.

A note's words are stemmed as they are written and folded afterwards, because the endings that a stemmer knows have
accents: of the forms of one word that `fold(stem(word))` brings together, `stem(fold(word))` leaves more than a third
apart in Hungarian and more than half in French. A question typed without accents is met on its side, by the spellings
that its last letters may stand for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, product

from sidecar.language.terms import fold

_ALGORITHMS: Mapping[str, str] = {
    "ar": "arabic",
    # Bosnian and Croatian: the Serbian stemmer knows both alphabets and both ways of writing the old yat.
    "bs": "serbian",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "eo": "esperanto",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hr": "serbian",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}

STEMMED = frozenset(_ALGORITHMS)
"""Languages with a stemmer, as ISO 639-1 codes. Norwegian is `no`, in both of its forms."""

# Accented letters in endings that the stemmer of the language does not know without them. German, Polish, the
# Scandinavian and other languages are not here: their stemmers treat both spellings alike.
_ACCENTED_ENDINGS: Mapping[str, str] = {
    "ca": "àéèíïóòúç",
    "cs": "áéíýůěřšč",
    "es": "áéíóú",
    "fr": "éèâîû",
    "hu": "áéíóöőúüű",
    "it": "àèéìòù",
    "lt": "ąčęėįšųūž",
    "pt": "áâãéêíóôõúç",
    "ro": "ăâîșț",
    "tr": "çğıöşü",
}


def _alternatives(accented: str) -> Mapping[str, str]:
    return {letter: "".join(sign for sign in accented if fold(sign) == letter) for letter in map(fold, accented)}


_ACCENTS_OF = {language: _alternatives(accented) for language, accented in _ACCENTED_ENDINGS.items()}
_ENDING = 4
_SHORTEST_RESTORED = 4
_MOST_ACCENTS = 2
# What has digits or is joined by a low line is an identifier; a lone surrogate cannot be passed to the stemmer.
_NOT_A_WORD = re.compile("[\\d_\ud800-\udfff]")
_LONGEST = 64


def stemmer(language: str) -> Callable[[Sequence[str]], list[str]]:
    """Return the function that makes words (lower case, NFC, accents kept) their stems; raise KeyError without one.

    It holds no state: a Snowball object is not safe across threads, takes under a microsecond to make, and its own
    cache gains little. Source: Snowball, https://snowballstem.org.
    """
    # A native library that the server needs at its first question and not to start.
    import Stemmer  # type: ignore[import-not-found]

    algorithm = _ALGORITHMS[language]

    def stem(words: Sequence[str]) -> list[str]:
        stemmed: list[str] = Stemmer.Stemmer(algorithm, 0).stemWords(words)
        return stemmed

    return stem


def stems(words: Sequence[str], language: str | None) -> list[str]:
    """Return what the words of a note become, one for each, not yet folded.

    Words are lower case, NFC, accents kept. Identifiers, single letters and words of a language without a stemmer stay
    as they are.
    """
    if language not in STEMMED:
        return list(words)
    stemmed = stemmer(language)([word if _is_word(word) else "" for word in words])
    if language == "pt":
        # Snowball leaves decisão and decisões apart, and with them every word in -são and -nião.
        stemmed = [f"{stem[:-1]}ã" if stem.endswith("õ") else stem for stem in stemmed]
    return [stem or word for stem, word in zip(stemmed, words, strict=True)]


def variants(word: str, languages: Sequence[str]) -> tuple[str, ...]:
    """Return the distinct index terms that a word of a question may stand as in notes of these languages.

    The folded word comes first: a note's language may not have been recognised. Then, for each language in turn, the
    stem of the word, of its bare spelling and, if it was typed without accents, of the spellings it may stand for.
    """
    return variants_of_all([word], languages)[0]


def variants_of_all(words: Sequence[str], languages: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the variants of each word: one call of a stemmer for all of them takes a third of one for each."""
    written = [unicodedata.normalize("NFC", word.lower()) for word in words]
    bare = [fold(word) for word in written]
    found: list[dict[str, None]] = [{word: None} for word in bare]
    for language in languages:
        accents = _ACCENTS_OF.get(language, {})
        spellings: list[str] = []
        owners: list[dict[str, None]] = []
        for own, word, plain in zip(found, written, bare, strict=True):
            several = [word] if word == plain else [word, plain]
            several += _restored(word, accents) if accents else ()
            spellings += several
            owners += [own] * len(several)
        for own, stem in zip(owners, stems(spellings, language), strict=True):
            own[fold(stem)] = None
    return [tuple(own) for own in found]


def _is_word(word: str) -> bool:
    return 1 < len(word) <= _LONGEST and (word.isalpha() or not _NOT_A_WORD.search(word))


def _restored(word: str, accents: Mapping[str, str]) -> Iterator[str]:
    """Spellings with one or two of the last letters accented, for a word typed without any accent."""
    if len(word) < _SHORTEST_RESTORED or not word.isascii() or not _is_word(word):
        return
    start, ending = word[:-_ENDING], word[-_ENDING:]
    places = [place for place, letter in enumerate(ending) if letter in accents]
    for count in range(1, _MOST_ACCENTS + 1):
        for chosen in combinations(places, count):
            options = [accents[letter] if place in chosen else letter for place, letter in enumerate(ending)]
            yield from (start + "".join(letters) for letters in product(*options))
