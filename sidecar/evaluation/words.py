"""What two texts share: their words in one form, their numbers in one spelling, the names that a sentence has.

Numbers are compared whatever their separators and digits are (1,200 and 1.200, ٣ and 3), months by name as numbers of
their own. What is written in words ("seven", "三") is a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sidecar.language.calendar import weekday_names
from sidecar.language.date_words import LANGUAGES
from sidecar.language.identification import common_words
from sidecar.language.recognition import STOP_WORDS, stop_words
from sidecar.language.stemming import stems
from sidecar.language.terms import fold, lowered, pairs, runs

_LONGEST = 100_000
_NUMBER = re.compile(r"\d{1,30}(?:[.,]\d{1,30}){0,8}")
_GROUPED = re.compile(r"(?<!\d)\d{1,3}(?:[ ']\d{3}){1,8}(?!\d)")
_ARABIC_SEPARATORS = str.maketrans({"\u066b": ".", "\u066c": ","})
_WRITTEN = re.compile(r"[^\W\d_]+")
_BEGINS = re.compile(r"[.!?:;…\n>\"“„«(\[]\W*\Z")
_NEAR = 8
# Characters of Chinese that join words and mean nothing of their own; in Japanese, words in hiragana alone.
_JOINING = frozenset("的是了在和有与與及或也都就而其之这這那个個们們吗嗎呢吧啊被把对對于於从從到以为為您你我他她它")
_HIRAGANA = re.compile(r"[\u3041-\u309f]+")
# All nouns have a capital.
_CAPITAL_NOUNS = frozenset({"de"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a text says, as sets. `words` are in each of the forms that they may be compared in."""

    words: frozenset[str]
    numbers: frozenset[str]
    whole: str
    """Letters and digits alone, folded."""


def said(text: str, *, language: str | None) -> Said:
    """Take a text apart, as texts of this language are. Looks at its first 100,000 characters."""
    text = text[:_LONGEST]
    return Said(
        words=forms_of(text, language),
        numbers=frozenset(reading for written in written_numbers(text) for reading in readings(written)),
        whole=letters_of(text),
    )


def informative(text: str, *, language: str | None) -> list[tuple[str, ...]]:
    """The distinct words of a text that say something in this language, each in its forms; no numbers."""
    common = STOP_WORDS if language is None else frozenset(map(fold, common_words(language)))
    common |= stop_words(language) if language in LANGUAGES else frozenset()
    return [forms for forms in dict.fromkeys(_words(text, language)) if forms[0] not in common and not _empty(forms[0])]


def names(text: str, *, language: str | None) -> list[str]:
    """Words with a capital that do not begin anything; none where all nouns have one. Months are, weekdays are not."""
    if language in _CAPITAL_NOUNS:
        return []
    return [word[0] for word in _WRITTEN.finditer(text) if word.start() and _is_name(word)]


def written_numbers(text: str) -> list[str]:
    """The numbers of a text, in ASCII digits and without the gaps between thousands."""
    plain = _GROUPED.sub(lambda found: re.sub("[ ']", "", found[0]), _ascii_digits(text))
    return _NUMBER.findall(plain)


def readings(written: str) -> list[str]:
    """What a number may be: with its separators between thousands, with the last one before a fraction, and the parts
    of a date or a time.
    """
    parts = written.replace(",", ".").split(".")
    return [*_as_one(parts), *(map(_bare, parts) if _in_parts(parts) else ())]


def has_number(numbers: frozenset[str], written: str) -> bool:
    """Whether a number is among the readings of others. Dates and times may be there in parts."""
    parts = written.replace(",", ".").split(".")
    whole = not numbers.isdisjoint(_as_one(parts))
    return whole or (_in_parts(parts) and all(_bare(part) in numbers for part in parts))


def forms_of(text: str, language: str | None) -> frozenset[str]:
    """The words of a text, each in the forms that it may be compared in."""
    return frozenset(form for forms in _words(text, language) for form in forms)


def letters_of(text: str) -> str:
    """The letters and digits of a text, folded."""
    return "".join(char for char in fold(text) if char.isalnum())


def _words(text: str, language: str | None) -> Iterator[tuple[str, ...]]:
    spaced: list[str] = []
    for unspaced, word in runs(lowered(text)):
        if unspaced:
            yield from ((pair,) for pair in pairs(fold(unspaced)))
        elif not word.isdecimal():
            spaced.append(word)
    yield from ((fold(word), fold(stem)) for word, stem in zip(spaced, stems(spaced, language), strict=True))


def _empty(form: str) -> bool:
    return _HIRAGANA.fullmatch(form) is not None or not _JOINING.isdisjoint(form) or (len(form) < 2 and form.isascii())


def _is_name(word: re.Match[str]) -> bool:
    written, start = word[0], word.start()
    if not written[0].isupper() or _BEGINS.search(word.string, max(0, start - _NEAR), start):
        return False
    return fold(written) not in STOP_WORDS and fold(written) not in _WEEKDAYS


def _as_one(parts: Sequence[str]) -> Iterator[str]:
    if all(len(part) == 3 for part in parts[1:]):
        yield _bare("".join(parts))
    if len(parts) > 1 and all(len(part) == 3 for part in parts[1:-1]):
        fraction = parts[-1].rstrip("0")
        yield _bare("".join(parts[:-1])) + (f".{fraction}" if fraction else "")


def _in_parts(parts: Sequence[str]) -> bool:
    """Whether it may be a date, such as 12.03.2024, or a time, such as 14.30."""
    if len(parts) == 2:
        return len(parts[0]) <= 2 and len(parts[1]) == 2
    return len(parts) == 3 and all(len(part) in {1, 2, 4} for part in parts)


def _ascii_digits(text: str) -> str:
    normal = unicodedata.normalize("NFKC", text).translate(_ARABIC_SEPARATORS)
    if normal.isascii():
        return normal
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in normal)


def _bare(digits: str) -> str:
    return digits.lstrip("0") or "0"


def _weekdays(languages: Sequence[str]) -> frozenset[str]:
    return frozenset(part for language in languages for name in weekday_names(language) for part in name.split())


_WEEKDAYS = _weekdays(LANGUAGES)
