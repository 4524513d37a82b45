"""Dates in figures, the same in every language: ISO days, months, weeks and quarters, days with slashes or dots.

`12/03/2024` is the day first, as nearly all the world writes it, unless the caller knows better or only the other
reading exists.
"""

from __future__ import annotations

import datetime as dt
import re

from sidecar.language.periods import Period, Recurring, in_year, unit_days

_CENTURY_TURN = 70
_LONG_YEAR = 100


def numeric_date(word: str, *, month_first: bool) -> Period | None:
    """Read `2024-03-12`, `2024/3/12`, `12.03.2024`, `12/03/24`, `2024-03`, `2024-W12`, `2024-Q1`, `2024年3月12日`.

    `None` when there is no such day.
    """
    first, *rest = [int(figures) for figures in re.findall(r"\d+", word)]
    if "W" in word or "Q" in word:
        return _week(first, rest[0]) if "W" in word else unit_days("quarter", first * 4 + rest[0] - 1)
    if not rest:
        return unit_days("year", first)
    if len(rest) == 1:
        return unit_days("month", first * 12 + rest[0] - 1) if 1 <= rest[0] <= 12 else None
    second, third = rest
    if first >= _LONG_YEAR:
        return _day(first, second, third)
    year = third if third >= _LONG_YEAR else third + (1900 if third >= _CENTURY_TURN else 2000)
    readings = [_day(year, second, first), _day(year, first, second)]
    if month_first:
        readings.reverse()
    return readings[0] or readings[1]


def day_and_month(word: str) -> Recurring | None:
    """Read `14.3.` or `14/03`; `None` when no year has such a day."""
    day, month = (int(figures) for figures in re.findall(r"\d+", word))
    found = Recurring(month=month, day=day)
    # In a leap year.
    return found if 1 <= month <= 12 and day >= 1 and in_year(found, 2000) else None


def _day(year: int, month: int, day: int) -> Period | None:
    try:
        found = dt.date(year, month, day)
    except ValueError:
        return None
    return Period(first=found, last=found)


def _week(year: int, week: int) -> Period | None:
    try:
        return Period(first=dt.date.fromisocalendar(year, week, 1), last=dt.date.fromisocalendar(year, week, 7))
    except ValueError:
        return None
