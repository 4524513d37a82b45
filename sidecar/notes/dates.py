"""The day a note is about: from its name as a daily note, else from its properties, else from its own first words; and
the days that its text names.

Days are read in figures (`2024-03-05`, `05.03.2024`, `2024年3月5日`) and in the words of six languages. A day without a
year is not read: which year is meant is not in the file.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from itertools import islice

from sidecar.language.calendar import month_number
from sidecar.language.recognition import language_of
from sidecar.notes.note import DateMention, DateSource, PropertyValue
from sidecar.notes.spans import LineIndex

# Moment's tokens, longest first, as in https://momentjs.com/docs/#/displaying/format/. Names of months are in the
# user's language, which the file does not tell: those of six languages are understood.
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
_ISO_NAME = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?!\d)")
_ISO_VALUE = re.compile(r"\s*(?:\[\[)?(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_PROPERTIES = (
    *("date", "created", "date created", "creation date", "created_at", "created time"),
    *("updated", "modified", "date modified", "updated_at", "last edited time"),
)
"""The first of these that holds a day counts: what a note is about is rather when it began than when it was touched."""

# Every written day is found from its year on: one pass over the text, and a bounded look to both sides of each year.
_YEAR = re.compile(r"(?<!\d)(?:1[4-9]|2[01])\d\d(?!\d)")
# ASCII on purpose: in Chinese and Japanese there is no space in front of a date. A slash there belongs to an address.
_GLUED = "(?<![A-Za-z0-9./-])"
_AFTER_YEAR = re.compile(r"([-/.])(\d{1,2})\1(\d{1,2})(?!\d)|\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일号號]")
_BEFORE_YEAR = re.compile(rf"{_GLUED}(\d{{1,2}})([./-])\s?(\d{{1,2}})\2\s?\Z")
_OF = r"(?:of\s|de\s|del\s|di\s|d['’]\s?)?"
_DAY_MONTH = re.compile(
    rf"{_GLUED}(\d{{1,2}})(?:st|nd|rd|th|er|re|º|°|ª|\.)?\s{{1,3}}{_OF}([^\W\d_]{{3,12}})\.?,?\s{{1,3}}{_OF}\Z",
    re.IGNORECASE,
)
_MONTH_DAY = re.compile(
    r"(?<!\w)([^\W\d_]{3,12})\.?\s{1,3}(?:the\s)?(\d{1,2})(?:st|nd|rd|th)?,?\s{1,3}\Z", re.IGNORECASE
)
_LONGER = re.compile(r"[./-]\d")
_REACH = 40
"""Characters before a year in which its day and month are looked for."""
_MAX_MENTIONS = 1000
_MAX_OPENING = 300
"""Characters of a body's first line in which a day is taken for the note's own."""
_JOINING = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz./-")


def note_date(
    path: str,
    properties: Mapping[str, PropertyValue],
    *,
    daily_folder: str | None,
    daily_format: str,
    opening: str = "",
) -> tuple[dt.date, DateSource] | None:
    """The day the note is about and where it says so; `None` when neither name, properties nor `opening` say.

    `daily_folder` is where daily notes lie, `None` means anywhere; `daily_format` is Obsidian's (Moment.js) format and
    may hold folders. Any day in the file's name counts too. `opening` is the first line of the body.
    """
    if day := _daily_date(path, daily_folder, daily_format) or _name_date(path):
        return day, "name"
    if day := _property_date(properties):
        return day, "property"
    found = next(_mentions(opening[:_MAX_OPENING], language=lambda: language_of(opening)), None)
    return None if found is None else (found[0], "text")


def find_dates(text: str, prose: str, lines: LineIndex) -> tuple[DateMention, ...]:
    """Every day that the prose names with its year, in order; at most 1,000. `prose` is `text` with code blanked out.

    `03/04/2024` is read as a European day unless the text is English, where it is not read at all.
    """
    found = islice(_mentions(prose, language=partial(_language, text)), _MAX_MENTIONS)
    return tuple(DateMention(day=day, span=lines.span(start, end)) for day, start, end in found)


def _language(text: str) -> str:
    return language_of(text[:4000])


def _mentions(prose: str, *, language: Callable[[], str]) -> Iterator[tuple[dt.date, int, int]]:
    """Day, start and end of each written day."""
    last = 0
    for year in _YEAR.finditer(prose):
        if year.start() < last:
            continue
        found = _after(prose, year) or _before(prose, year, language=language)
        if found is not None:
            yield found
            last = found[2]


def _after(prose: str, year: re.Match[str]) -> tuple[dt.date, int, int] | None:
    match = _AFTER_YEAR.match(prose, year.end())
    if match is None or (match[1] and prose[year.start() - 1 : year.start()] in _JOINING):
        return None
    day = _date(year[0], match[2] or match[4], match[3] or match[5])
    return None if day is None else (day, year.start(), match.end())


def _before(prose: str, year: re.Match[str], *, language: Callable[[], str]) -> tuple[dt.date, int, int] | None:
    begin = max(0, year.start() - _REACH)
    window = prose[begin : year.start()]
    if _LONGER.match(prose, year.end()):
        return None
    if match := _BEFORE_YEAR.search(window):
        day = _in_figures(year[0], match[1], match[3], separator=match[2], language=language)
    elif match := _DAY_MONTH.search(window):
        day = _in_words(year[0], match[2], match[1])
    elif match := _MONTH_DAY.search(window):
        day = _in_words(year[0], match[1], match[2])
    else:
        return None
    return None if day is None else (day, begin + match.start(), year.end())


def _in_figures(year: str, first: str, second: str, *, separator: str, language: Callable[[], str]) -> dt.date | None:
    if int(second) > 12:
        return _date(year, first, second)
    # Dots and a number above 12 leave no doubt; else only English writes the month first.
    if separator == "." or int(first) > 12 or language() != "en":
        return _date(year, second, first)
    return _date(year, first, second) if first == second else None


def _in_words(year: str, month: str, day: str) -> dt.date | None:
    number = month_number(month)
    return None if number is None else _date(year, number, day)


def _date(year: str, month: str | int, day: str) -> dt.date | None:
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        return None


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
    if "month" not in numbers and (month := month_number(parts.get("name") or "")) is not None:
        numbers["month"] = month
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
    name = path.rpartition("/")[2].rpartition(".")[0]
    iso = _ymd(_ISO_NAME.match(name))
    return iso or next((day for day, _, _ in _mentions(name, language=lambda: "en")), None)


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
