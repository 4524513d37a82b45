"""The files of an index, a page at a time: in the order in which the index came to know them.

That order, the rows', is the only one that neither an edit nor a new name changes: whoever turns pages while the vault
is written in misses nothing and sees nothing twice. A file that is removed and comes back is a new one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import apsw

from sidecar.index.records import NoteRecord, chunks_of_file, note_record
from sidecar.index.seals import NOTE_COLUMNS, note_columns, place, place_columns

FileStatus: TypeAlias = Literal["indexed", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """A file that is indexed, or was to be. Of one that failed, the note has no more than its path."""

    note: NoteRecord
    status: FileStatus
    reason: str | None
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTotals:
    """All files of an index together: bytes, and the oldest and the latest modification in nanoseconds."""

    indexed: int
    failed: int
    size: int
    oldest_ns: int
    latest_ns: int


_FILE = f"{note_columns('notes')}, size FROM notes WHERE part_of IS NULL AND status <> 'excluded'"


def files_page(
    connection: apsw.Connection,
    *,
    limit: int,
    descending: bool,
    after: int | None = None,
    before: int | None = None,
    status: FileStatus | None = None,
) -> list[FileRecord]:
    """At most `limit` files in the order asked for: those next behind row `after`, or right in front of `before`.

    With both, the first ones between them.
    """
    backwards = before is not None and after is None
    falling = descending is not backwards
    low, high = (before, after) if descending else (after, before)
    conditions = [
        *([] if low is None else ["id > :low"]),
        *([] if high is None else ["id < :high"]),
        *([] if status is None else ["status = :status"]),
    ]
    where = "".join(f" AND {condition}" for condition in conditions)
    order = "DESC" if falling else "ASC"
    rows = connection.execute(
        f"SELECT {_FILE}{where} ORDER BY id {order} LIMIT :limit",
        {"low": low, "high": high, "status": status, "limit": limit},
    )
    files = [_file(row) for row in rows]
    return files[::-1] if backwards else files


def file_at(connection: apsw.Connection, path: str) -> FileRecord | None:
    """The file at a path; `None` for one that is excluded or unknown, and for a part of a file."""
    row = connection.execute(f"SELECT {_FILE} AND path = ?", (path,)).fetchone()
    return None if row is None else _file(row)


def file_text(connection: apsw.Connection, path: str) -> list[str]:
    """What the index holds of a file's text, and of its parts', piece by piece in order; empty pieces left out."""
    return [chunk.text for chunk in chunks_of_file(connection, path) if chunk.text]


def paths_and_rows(connection: apsw.Connection) -> Iterator[tuple[str, int]]:
    """Path and row of every file that a page can show, unchecked: `path_of_row` is asked before one is shown."""
    yield from connection.execute("SELECT path, id FROM notes WHERE part_of IS NULL AND status <> 'excluded'")


def path_of_row(connection: apsw.Connection, row: int) -> str | None:
    """The path of the file in a row."""
    found = connection.execute(
        f"SELECT {place_columns('n')} FROM notes n WHERE id = ? AND part_of IS NULL AND status <> 'excluded'",  # noqa: S608  # constants
        (row,),
    ).fetchone()
    return None if found is None else place(found)


def owners_of_parts(connection: apsw.Connection, parts: Sequence[int]) -> dict[int, str]:
    """The paths of the files that these notes are parts of, by the parts' ids; whole files are absent."""
    rows = connection.execute(
        f"SELECT n.id, {place_columns('f')} FROM json_each(?) j JOIN notes n ON n.id = j.value"  # noqa: S608  # constants
        " JOIN notes f ON f.id = n.part_of",
        (json.dumps(list(parts)),),
    )
    return {part: place(owner) for part, *owner in rows}


def file_totals(connection: apsw.Connection) -> FileTotals:
    """Count and measure all files that are indexed or failed."""
    row = next(
        connection.execute(
            "SELECT coalesce(sum(status = 'indexed'), 0), coalesce(sum(status = 'failed'), 0), coalesce(sum(size), 0),"
            " coalesce(min(mtime_ns), 0), coalesce(max(mtime_ns), 0) FROM notes"
            " WHERE part_of IS NULL AND status <> 'excluded'"
        )
    )
    indexed, failed, size, oldest, latest = row
    return FileTotals(indexed=indexed, failed=failed, size=size, oldest_ns=oldest, latest_ns=latest)


def _file(row: tuple[Any, ...]) -> FileRecord:
    # After the note's row was compared with its seals.
    note, status, reason = note_record(row), row[3], row[4]
    return FileRecord(note=note, status=status, reason=reason, size=row[NOTE_COLUMNS])
