"""The shapes that a date takes: patterns over the letters of its tokens, and the days that each names.

Six languages share one grammar, because word order is told by the letters alone. What follows its noun only in
Portuguese, Spanish, Italian and French is kept from English and German: "what year this happened" names no year.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sidecar.language.date_tokens import Token, spaceless_language
from sidecar.language.date_words import PLURAL_UNITS
from sidecar.language.numeric_dates import day_and_month, numeric_date
from sidecar.language.periods import (
    Period,
    Recurring,
    Unit,
    clamped,
    earliest,
    in_year,
    latest,
    months,
    stretch,
    unit_at,
    unit_days,
    unit_number,
)
from sidecar.language.single_dates import calendar_date, relative_date

_UNITS: Mapping[str, Unit] = {"D": "day", "V": "week", "E": "weekend", "Z": "month", "H": "quarter", "J": "year"}
_NOUN_FIRST = frozenset({"pt", "es", "it", "fr"})
# "The last few days", and "a few days ago": so many at least and at most.
_FEW = 4
_FEW_AGO = (2, 6)
_SEASON_MONTHS = 3
# A day without a year is read in a leap year, so that 29 February is one.
_LEAP_YEAR = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The tokens of one date, and what their meaning depends on."""

    tokens: Sequence[Token]
    language: str
    month_first: bool
    today: dt.date

    def value(self, letters: str) -> int | None:
        """The number of the first token with one of the letters."""
        return next((int(token.value) for token in self.tokens if token.letter in letters and token.value), None)

    def unit(self) -> Unit:
        return next(_UNITS[token.letter] for token in self.tokens if token.letter in _UNITS)

    def has(self, letters: str) -> bool:
        return any(token.letter in letters for token in self.tokens)

    def step(self) -> int:
        """-1 for last, 0 for this, 1 for next, and two of them for the one beyond."""
        named = next(token for token in self.tokens if token.letter in "LXTl")
        default = {"L": -1, "X": 1}.get(named.letter, 0)
        return int(named.value) if named.value.lstrip("-").isdigit() else default

    def year(self) -> int | None:
        """The year that is named beside the rest, in figures or as last, this or next."""
        year = self.value("Y")
        if year is None and self.has("J"):
            year = unit_number("year", self.today) + self.step()
        return year


@dataclass(frozen=True, slots=True, kw_only=True)
class Atom:
    """A date from token `start` up to token `stop`, not yet judged by what stands around it."""

    shape: str
    start: int
    stop: int
    days: Period
    recurring: Recurring | None = None
    """What it says without a year; `None` when it names one."""


def atoms(tokens: Sequence[Token], *, language: str, month_first: bool, today: dt.date) -> list[Atom]:
    """Every shape of a date in the tokens of a language, in order and without overlaps."""
    letters = "".join(token.letter for token in tokens)
    found = []
    for match in _pattern(noun_first=language in _NOUN_FIRST, month_first=language == "en").finditer(letters):
        shape = str(match.lastgroup)
        part = tokens[match.start() : match.end()]
        meaning = _SHAPES[shape](Written(tokens=part, language=language, month_first=month_first, today=today))
        if isinstance(meaning, Recurring):
            days = latest(meaning, today)
            found.append(Atom(shape=shape, start=match.start(), stop=match.end(), days=days, recurring=meaning))
        elif meaning is not None:
            found.append(Atom(shape=shape, start=match.start(), stop=match.end(), days=meaning))
    return found


@cache
def _pattern(*, noun_first: bool, month_first: bool) -> re.Pattern[str]:
    of, unit, count = "[pt]{0,2}", "[VEZHJ]", "[NBca]"
    year = f"(?:,?{of}(?:Y|[LXT]J{'|J[LXl]' if noun_first else ''}))"
    shapes = {
        "date": f"(?:[Ww],?t?)?(?:[NOo]{of}|cp)[Mm]{year}?"
        + (f"|(?:[Ww],?t?)?[Mm],?t?[NO]{year}?" if month_first else ""),
        "month_year": f"[Mm]{year}",
        "month_near": "[LXT][Mm]" + ("|[Mm][LX]" if noun_first else ""),
        "weekday_week": f"[Ww],?{of}(?:[LXT]V{'|V[LX]' if noun_first else ''})",
        "weekday_near": "[LXT][Ww][dnr]?" + ("|[Ww][LX]" if noun_first else ""),
        "ago": f"(?:a?f|{count})[DVZJ]g|h(?:f|{count})[DVZJ]",
        "ahead": f"F{count}[DVZJ]|{count}[DVZJ]k",
        "rolling": f"[LX](?:f|[NBc])[DVZHJ]|(?:f|[NBc])(?:[LX][DVZHJ]{'|[DVZHJ][LX]' if noun_first else ''})",
        "week_number": f"C[NB]{year}?|V[NB]{year}",
        "quarter": f"q{year}?|Yq|[NOo]H{year}?",
        "period": f"[LXT]{unit}l?" + (f"|{unit}[LXl]" if noun_first else ""),
        "relative": f"R(?:{of}[dnr])?|(?<![tpTRjLX])r",
        "part_of_day": "T[dnr]|Ln" + ("|nL" if noun_first else ""),
        "season": f"(?<!x)s{year}|[LXT]s" + ("|s[LX]" if noun_first else ""),
        "numeric": "Q",
        "numeric_short": "e",
        "year_named": f"J{of}Y",
        "nth": ("(?:D[NO]|t[NO])" if noun_first else "tO") + "(?![LXDVEZHJMm]|[pt]{1,2}[Mm])",
        "month": "[Mm]",
        "weekday": f"[Ww](?:{of}[dnr])?",
        "year": "Y",
    }
    return re.compile("|".join(f"(?P<{name}>{shape})" for name, shape in shapes.items()))


