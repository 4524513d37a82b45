"""The words of reference of a message's language, ready to be looked for; the words themselves are data elsewhere."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from sidecar.language.recognition import language_of, stop_words
from sidecar.language.terms import fold
from sidecar.retrieval.reference_words import REFERENCE_WORDS

# Marks that no letter stands without are part of its word: in Hebrew, Arabic, Indic and Thai writing.
_WORD = re.compile(
    r"(?:[^\W_]|[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0dff\u0e31-\u0e3a\u0e47-\u0e4e])+"
)


def spelled(text: str) -> list[str]:
    """The words of a text as they stand in it; an apostrophe parts two words."""
    return _WORD.findall(unicodedata.normalize("NFC", text))


def written(text: str) -> list[str]:
    """The words of a text in lower case, accents kept."""
    return [word.lower() for word in spelled(text)]


def plain(word: str) -> str:
    """A word without its accents, unless they are all that tells it from another: Portuguese "e" and "é"."""
    return word if len(word) == 1 else fold(word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """One language's words of reference; phrases are words joined by spaces. Accents tell pronouns from articles and
    verbs ("él", "là", "está"), so they are kept in what points, and dropped elsewhere.
    """

    openers: tuple[str, ...]
    """Begin a sentence that goes on with the last one: "and", "what about"."""
    pronouns: frozenset[str]
    """Point to something said, wherever they stand."""
    near: frozenset[str]
    """Point to what was said, but sooner to a word before them in the message itself: "its", "-t-il"."""
    last: frozenset[str]
    """Point only as the last word, and are articles, conjunctions or else elsewhere: "that", "das"."""
    phrases: tuple[str, ...]
    """Several words that point only together: "the second one", "l'a"."""
    not_pointing: tuple[str, ...]
    """Phrases in which a pointing word points to nothing: "this week", "is it possible"."""
    moves: tuple[str, ...]
    """Begin a new topic: "another question"."""
    talk: frozenset[str]
    """Words of messages that ask the notes nothing: "thanks", "shorter", "translate"."""
    shapes: frozenset[str]
    """What an answer is to be: "English", "table". Beside `talk` they ask nothing either, nor behind `into`."""
    into: frozenset[str]
    """Words before shapes: "in", "as"."""
    asking: frozenset[str]
    """With one of these a message asks after all: "what is on my list"."""
    light: frozenset[str]
    """Words that say little about what is asked, the language's stop words among them."""
    capitals_name: bool = True
    """Whether a capital within a sentence makes a name; German gives one to every noun."""
    spaced: bool = True
    """Whether words are parted by spaces; where not, everything above is looked for anywhere."""

    def points(self, word: str) -> bool:
        return word in self.pronouns or word in self.near


def signs_of(question: str, before: str) -> Signs:
    """The signs of a question's language; where it is too short to tell, what was said `before` decides."""
    return signs_in(_by_script(question) or _by_words(question, before))


@cache
def signs_in(language: str) -> Signs:
    """The signs of one of the languages of `REFERENCE_WORDS`."""
    table = REFERENCE_WORDS[language]

    def phrases(kind: str) -> tuple[str, ...]:
        return tuple(" ".join(written(phrase)) for phrase in table.get(kind, "").split(",") if phrase)

    def folded_phrases(kind: str) -> tuple[str, ...]:
        return tuple(" ".join(map(plain, phrase.split())) for phrase in phrases(kind))

    def words(kind: str) -> frozenset[str]:
        return frozenset(written(table.get(kind, "")))

    def folded(kind: str) -> frozenset[str]:
        return frozenset(map(fold, words(kind)))

    return Signs(
        openers=folded_phrases("openers"),
        pronouns=words("pronouns"),
        near=words("near"),
        last=words("last"),
        phrases=phrases("phrases"),
        not_pointing=phrases("not_pointing"),
        moves=folded_phrases("moves"),
        talk=folded("talk"),
        shapes=folded("shapes"),
        into=folded("into"),
        asking=folded("asking"),
        light=folded("light") | (stop_words(language) if language in _BY_WORDS else frozenset()),
        capitals_name=language != "de",
        spaced=language not in _UNSPACED,
    )


_BY_WORDS = frozenset({"en", "pt", "es", "it", "fr", "de"})
_UNSPACED = frozenset({"zh", "ja", "th"})
_CYRILLIC, _GREEK, _THAI = (re.compile(block) for block in ("[\u0400-\u04ff]", "[\u0370-\u03ff]", "[\u0e00-\u0e7f]"))
_KANA = re.compile("[\u3040-\u30ff]")
_HAN_OR_KANA = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")


def _by_script(question: str) -> str | None:
    letters = sum(map(len, _WORD.findall(question)))
    scripts = {"zh": _HAN_OR_KANA, "th": _THAI, "ru": _CYRILLIC, "el": _GREEK}
    for language, script in scripts.items():
        if 2 * len(script.findall(question)) > letters:
            return "ja" if language == "zh" and _KANA.search(question) else language
    return None


def _by_words(question: str, before: str) -> str:
    language = language_of(f"{question}\n{question}\n{before}")
    return language if language in _BY_WORDS else "en"
