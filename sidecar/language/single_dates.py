"""What one date in words means, such as `14 de março de 2024`, `anteontem`, `il y a 2 semaines`: dateparser's work.

The library is asked about spans that have been recognised as dates, never about a text: its own search takes
milliseconds per question and finds dates in "may", "sat" and "set". It is imported with the first such span, because it
costs 13 MB and an eighth of a second, and each language some more. It counts from a fixed day, so that an answer holds
on every day and can be kept.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from sidecar.language.periods import Unit, unit_number

# In the middle of a year, a month and a week, in a leap year.
_BASE = dt.datetime(2000, 6, 14, 12)  # counted with, never compared to a clock
_UNITS: dict[str, Unit] = {"day": "day", "week": "week", "month": "month", "year": "year"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """So many units from today; negative ones are past."""

    unit: Unit
    offset: int


@lru_cache(maxsize=256)
def relative_date(words: str, language: str) -> Relative | None:
    """Read a date told from today, as precise as it is said: `a week ago` is a week, `yesterday` a day.

    `None` where the library does not understand the words.
    """
    found, period = _asked(words, language)
    unit = _UNITS.get(period)
    if found is None or unit is None:
        return None
    return Relative(unit=unit, offset=unit_number(unit, found) - unit_number(unit, _BASE.date()))


@lru_cache(maxsize=256)
def calendar_date(words: str, language: str) -> dt.date | None:
    """Read a day with its month and year in words; `None` where there is no such day."""
    found, period = _asked(words, language)
    return found if period == "day" else None


def _asked(words: str, language: str) -> tuple[dt.date | None, str]:
    # Imported late: a question without a date word must not pay for it.
    from dateparser.date import DateDataParser  # type: ignore[import-untyped]  # ships no types

    # The zone is given because the library would look for the machine's, which can warn and fail.
    settings = {"RELATIVE_BASE": _BASE, "TIMEZONE": "UTC", "RETURN_AS_TIMEZONE_AWARE": False, "CACHE_SIZE_LIMIT": 16}
    try:
        found = DateDataParser(languages=[language], settings=settings).get_date_data(words)
    except (ValueError, OverflowError):
        return None, ""
    return (found.date_obj.date() if found.date_obj else None), str(found.period or "")
