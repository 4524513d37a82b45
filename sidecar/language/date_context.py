"""Which of the shapes in a text are dates there, by the words around them.

Many names of months and weekdays are other words too. A bare one is a date only where the words beside it say so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sidecar.language.date_grammar import Atom
from sidecar.language.date_tokens import Token
from sidecar.language.date_words import LANGUAGES
from sidecar.language.recognition import STOP_WORDS, stop_words

_PLACING = frozenset({"in", "since", "before", "after", "until", "between"})
YEARS = range(1900, 2100)
# Per cent.
_PER = frozenset({"por", "per", "pour"})
_NTH_ARTICLES = {"es": "el", "fr": "le", "it": "il"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A text cut into tokens in one language."""

    text: str
    tokens: Sequence[Token]
    language: str
    today: dt.date

    def lead(self, start: int) -> tuple[int, frozenset[str]]:
        """Where the articles and the preposition in front of a token begin, and what the preposition can mean."""
        place = start
        while place > 0 and start - place < 3:
            before = self.tokens[place - 1]
            if before.roles:
                return place - 1, before.roles
            if before.letter != "t":
                break
            place -= 1
        return place, frozenset()

    def ends(self, stop: int) -> bool:
        """Whether no word follows."""
        return not any(token.word[:1].isalnum() for token in self.tokens[stop:])

    def goes_on(self, stop: int) -> bool:
        """Whether the next thing is a word with content, which what stands before it may belong to."""
        if stop >= len(self.tokens):
            return False
        token = self.tokens[stop]
        known = token.roles or token.word == "s" or token.letter in "pt" or token.word in self._stop_words()
        return token.word[:1].isalnum() and not known

    def habitual(self, start: int) -> bool:
        """Whether every one is meant, as in `todos los lunes`."""
        before = [token.letter for token in self.tokens[max(start - 3, 0) : start] if token.letter != "t"]
        return bool(before) and before[-1] == "j"

    def number_follows(self, stop: int) -> bool:
        """Whether a number comes next that is no year of ours, as in `March 15, 44 BC`."""
        behind = [token.letter for token in self.tokens[stop : stop + 2] if token.letter != ","]
        return bool(behind) and behind[0] in "NB"

    def capital(self, place: int) -> bool:
        """Whether a token is written as a name, which tells nothing in German."""
        inside = 0 <= place < len(self.tokens) and self.language != "de"
        return inside and self.text[self.tokens[place].start].isupper()

    def plausible(self, atom: Atom) -> bool:
        """Whether the rest of the text is not clearly in another language."""
        rest = [token.word for token in (*self.tokens[: atom.start], *self.tokens[atom.stop :])]
        words = [word for phrase in rest for word in phrase.split() if word in STOP_WORDS]
        counts = {language: sum(word in stop_words(language) for word in words) for language in LANGUAGES}
        return not words or counts[self.language] == max(counts.values())

    def says_little(self, place: int) -> bool:
        """Whether a token is a function word of the language, or none at all."""
        return place < 0 or self.tokens[place].word in self._stop_words() or not self.tokens[place].word[0].isalnum()

    def _stop_words(self) -> frozenset[str]:
        return stop_words(self.language) if self.language in LANGUAGES else STOP_WORDS


def is_date(context: Context, atom: Atom, roles: frozenset[str]) -> bool:
    """Whether a shape is a date where it stands; `roles` are those of the word in front of it."""
    tokens = context.tokens[atom.start : atom.stop]
    if context.habitual(atom.start):
        return False
    shy = any(token.letter in "mw" for token in tokens)
    if atom.recurring and atom.shape != "nth" and context.number_follows(atom.stop):
        return False
    match atom.shape:
        case "month" | "weekday":
            return _bare_name(context, atom, roles, shy=shy)
        case "month_near" if shy and tokens[0].letter == "T":
            # "This may be", but "this May".
            return context.capital(atom.stop - 1)
        case "date" if shy and atom.recurring:
            return (bool(roles) or context.ends(atom.stop)) and context.plausible(atom)
        case "date" | "month_year":
            return not shy or context.plausible(atom)
        case "season":
            return context.plausible(atom)
        case "relative":
            return tokens[0].word != "hier" or context.plausible(atom)
        case "quarter":
            return len(tokens) > 1 or bool(roles)
        case "numeric_short":
            dotted = "." in tokens[0].word
            return bool(roles) and (context.language == "de" if dotted else context.language not in ("en", "de"))
        case "nth":
            return names_day(context, atom, roles)
        case "year":
            return _bare_year(context, atom, roles)
        case _:
            return True


def _bare_name(context: Context, atom: Atom, roles: frozenset[str], *, shy: bool) -> bool:
    word = context.tokens[atom.start].word
    if atom.start == 0 and context.ends(atom.stop) and len(word) > 3:
        return True
    if shy:
        short = atom.shape == "month" and len(word) <= 3 and context.language != "en"
        unclear = atom.shape == "weekday" and context.goes_on(atom.stop)
        # French has the moons of Mars.
        telling = _PLACING if context.language == "fr" else _PLACING | {"of", "from"}
        return bool(roles & telling) and not (short and word != "mai") and not unclear
    if roles:
        return True
    article = atom.start > 0 and context.tokens[atom.start - 1].letter == "t" and atom.shape == "weekday"
    if article:
        return True
    if atom.start == 0:
        return not context.capital(atom.stop)
    if not context.ends(atom.stop):
        return False
    before = atom.start - 1
    return context.says_little(before) if atom.shape == "weekday" else not context.capital(before)


def names_day(context: Context, atom: Atom, roles: frozenset[str]) -> bool:
    """Whether a number with an article is a day of the month there."""
    first, last = context.tokens[atom.start], context.tokens[atom.stop - 1]
    if context.goes_on(atom.stop) or any(token.word in _PER for token in context.tokens[atom.stop : atom.stop + 1]):
        return False
    if first.letter == "D":
        return bool(roles) or atom.start == 0 or context.tokens[atom.start - 1].letter == "t"
    if context.language == "en":
        return last.word[-1].isalpha() and (bool(roles) or context.ends(atom.stop))
    if context.language == "de":
        return bool(first.roles)
    return first.word == _NTH_ARTICLES.get(context.language)


def _bare_year(context: Context, atom: Atom, roles: frozenset[str]) -> bool:
    year = int(context.tokens[atom.start].value)
    if year not in YEARS:
        return False
    if atom.start == 0 and context.ends(atom.stop):
        return True
    # "In 2000 words", "the best of 2024 models": a number of what follows.
    counted = context.goes_on(atom.stop) and (year % 50 == 0 or not roles & _PLACING)
    return bool(roles & (_PLACING | {"of", "from", "for"})) and not counted
