"""What the text of a table's cell means: yes or no, a number, a day, a list, the pages it is related to.

A CSV file and the lines under a Notion page's title give words only. The type is read from all cells of a column
together, so that one column does not hold numbers in one row and text in the next. Knows neither files nor notes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from sidecar.language.calendar import month_number
from sidecar.notes.note import PropertyValue

UNTITLED = "Untitled"
"""What Notion calls a page or a row without a name."""
# Notion writes these in every language.
_CHECKBOX: dict[str, PropertyValue] = {"Yes": True, "No": False}
# No leading zeros (a postcode), no more digits than a float holds (an ISBN), no separators (1,234 is 1.234 elsewhere).
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?")
_LISTS = frozenset({"tags", "tag"})
_MAX_OPTION = 60
"""Characters of one option of a multi-select; what is longer is a sentence with a comma in it."""
_RELATED = re.compile(r"[ \t]\(((?:[^()\s]++|\([^()\s]*+\))++)\)(?=,\s|\s*\Z)")
_PAGE = re.compile(r"(?![A-Za-z][A-Za-z0-9+.-]*:|/)\S*\.(?:md|csv)", re.IGNORECASE)
_REMOTE_PAGE = re.compile(r"https://(?:[a-z]+\.)?notion\.(?:so|com|site)/\S*", re.IGNORECASE)
_MAX_DATE = 120
"""Characters; the longest date with times, zones and an end has about 80."""
_ARROW = " → "
_DAY = re.compile(
    r"@?(?:(?P<year>\d{4})(?P<mark>[-/])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
    r"|(?P<year2>\d{4})\s?[年년]\s?(?P<month2>\d{1,2})\s?[月월]\s?(?P<day2>\d{1,2})\s?[日일]"
    r"|(?P<word3>[^\W\d_]{3,12})\.? (?P<day3>\d{1,2}), (?P<year3>\d{4})"
    r"|(?P<day4>\d{1,2})\.? (?:de )?(?P<word4>[^\W\d_]{3,12})\.? (?:de )?(?P<year4>\d{4}))"
)
_CLOCK = re.compile(
    r"(?:(?P<before>오전|오후|上午|下午|午前|午後) ?)?(?P<hour>\d{1,2}):(?P<minute>\d{2})(?: ?(?P<after>[AP]M))?"
    r"(?: \([^()]{1,30}\))?",
    re.IGNORECASE,
)
_AFTERNOON = frozenset({"오후", "下午", "午後", "pm"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A page that a cell names: `Name (Folder%20id/Name%20id.md)`. Offsets are the cell's, end exclusive."""

    name: str
    target: str | None
    """Path relative to the file that the cell is in, percent-decoded; `None` when it is an address at Notion."""
    start: int
    end: int


def read_cell(name: str, cell: str) -> PropertyValue:
    """Read one value by itself, as in the property lines of a page."""
    return read_column(name, [cell])[0]


def read_column(name: str, cells: Sequence[str]) -> list[PropertyValue]:
    """Read the cells of a column as values of one type; `None` where a cell is empty.

    Types, the first that all cells have: checkbox (`Yes`, `No`), number, day or moment (ISO 8601; a period is a list of
    two), pages, options of a multi-select. A day whose order is open, `05/03/2024`, stays text, and a zone is dropped.
    A column called `Tags` is a list always; in others a comma parts options when at least one of them comes twice.
    """
    if name.strip().casefold() in _LISTS:
        return [_options(cell) if cell else None for cell in cells]
    for read in (_CHECKBOX.get, _number, _moments):
        values = _all_read(cells, read)
        if values is not None:
            return values
    if any(map(read_relations, cells)):
        return [_names(cell) if cell else None for cell in cells]
    if _are_options(cells):
        return [_options(cell) if cell else None for cell in cells]
    return [cell or None for cell in cells]


def _all_read(cells: Sequence[str], read: Callable[[str], PropertyValue]) -> list[PropertyValue] | None:
    values: list[PropertyValue] = []
    for cell in cells:
        value = read(cell) if cell else None
        if cell and value is None:
            return None
        values.append(value)
    return values


def _number(cell: str) -> PropertyValue:
    if not _NUMBER.fullmatch(cell):
        return None
    return float(cell) if "." in cell else int(cell)


def _options(cell: str) -> list[PropertyValue]:
    return [option.strip() for option in cell.split(",") if option.strip()]


def _are_options(cells: Sequence[str]) -> bool:
    if not any("," in cell for cell in cells):
        return False
    counts = Counter(option.strip() for cell in cells for option in cell.split(",") if option.strip())
    return max(counts.values(), default=0) > 1 and all(len(option) <= _MAX_OPTION for option in counts)


def _names(cell: str) -> list[PropertyValue]:
    relations = read_relations(cell)
    return [relation.name for relation in relations] if relations else [cell]


def read_relations(cell: str) -> tuple[Relation, ...]:
    """The pages that a cell names, in order; none unless the whole cell is a list of them."""
    if not cell.endswith(")"):
        return ()
    found: list[Relation] = []
    position = 0
    for match in _RELATED.finditer(cell):
        remote = _REMOTE_PAGE.fullmatch(match[1])
        if not remote and not _PAGE.fullmatch(match[1]):
            continue
        start = position + len(cell[position : match.start()]) - len(cell[position : match.start()].lstrip(", \t"))
        found.append(
            Relation(
                name=cell[start : match.start()].strip() or UNTITLED,
                # %00 would smuggle in a character that no path may hold.
                target=None if remote else unquote(match[1], errors="replace").replace("\0", "\ufffd"),
                start=start,
                end=match.end(),
            )
        )
        position = match.end()
    return tuple(found) if position == len(cell) else ()


def _moments(cell: str) -> PropertyValue:
    """A day or moment in ISO 8601, or the two that `March 5, 2024 → March 8, 2024` names."""
    if len(cell) > _MAX_DATE:
        return None
    first, arrow, last = cell.partition(_ARROW)
    begin = _moment(first.strip())
    if begin is None or not arrow:
        return begin
    # Within one day the end is given as a time alone.
    end = _moment(last.strip()) or _moment(f"{begin[:10]} {last.strip()}")
    return None if end is None else [begin, end]


def _moment(text: str) -> str | None:
    match = _DAY.match(text)
    day = None if match is None else _day(match)
    if match is None or day is None:
        return None
    rest = text[match.end() :].lstrip(", ")
    if not rest:
        return day.isoformat()
    clock = _CLOCK.fullmatch(rest)
    time = None if clock is None else _time(clock)
    return None if time is None else dt.datetime.combine(day, time).isoformat()


def _day(match: re.Match[str]) -> dt.date | None:
    form = next(form for form in ("", "2", "3", "4") if match[f"year{form}"])
    month = int(match[f"month{form}"]) if form in ("", "2") else month_number(match[f"word{form}"])
    try:
        return None if month is None else dt.date(int(match[f"year{form}"]), month, int(match[f"day{form}"]))
    except ValueError:
        return None


def _time(match: re.Match[str]) -> dt.time | None:
    half = (match["before"] or match["after"] or "").lower()
    hour = int(match["hour"])
    if half:
        hour = hour % 12 + 12 * (half in _AFTERNOON)
    try:
        return dt.time(hour, int(match["minute"]))
    except ValueError:
        return None
