"""What a query says beside its words: notes by their name, and days in words; each points to certain notes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

import apsw

from sidecar.index.filters import dated_note_ids
from sidecar.index.leaving import staying_notes
from sidecar.index.names import named_in
from sidecar.language.recognition import stop_words_of
from sidecar.language.streams import query_words
from sidecar.language.when import DateRange, date_ranges
from sidecar.retrieval.lanes import Lanes
from sidecar.retrieval.query import Query, parse_query

_MOST_NAMED = 12
# More chunks than these are no narrower than the vault: their best are found among the best of all.
_MOST_CHUNKS = 20_000
_MOST_LISTED = 200
_FEW_NOTES = 62
_LONGEST_DATED = 600
_EXACT_DAYS = 7
# A text that names a day of some year is hardly about that year; one that names a day of the month asked for may be.
_NARROW_DAYS = 31
_FIRST, _LAST = dt.date.min.isoformat(), dt.date.max.isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Special:
    """Notes that a query points to, by their ids."""

    text: str
    """The query's words without those that name days, where notes have those dates."""
    cut: str = ""
    """The words that name days, where they were taken out."""
    named: Mapping[int, str] = field(default_factory=dict)
    """The name of each note that the query says, as it is compared."""
    whole: frozenset[int] = frozenset()
    """Notes whose name is the whole query."""
    dated: frozenset[int] = frozenset()
    """Notes whose own date is one that the query names."""
    saying: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """Notes that mention one of the days, and the lines in which they do."""
    days: str = ""
    """The days that the query names, as they are told to the user."""
    only_days: bool = False
    """Whether the query asks for days and nothing else."""
    exact: bool = False
    """Whether the days are so few that their notes are meant, whatever else the question says."""
    chunk_ids: tuple[int, ...] = ()
    """Chunks of the dated notes, where they are few enough to be searched apart."""
    candidates: tuple[int, ...] = ()
    """Chunks that are candidates without any of the query's words in them."""


def read_query(text: str, *, today: dt.date) -> Query:
    """Take a query apart, the days that its words name included, so that a follow-up can take them over."""
    query = parse_query(text)
    found = date_ranges(query.text, today=today)
    return replace(query, dates=tuple((each.first.isoformat(), each.last.isoformat()) for each in found))


def find_special(connection: apsw.Connection, query: Query, *, today: dt.date, lanes: Lanes) -> Special:
    """Find the notes that a query points to by name or by day."""
    # In a pasted page many days are named and none is meant.
    ranges = date_ranges(query.text, today=today) if lanes.dates and len(query.text) <= _LONGEST_DATED else ()
    read = [(found.first.isoformat(), found.last.isoformat()) for found in ranges]
    days = list(dict.fromkeys([*(query.dates if lanes.dates else ()), *read]))
    # Who asks about a year does not mean each day of it that some text names, and counting them takes long.
    narrow = all(_length(first, last) <= _NARROW_DAYS for first, last in days)
    staying = staying_notes(connection) if query.leaving else frozenset()
    dates = dated_note_ids(connection, days, mentions=narrow) if days else {}
    found = {note_id: note for note_id, note in dates.items() if note_id not in staying}
    dated = frozenset(note_id for note_id, note in found.items() if note.own)
    text = _without(query.text, ranges) if dated else query.text
    only_days = bool(dated) and not _has_content(text)
    bearers = named_in(connection, text, limit=_MOST_NAMED) if lanes.names and text else []
    named = [note for note in bearers if note.note_id not in staying]
    chunk_ids = _chunks_of(connection, dated, limit=_MOST_CHUNKS)
    whole = frozenset(note.note_id for note in named if note.whole)
    listed = _listed(connection, dated) if only_days or (narrow and len(dated) <= _FEW_NOTES) else []
    return Special(
        text=text,
        cut=" ".join(each.words for each in ranges) if dated else "",
        named={note.note_id: note.name for note in named},
        whole=whole,
        dated=dated,
        saying={note_id: note.lines for note_id, note in found.items() if note.lines},
        days=", ".join(_told(first, last) for first, last in days) if found else "",
        only_days=only_days,
        exact=bool(dated) and all(_length(first, last) < _EXACT_DAYS for first, last in days),
        chunk_ids=tuple(chunk_ids),
        candidates=(*_first_chunks(connection, whole), *listed),
    )


def _length(first: str, last: str) -> int:
    return (dt.date.fromisoformat(last) - dt.date.fromisoformat(first)).days


def _without(text: str, ranges: Iterable[DateRange]) -> str:
    for found in sorted(ranges, key=lambda found: -found.start):
        text = f"{text[: found.start]} {text[found.end :]}"
    return " ".join(text.split())


def _has_content(text: str) -> bool:
    stop_words = stop_words_of(text)
    return any(word.term not in stop_words for word in query_words(text))


def _chunks_of(connection: apsw.Connection, note_ids: Collection[int], *, limit: int) -> list[int]:
    """The chunks of these notes, none when there are more than `limit`."""
    if not note_ids:
        return []
    rows = connection.execute(
        "SELECT id FROM chunks WHERE note_id IN (SELECT value FROM json_each(?)) LIMIT ?",
        (json.dumps(list(note_ids)), limit + 1),
    )
    found = [row for (row,) in rows]
    return sorted(found) if len(found) <= limit else []


def _first_chunks(connection: apsw.Connection, note_ids: Collection[int]) -> list[int]:
    if not note_ids:
        return []
    rows = connection.execute(
        "SELECT id FROM chunks WHERE note_id IN (SELECT value FROM json_each(?)) AND ordinal = 0",
        (json.dumps(sorted(note_ids)),),
    )
    return [row for (row,) in rows]


def _listed(connection: apsw.Connection, dated: Collection[int]) -> list[int]:
    """The beginnings of the dated notes, the newest first."""
    if not dated:
        return []
    rows = connection.execute(
        "SELECT c.id FROM chunks c JOIN notes n ON n.id = c.note_id"
        " WHERE n.id IN (SELECT value FROM json_each(?)) AND c.ordinal < 3"
        " ORDER BY n.date DESC, n.path, c.ordinal LIMIT ?",
        (json.dumps(list(dated)), _MOST_LISTED),
    )
    return [row for (row,) in rows]


def _told(first: str, last: str) -> str:
    if first == last:
        return first
    start, end = "" if first == _FIRST else first, "" if last == _LAST else last
    return f"{start}..{end}"
