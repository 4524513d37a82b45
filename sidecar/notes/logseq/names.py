"""What a page of a Logseq graph is called: titles made of file names, and the names that a day's journal answers to.

Rules: "Filename format" in Logseq's own documentation, and `title-parsing` and `convert-page-if-journal` of its parser.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote_to_bytes

from sidecar.notes.dates import note_date
from sidecar.notes.rules import FileNames, ReadingRules

_DEFAULT_TITLES = "MMM Do, YYYY"
# Whatever format a graph has, Logseq takes these for days too.
_ALWAYS_DAYS = (_DEFAULT_TITLES, "YYYY-MM-DD", "YYYY_MM_DD")
# Logseq decodes one escape at a time, so that only ASCII comes out; control characters are no part of a name.
_ESCAPE = re.compile(r"%([2-6][0-9A-Fa-f]|7[0-9A-Ea-e])")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LETTERS: Mapping[str, Callable[[dt.date], str]] = {
    "YYYY": lambda day: f"{day.year:04}",
    "YY": lambda day: f"{day.year % 100:02}",
    "MMMM": lambda day: _MONTHS[day.month - 1],
    "MMM": lambda day: _MONTHS[day.month - 1][:3],
    "MM": lambda day: f"{day.month:02}",
    "M": lambda day: str(day.month),
    "DDDD": lambda day: f"{day.timetuple().tm_yday:03}",
    "DDD": lambda day: str(day.timetuple().tm_yday),
    "DD": lambda day: f"{day.day:02}",
    "Do": lambda day: f"{day.day}{_ordinal(day.day)}",
    "D": lambda day: str(day.day),
    "dddd": lambda day: _WEEKDAYS[day.weekday()],
    "ddd": lambda day: _WEEKDAYS[day.weekday()][:3],
    "GGGG": lambda day: f"{day.isocalendar().year:04}",
    "WW": lambda day: f"{day.isocalendar().week:02}",
    "W": lambda day: str(day.isocalendar().week),
    "E": lambda day: str(day.isoweekday()),
}
_FORMAT = re.compile(r"\[([^\]]*)\]|(" + "|".join(sorted(_LETTERS, key=len, reverse=True)) + r")|(.)", re.DOTALL)
_MAX_FORMAT = 200
"""Characters of a format that count."""


def page_title(name: str, *, file_names: FileNames = "triple-lowbar") -> str:
    """The title that Logseq gives to the page in the file `name`, without folder and extension.

    `a___b` is the page `a/b` and `%3F` a question mark; in old graphs `a.b` is `a/b` too.
    """
    if file_names == "legacy":
        return _percent_decoded(name.replace(".", "/"))
    title = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), name.replace("___", "/"))
    # A namespace has no empty parts; a name of nothing else stays as it is.
    return "/".join(part for part in title.split("/") if part) or name


def _percent_decoded(text: str) -> str:
    """All escapes or, when one of them is wrong, none."""
    if "%" not in text or _LONE_PERCENT.search(text):
        return text
    try:
        decoded = unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        return text
    return text if _CONTROL.search(decoded) else decoded


def journal_day(path: str, title: str, rules: ReadingRules) -> dt.date | None:
    """The day whose journal this page is, or `None` for a page of its own.

    A title in one of the formats makes a journal wherever the file lies, a name in the format of journal files where
    the journals lie.
    """
    formats = dict.fromkeys((rules.journal_titles or _DEFAULT_TITLES, *_ALWAYS_DAYS))
    for format_ in formats:
        if (day := _written(title, format_)) is not None:
            return day
    folder = (rules.daily_folder or "").strip("/")
    if folder and not path.casefold().startswith(f"{folder.casefold()}/"):
        return None
    return _written(path[len(folder) :].strip("/").rpartition(".")[0], rules.daily_format)


def _written(name: str, format_: str) -> dt.date | None:
    """The day that is written `name` in this format and in no other way."""
    found = note_date(f"{name}.md", {}, daily_folder=None, daily_format=format_)
    if found is None or day_name(found[0], format_).casefold() != name.casefold():
        return None
    return found[0]


def journal_names(day: dt.date, rules: ReadingRules) -> tuple[str, ...]:
    """What `[[…]]` may hold to mean this day's journal, the name that Logseq shows first."""
    formats = (rules.journal_titles or _DEFAULT_TITLES, *_ALWAYS_DAYS)
    return tuple(dict.fromkeys(day_name(day, format_) for format_ in formats))


def day_name(day: dt.date, format_: str) -> str:
    """Write a day in a format of moment.js, with the English names that Logseq uses in every language."""
    return "".join(
        _LETTERS[letters](day) if letters else literal or other
        for literal, letters, other in _FORMAT.findall(format_[:_MAX_FORMAT])
    )


def _ordinal(number: int) -> str:
    if 11 <= number % 100 <= 13:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
