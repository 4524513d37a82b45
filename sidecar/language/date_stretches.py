"""The stretches of days that a text names: single dates, opened by since or before, and joined by from … to.

Knows how dates go together; what is a date at all is judged by `date_context`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sidecar.language.date_context import YEARS, Context, is_date, names_day
from sidecar.language.date_grammar import Atom
from sidecar.language.periods import Period, Recurring, clamped, earliest, in_year, latest

_OPENING = frozenset({"since", "before", "after", "until"})
_JOINING = frozenset({"to", "and"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """Days, and the tokens that name them: from `start` up to `stop`."""

    start: int
    stop: int
    days: Period


def dated(context: Context, found: Sequence[Atom]) -> list[Dated]:
    """The dates among the shapes of a text, joined where words between them make one stretch of two."""
    listed: list[Dated] = []
    place = 0
    while place < len(found):
        atom = found[place]
        following = found[place + 1] if place + 1 < len(found) else None
        joined = _joined(context, atom, following) if following else None
        if joined:
            place += 1
        else:
            joined = _with_numeral(context, atom) or _alone(context, atom)
        if joined:
            listed.append(joined)
        place += 1
    return listed


def _alone(context: Context, atom: Atom) -> Dated | None:
    start, roles = context.lead(atom.start)
    if roles and roles <= _JOINING:
        start, roles = atom.start, frozenset()
    if roles == {"in"}:
        # "Until the end of March", "bis Ende März": the word that opens stands further in front.
        further, opening = context.lead(start)
        start, roles = (further, opening | roles) if opening & _OPENING else (start, roles)
    if not is_date(context, atom, roles):
        return None
    return Dated(start=start, stop=atom.stop, days=_opened(context, atom, roles))


def _opened(context: Context, atom: Atom, roles: frozenset[str]) -> Period:
    days = atom.days
    if "since" in roles:
        return Period(first=days.first, last=max(context.today, days.last))
    if "before" in roles:
        return Period(first=dt.date.min, last=clamped(days.first.toordinal() - 1))
    if "after" in roles:
        return Period(first=clamped(days.last.toordinal() + 1), last=dt.date.max)
    if "until" in roles:
        # By Friday is the Friday to come.
        weekday = atom.recurring is not None and atom.recurring.weekday is not None
        coming = earliest(atom.recurring, context.today) if weekday and atom.recurring else days
        return Period(first=dt.date.min, last=coming.last)
    return days


def _joined(context: Context, left: Atom, right: Atom) -> Dated | None:
    start, roles = context.lead(left.start)
    if not _connected(context, left.stop, right.start, roles):
        return None
    # "Between 11 and 18" is hours, ages, anything.
    if any(atom.shape == "nth" and not names_day(context, atom, roles) for atom in (left, right)):
        return None
    if not roles & {"from", "between", "since"} and not (_speaks(context, left) and _speaks(context, right)):
        return None
    days = _from_to(left, right)
    return Dated(start=start, stop=right.stop, days=days) if days else None


def _connected(context: Context, stop: int, start: int, roles: frozenset[str]) -> bool:
    """Whether all that stands between two dates is a dash or one word that makes a stretch of them."""
    between = [token for token in context.tokens[stop:start] if token.letter != "t" or token.roles]
    if not between:
        gap = context.text[context.tokens[stop - 1].end : context.tokens[start].start] if stop == start else ""
        return gap.strip() == "-"
    if len(between) != 1:
        return False
    connecting = between[0].roles
    return between[0].letter == "-" or "to" in connecting or ("and" in connecting and "between" in roles)


def _speaks(context: Context, atom: Atom) -> bool:
    """Whether a date needs no preposition to be one end of a stretch."""
    if atom.shape in ("weekday", "nth"):
        return False
    if atom.shape == "year":
        return int(context.tokens[atom.start].value) in YEARS
    return atom.shape != "month" or context.tokens[atom.start].letter == "M"


def _from_to(left: Atom, right: Atom) -> Period | None:
    begins_within = left.recurring is not None and left.recurring.day is not None and left.recurring.month is None
    if right.recurring is None or begins_within:
        last = right.days
        first = latest(left.recurring, last.first) if left.recurring else left.days
    else:
        first = left.days
        last = earliest(right.recurring, first.first)
    return Period(first=first.first, last=last.last) if first.first <= last.last else None


def _with_numeral(context: Context, atom: Atom) -> Dated | None:
    """A day with a number before or behind it, as in `3 to 7 May` and `May 3-7, 2024`."""
    if atom.shape != "date":
        return None
    return _numeral_before(context, atom) or _numeral_behind(context, atom)


def _numeral_before(context: Context, atom: Atom) -> Dated | None:
    for place in range(atom.start - 2, max(atom.start - 5, -1), -1):
        token = context.tokens[place]
        if token.letter in "NO":
            start, roles = context.lead(place)
            if not _connected(context, place + 1, atom.start, roles):
                return None
            day = Recurring(day=int(token.value))
            left = Atom(shape="nth", start=place, stop=place + 1, days=atom.days, recurring=day)
            days = _from_to(left, atom)
            return Dated(start=start, stop=atom.stop, days=days) if days else None
    return None


def _numeral_behind(context: Context, atom: Atom) -> Dated | None:
    place = atom.stop + 1
    month_first = context.tokens[atom.stop - 1].letter in "NO" and context.language == "en"
    if not month_first or place >= len(context.tokens) or context.tokens[place].letter not in "NO":
        return None
    start, roles = context.lead(atom.start)
    if not _connected(context, atom.stop, place, roles):
        return None
    stop, first = place + 1, atom.days.first
    years = [token for token in context.tokens[stop : stop + 2] if token.letter != ","][:1]
    if years and years[0].letter == "Y" and atom.recurring:
        named = in_year(atom.recurring, int(years[0].value))
        stop = context.tokens.index(years[0]) + 1
        first = named.first if named else first
    last = earliest(Recurring(day=int(context.tokens[place].value)), first)
    return Dated(start=start, stop=stop, days=Period(first=first, last=last.last))
