"""Which days a question asks about: the dates in its words, in the languages of `date_words`, as ranges of whole days.

What the words mean:
- Last week is the one before this, Monday to Sunday (ISO 8601); so with month, quarter and year. The last 7 days or 3
  months end today. A week ago is that week, three months ago that month.
- A month, weekday or day without a year is the latest that does not lie ahead: notes are asked about the past. Next
  Tuesday is the first after today, this Tuesday that of this week, last Tuesday the latest before today.
- 12/03/2024 has the day first, but the month in a text that is clearly English.
- Seasons are the northern meteorological ones; winter 2023 begins in December 2023.
- Before, until and after are open on one side: they run from the first or to the last day that there is. Since runs to
  today.
- A year alone counts with a word in front that makes it one ("in 2024"), or as the whole text: none is in "top 2024
  models".
- "In three days" is not read in English, Spanish, Portuguese, Italian: it tells how long more often than when.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sidecar.language.date_context import Context
from sidecar.language.date_grammar import atoms
from sidecar.language.date_stretches import dated
from sidecar.language.date_tokens import Token, read_in, tokens
from sidecar.language.date_words import LANGUAGES, SPACELESS, telling_words, vocabulary
from sidecar.language.recognition import language_of, stop_words
from sidecar.language.terms import fold

# Longer questions are pasted documents.
_MAX_CHARACTERS = 4_000

_WORDS = re.compile(r"[^\W\d_]+")
_FIGURES = re.compile(r"\d{4}|\d[/.]\d|\d(?:[ºª°.]|st|nd|rd|th|er|re)|\b[qt][1-4]|\b(?:el|le|il|am|vom|zum) \d", re.I)
_SPACELESS = re.compile("|".join(word for words in SPACELESS.values() for word in words.split()))
_POSSESSIVE = re.compile("['’]s\\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class DateRange:
    """Days that a text asks about, `first` and `last` included, and the words that say so."""

    first: dt.date
    """`date.min` when nothing says where it begins."""
    last: dt.date
    """`date.max` when nothing says where it ends."""
    start: int
    end: int
    """The words are `text[start:end]`, with the preposition and article in front."""
    words: str


def date_ranges(text: str, *, today: dt.date) -> tuple[DateRange, ...]:
    """Find the days that a text asks about, in its order, none overlapping another. Never fails."""
    text = text[:_MAX_CHARACTERS]
    folded = fold(text)
    words = _WORDS.findall(folded)
    telling = telling_words()
    languages = {language for word in words if word in telling for language in telling[word]}
    if not languages and not _FIGURES.search(text) and (text.isascii() or not _SPACELESS.search(text)):
        return ()
    likely = language_of(text)
    languages |= _languages_of(words) if not languages else {likely}
    month_first = likely == "en" and not stop_words("en").isdisjoint(words)
    found: list[tuple[bool, DateRange]] = []
    cut = tokens(text)
    for language in sorted(languages):
        found += (
            (language != likely, one) for one in _in_language(text, cut, language, month_first=month_first, today=today)
        )
    return _longest(found, len(text))


def _languages_of(words: Sequence[str]) -> set[str]:
    """The languages that most of the function words are in; all of them when there is none."""
    counts = {language: sum(word in stop_words(language) for word in words) for language in LANGUAGES}
    return {language for language, count in counts.items() if count == max(counts.values())}


def _in_language(
    text: str, words: Sequence[Token], language: str, *, month_first: bool, today: dt.date
) -> list[DateRange]:
    cut = read_in(words, vocabulary(language))
    context = Context(text=text, tokens=cut, language=language, today=today)
    ranges = []
    for one in dated(context, atoms(cut, language=language, month_first=month_first, today=today)):
        start, end = cut[one.start].start, cut[one.stop - 1].end
        if possessive := _POSSESSIVE.match(text, end):
            end = possessive.end()
        ranges.append(DateRange(first=one.days.first, last=one.days.last, start=start, end=end, words=text[start:end]))
    return ranges


def _longest(found: Iterable[tuple[bool, DateRange]], length: int) -> tuple[DateRange, ...]:
    """Of ranges that overlap the longest, then the one read in the text's own language."""
    chosen: list[DateRange] = []
    taken = bytearray(length)
    for _, one in sorted(found, key=lambda pair: (pair[1].start - pair[1].end, pair[0], pair[1].start)):
        if not any(taken[one.start : one.end]):
            chosen.append(one)
            taken[one.start : one.end] = bytes([1]) * (one.end - one.start)
    return tuple(sorted(chosen, key=lambda one: one.start))