def _date(written: Written) -> Period | Recurring | None:
    name = next(token for token in written.tokens if token.letter in "Mm")
    day = written.value("NOoc")
    year = written.year()
    read = calendar_date(f"{day} {name.word} {year or _LEAP_YEAR}", written.language)
    # The library has other short forms than ours here and there, and takes a French `mar` for Tuesday.
    if read is None or read.month != written.value("Mm"):
        return None
    return Recurring(month=read.month, day=read.day) if year is None else Period(first=read, last=read)


def _month(written: Written) -> Period | Recurring | None:
    recurring = Recurring(month=written.value("Mm"))
    year = written.year()
    return recurring if year is None else in_year(recurring, year)


def _near(written: Written) -> Period:
    """Last, this or next: the nearest month or weekday that is over, in the same year or week, or yet to begin."""
    recurring = Recurring(month=written.value("Mm"), weekday=written.value("Ww"))
    today, step = written.today, written.step()
    if step > 0:
        return earliest(recurring, clamped(today.toordinal() + 1))
    if step == 0:
        unit: Unit = "week" if recurring.month is None else "year"
        return earliest(recurring, unit_at(unit, today, 0).first)
    found = latest(recurring, clamped(today.toordinal() - 1))
    return latest(recurring, clamped(found.first.toordinal() - 1)) if found.last >= today else found


def _weekday(written: Written) -> Recurring:
    return Recurring(weekday=written.value("Ww"))


def _weekday_of_week(written: Written) -> Period:
    week = unit_at("week", written.today, written.step())
    return earliest(_weekday(written), week.first)


def _ago(written: Written) -> Period | None:
    unit = written.unit()
    if written.has("f"):
        nearest, furthest = (unit_at(unit, written.today, -number) for number in _FEW_AGO)
        return Period(first=furthest.first, last=nearest.last)
    count = written.value("NBca")
    # The library is asked with figures: it knows number words in half of the languages.
    words = (str(count) if token.letter in "NBca" else token.word for token in written.tokens)
    return _relative_days(" ".join(words), written)


def _ahead(written: Written) -> Period:
    return unit_at(written.unit(), written.today, written.value("NBca") or 1)


def _rolling(written: Written) -> Period:
    count = _FEW if written.has("f") else written.value("NBc") or 1
    return stretch(written.unit(), written.today, -count if written.step() < 0 else count)


def _period(written: Written) -> Period | None:
    # "In past years" is no certain year.
    if any(token.word in PLURAL_UNITS for token in written.tokens):
        return None
    # The past year is the twelve months up to today; the last one was the calendar's.
    if any(token.word == "past" for token in written.tokens):
        return stretch(written.unit(), written.today, -1)
    return unit_at(written.unit(), written.today, written.step())


def _relative(written: Written) -> Period | None:
    word = next(token for token in written.tokens if token.letter in "Rr")
    return _relative_days(word.value, written)


def _relative_days(words: str, written: Written) -> Period | None:
    read = relative_date(words, spaceless_language(words) or written.language)
    return None if read is None else unit_at(read.unit, written.today, read.offset)


def _week_number(written: Written) -> Period | None:
    year, week = written.year() or written.today.isocalendar().year, written.value("NB") or 0
    if not 1 <= week <= 53:
        return None
    fourth = clamped(dt.date(year, 1, 4).toordinal() + 7 * (week - 1)) if 1 <= year <= dt.date.max.year else None
    return None if fourth is None else unit_at("week", fourth, 0)


def _quarter(written: Written) -> Period | None:
    number, year = written.value("qNOo") or 0, written.year()
    # The first quarter of what, is only told by a year: a match has four too.
    if not 1 <= number <= 4 or (year is None and not written.has("q")):
        return None
    if year is not None:
        return unit_days("quarter", year * 4 + number - 1)
    current = unit_number("quarter", written.today)
    return unit_days("quarter", current - (current - (number - 1)) % 4)


def _season(written: Written) -> Period:
    start = (written.value("s") or 12) - 1
    year = written.year()
    if year is None:
        current = unit_number("month", written.today)
        begun = (current - start) // 12
        over = begun * 12 + start + _SEASON_MONTHS <= current
        if written.has("T"):
            year = written.today.year if over else begun
        else:
            year = begun + 1 if written.has("X") else begun - (not over)
    return months(year * 12 + start, _SEASON_MONTHS)


def _year(written: Written) -> Period | None:
    year = written.value("Y") or 0
    # "Gli anni 1970" are ten.
    if any(token.word in PLURAL_UNITS for token in written.tokens):
        return None if year % 10 else Period(first=unit_days("year", year).first, last=unit_days("year", year + 9).last)
    return unit_days("year", year)


_SHAPES: Mapping[str, Callable[[Written], Period | Recurring | None]] = {
    "date": _date,
    "month_year": _month,
    "month_near": _near,
    "weekday_week": _weekday_of_week,
    "weekday_near": _near,
    "ago": _ago,
    "ahead": _ahead,
    "rolling": _rolling,
    "week_number": _week_number,
    "quarter": _quarter,
    "period": _period,
    "relative": _relative,
    "part_of_day": lambda written: unit_at("day", written.today, -1 if written.has("L") else 0),
    "season": _season,
    "numeric": lambda written: numeric_date(written.tokens[0].value, month_first=written.month_first),
    "numeric_short": lambda written: day_and_month(written.tokens[0].value),
    "year_named": _year,
    "nth": lambda written: Recurring(day=written.value("NO")),
    "month": _month,
    "weekday": _weekday,
    "year": _year,
}
