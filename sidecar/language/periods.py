"""Stretches of whole days: weeks, months, quarters, years, and days that come round again. Knows no words.

Every unit of the calendar is numbered through from year 1, so that "two months earlier" is a subtraction. What would
leave the calendar of `datetime` ends at its edge: nothing here fails.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

Unit = Literal["day", "week", "weekend", "month", "quarter", "year"]

_MONTHS_IN: dict[Unit, int] = {"month": 1, "quarter": 3, "year": 12}
_LAST_MONTH = dt.date.max.year * 12 + 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole days from `first` to `last`, both included."""

    first: dt.date
    last: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    """Days that come round again: a month, a day of a month, a day of every month, or a weekday (Monday is 0)."""

    month: int | None = None
    day: int | None = None
    weekday: int | None = None


def clamped(ordinal: int) -> dt.date:
    """The day of this ordinal, or the nearest that there is."""
    return dt.date.fromordinal(min(max(ordinal, 1), dt.date.max.toordinal()))


def unit_number(unit: Unit, day: dt.date) -> int:
    """Number of the unit that a day lies in. Weeks begin on Monday (ISO 8601), and a weekend belongs to its week."""
    if unit == "day":
        return day.toordinal()
    if unit in ("week", "weekend"):
        return (day.toordinal() - 1) // 7
    return (day.year * 12 + day.month - 1) // _MONTHS_IN[unit]


def unit_days(unit: Unit, number: int) -> Period:
    """The days of a unit by its number."""
    if unit == "day":
        return Period(first=clamped(number), last=clamped(number))
    if unit in ("week", "weekend"):
        monday = number * 7 + 1
        return Period(first=clamped(monday + 5 * (unit == "weekend")), last=clamped(monday + 6))
    return months(number * _MONTHS_IN[unit], _MONTHS_IN[unit])


def months(number: int, count: int) -> Period:
    """The days of some months in a row, from the month of this number on."""
    first = min(max(number, 12), _LAST_MONTH)
    after = min(max(number + count, first + 1), _LAST_MONTH + 1)
    if after > _LAST_MONTH:
        return Period(first=_day_of_month(first, 1), last=dt.date.max)
    return Period(first=_day_of_month(first, 1), last=clamped(_day_of_month(after, 1).toordinal() - 1))


def unit_at(unit: Unit, today: dt.date, offset: int) -> Period:
    """The unit so many units after the one that holds today; before it for negative numbers."""
    return unit_days(unit, unit_number(unit, today) + offset)


def stretch(unit: Unit, today: dt.date, count: int) -> Period:
    """So many units up to today, or from today on: three months back is the same day of the month, if it has one."""
    if unit in _MONTHS_IN:
        number = min(max(unit_number("month", today) + count * _MONTHS_IN[unit], 12), _LAST_MONTH)
        other = _day_of_month(number, min(today.day, months(number, 1).last.day))
    else:
        other = clamped(today.toordinal() + count * (1 if unit == "day" else 7))
    return Period(first=min(today, other), last=max(today, other))


def latest(recurring: Recurring, today: dt.date) -> Period:
    """The last time that does not begin after today."""
    if recurring.weekday is not None:
        return unit_at("day", today, -((today.weekday() - recurring.weekday) % 7))
    return _nearest(recurring, today, -1)


def earliest(recurring: Recurring, day: dt.date) -> Period:
    """The first time that does not begin before a day."""
    if recurring.weekday is not None:
        return unit_at("day", day, (recurring.weekday - day.weekday()) % 7)
    return _nearest(recurring, day, 1)


def in_year(recurring: Recurring, year: int) -> Period | None:
    """A month or a day of a month in a year; `None` for a day that the month does not have, and for anything else."""
    if recurring.month is None:
        return None
    return _month_or_day(year * 12 + recurring.month - 1, recurring.day)


def _nearest(recurring: Recurring, day: dt.date, step: int) -> Period:
    # Eight years are the longest wait for a 29 February.
    number = unit_number("month", day)
    for candidate in range(number, number + 97 * step, step):
        if recurring.month in (None, candidate % 12 + 1):
            found = _month_or_day(candidate, recurring.day)
            if found and (found.first <= day if step < 0 else found.first >= day):
                return found
    return Period(first=day, last=day)


def _month_or_day(number: int, day: int | None) -> Period | None:
    if not 12 <= number <= _LAST_MONTH:
        return None
    month = months(number, 1)
    if day is None:
        return month
    if day > month.last.day:
        return None
    return Period(first=month.first.replace(day=day), last=month.first.replace(day=day))


def _day_of_month(number: int, day: int) -> dt.date:
    return dt.date(number // 12, number % 12 + 1, day)
