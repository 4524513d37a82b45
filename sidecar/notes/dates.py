"""The day a note is about: from its name as a daily note, else from its properties."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from functools import lru_cache

from sidecar.notes.note import PropertyValue

# Moment's tokens, longest first, as in https://momentjs.com/docs/#/displaying/format/. Names of months and days are in
# the user's language, which the file does not tell; English ones are understood, others must come with numbers.
_TOKENS = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<year>\d{2})",
    "MMMM": r"(?P<name>[^\W\d_]+\.?)",
    "MMM": r"(?P<name>[^\W\d_]+\.?)",
    "MM": r"(?P<month>\d{2})",
    "M": r"(?P<month>\d{1,2})",
    "DDDD": r"(?P<yearday>\d{3})",
    "DDD": r"(?P<yearday>\d{1,3})",
    "DD": r"(?P<day>\d{2})",
    "Do": r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.|º|日)?",
    "D": r"(?P<day>\d{1,2})",
    "dddd": r"[^\W\d_]+",
    "ddd": r"[^\W\d_]+\.?",
    "dd": r"[^\W\d_]+\.?",
    "d": r"\d",
    "GGGG": r"(?P<isoyear>\d{4})",
    "gggg": r"(?P<isoyear>\d{4})",
    "WW": r"(?P<week>\d{2})",
    "ww": r"(?P<week>\d{2})",
    "W": r"(?P<week>\d{1,2})",
    "w": r"(?P<week>\d{1,2})",
    "E": r"(?P<weekday>[1-7])",
    "e": r"\d",
    "Q": r"[1-4]",
    "HH": r"\d{2}",
    "H": r"\d{1,2}",
    "mm": r"\d{2}",
    "ss": r"\d{2}",
}
_FORMAT = re.compile(r"\[([^\]]*)\]|(" + "|".join(sorted(_TOKENS, key=len, reverse=True)) + r")|(.)", re.DOTALL)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO_NAME = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?!\d)")
_ISO_VALUE = re.compile(r"\s*(?:\[\[)?(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_PROPERTIES = ("date", "created", "date created", "creation date", "created_at")


def note_date(
    path: str, properties: Mapping[str, PropertyValue], *, daily_folder: str | None, daily_format: str
) -> dt.date | None:
    """The day the note is about, or `None` when neither name nor properties say.

    `daily_folder` is where daily notes lie, `None` means anywhere; `daily_format` is Obsidian's (Moment.js) format and
    may hold folders. A name that merely begins with an ISO date counts too.
    """
    return _daily_date(path, daily_folder, daily_format) or _name_date(path) or _property_date(properties)


def _daily_date(path: str, folder: str | None, format_: str) -> dt.date | None:
    name = re.sub(r"\.(?:md|markdown)\Z", "", path, flags=re.IGNORECASE)
    pattern = _compile(format_.strip("/"))
    if pattern is None:
        return None
    if folder is None:
        # As many path parts as the format has: a format without folders is matched against the file's name.
        name = "/".join(name.split("/")[-format_.strip("/").count("/") - 1 :])
    else:
        prefix = folder.strip("/")
        if prefix and not name.casefold().startswith(prefix.casefold() + "/"):
            return None
        name = name[len(prefix) + 1 :] if prefix else name
    match = pattern.fullmatch(name)
    return _date_from(match.groupdict()) if match else None


@lru_cache(maxsize=8)
def _compile(format_: str) -> re.Pattern[str] | None:
    pieces = []
    seen: set[str] = set()
    for literal, token, other in _FORMAT.findall(format_[:200]):
        if not token:
            pieces.append(re.escape(literal or other))
            continue
        piece = _TOKENS[token]
        if (group := re.search(r"\?P<(\w+)>", piece)) is not None:
            # YYYY/MM/YYYY-MM-DD: what stands a second time must repeat the first, whatever its spelling.
            if group[1] in seen:
                piece = piece.replace(group[0], "?:")
            seen.add(group[1])
        pieces.append(piece)
    return re.compile("".join(pieces), re.IGNORECASE) if seen else None


def _date_from(parts: Mapping[str, str | None]) -> dt.date | None:
    numbers = {key: int(value) for key, value in parts.items() if value is not None and value.isdecimal()}
    name = (parts.get("name") or "")[:3].casefold()
    if "month" not in numbers and name in _MONTHS:
        numbers["month"] = _MONTHS.index(name) + 1
    try:
        if {"isoyear", "week", "weekday"} <= numbers.keys():
            return dt.date.fromisocalendar(numbers["isoyear"], numbers["week"], numbers["weekday"])
        # Moment reads two digits above 68 as the last century's.
        year = numbers["year"]
        if len(parts["year"] or "") == 2:
            year += 1900 if year > 68 else 2000
        if "yearday" in numbers:
            return dt.datetime.strptime(f"{year:04} {numbers['yearday']}", "%Y %j").date()  # a calendar day has no zone
        return dt.date(year, numbers["month"], numbers["day"])
    except (KeyError, ValueError, OverflowError):
        return None


def _name_date(path: str) -> dt.date | None:
    return _ymd(_ISO_NAME.match(path.rpartition("/")[2]))


def _property_date(properties: Mapping[str, PropertyValue]) -> dt.date | None:
    folded = {key.casefold(): value for key, value in properties.items()}
    for key in _PROPERTIES:
        value = folded.get(key)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str) and (date := _ymd(_ISO_VALUE.match(value))) is not None:
            return date
    return None


def _ymd(match: re.Match[str] | None) -> dt.date | None:
    if match is None:
        return None
    try:
        return dt.date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
