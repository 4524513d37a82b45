"""What is read back from an index: chunks with the note they stand in, the ledger, counts. Links are `graph`'s.

Notes here are files and their parts alike, such as the rows of a table; the ledger and the counts are of files alone.
What is shown of a row is compared with its seal first (see `seals`): the readers raise IndexDamagedError.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

import apsw

from sidecar.errors import IndexDamagedError
from sidecar.index.seals import NOTE_COLUMNS, PLACE_COLUMNS, check, note_columns, note_values, place, place_columns
from sidecar.index.store import FileState, LedgerEntry
from sidecar.language.terms import fold
from sidecar.notes.note import DateSource, NoteKind, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRecord:
    """What the index keeps of an indexed note, its text aside."""

    id: int
    path: str
    title: str
    aliases: tuple[str, ...]
    tags: tuple[str, ...]
    properties: Mapping[str, Any]
    """The frontmatter's, and the inline fields that it does not have."""
    date: str | None
    mtime_ns: int
    kind: NoteKind = "markdown"
    date_source: DateSource | None = None
    local: str | None = None
    """The rule by which it stays on this machine; `None` for a note that may be sent to an upstream server."""
    chunks: int = 0
    """How many chunks it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRecord:
    """A chunk as stored, with its note."""

    id: int
    note: NoteRecord
    ordinal: int
    heading_path: tuple[str, ...]
    text: str
    start_line: int
    end_line: int
    block_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTask:
    """A task of a note: the character in its box, its text, its line."""

    state: str
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Files by what became of them, and chunks by whether they have a vector."""

    indexed: int
    excluded: int
    failed: int
    chunks: int
    unembedded: int
    local: int
    """Files that stay on this machine, in whole or in part."""
    unembedded_local: int
    """Those of the unembedded chunks that stay on this machine, and wait for no embedding model elsewhere."""


_NOTE = note_columns("n")
_CHUNK = f"{_NOTE}, c.id, c.ordinal, c.heading_path, c.start_line, c.end_line, c.block_ids, c.text, c.seal"


def chunks_by_id(connection: apsw.Connection, ids: Sequence[int]) -> dict[int, ChunkRecord]:
    """Chunks by id; ids that are gone are absent."""
    rows = connection.execute(
        f"SELECT {_CHUNK} FROM chunks c JOIN notes n ON n.id = c.note_id"  # noqa: S608  # constant columns
        " WHERE c.id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    )
    return {record.id: record for record in _chunks(rows)}


def notes_of_chunks(connection: apsw.Connection, ids: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Id and kind of each chunk's note; chunks that are gone are absent."""
    rows = connection.execute(
        "SELECT c.id, n.id, n.kind FROM json_each(?) j CROSS JOIN chunks c ON c.id = j.value"
        " JOIN notes n ON n.id = c.note_id",
        (json.dumps(list(ids)),),
    )
    return {row: (note, kind) for row, note, kind in rows}


def chunks_of(connection: apsw.Connection, path: str) -> list[ChunkRecord]:
    """A note's chunks in order; empty when the note is not indexed or has no text."""
    return _whole(connection, "SELECT id FROM notes WHERE path = ?", path)


def chunks_of_file(connection: apsw.Connection, path: str) -> list[ChunkRecord]:
    """A file's chunks in order, and then those of its parts."""
    return _whole(
        connection,
        "SELECT n.id FROM notes f JOIN notes n ON n.id = f.id OR n.part_of = f.id"
        " WHERE f.path = ? AND f.part_of IS NULL",
        path,
    )


def newest_first_chunks(connection: apsw.Connection, within: Sequence[int], *, limit: int) -> list[int]:
    """The first chunks of notes, as far as they are among `within`: the newest notes first."""
    rows = connection.execute(
        "SELECT c.id FROM json_each(?) j CROSS JOIN chunks c ON c.id = j.value JOIN notes n ON n.id = c.note_id"
        " WHERE c.ordinal = 0 ORDER BY coalesce(n.date, '') DESC, n.mtime_ns DESC, c.id LIMIT ?",
        (json.dumps(list(within)), limit),
    )
    return [row for (row,) in rows]


def notes(connection: apsw.Connection) -> list[NoteRecord]:
    """Every indexed note, parts included, by path."""
    rows = connection.execute(f"SELECT {_NOTE} FROM notes n WHERE n.status = 'indexed' ORDER BY n.path")  # noqa: S608  # constant columns
    return [note_record(row) for row in rows]


def notes_by_id(connection: apsw.Connection, ids: Iterable[int]) -> dict[int, NoteRecord]:
    """Notes by id, also those that are not indexed; ids that are gone are absent."""
    rows = connection.execute(
        f"SELECT {_NOTE} FROM notes n WHERE n.id IN (SELECT value FROM json_each(?))",  # noqa: S608  # constant columns
        (json.dumps(list(ids)),),
    )
    return {record.id: record for record in map(note_record, rows)}


def note_at(connection: apsw.Connection, path: str) -> NoteRecord | None:
    row = connection.execute(
        f"SELECT {_NOTE} FROM notes n WHERE n.status = 'indexed' AND n.path = ?",  # noqa: S608  # constant columns
        (path,),
    ).fetchone()
    return None if row is None else note_record(row)


def note_spelled(connection: apsw.Connection, path: str) -> NoteRecord | None:
    """The indexed note whose path is written like this but for how accents are composed; `None` where there is none,
    or several: some disks keep `é` as one letter, others as two, and programs ask for it either way.
    """
    if path.isascii():
        return None
    wanted = normalize("NFC", path)
    rows = connection.execute("SELECT path FROM notes WHERE status = 'indexed'")
    found = [other for (other,) in rows if not other.isascii() and normalize("NFC", other) == wanted]
    return note_at(connection, found[0]) if len(found) == 1 else None


def names(connection: apsw.Connection) -> list[tuple[str, tuple[str, ...]]]:
    """Path and aliases of every indexed note, parts included."""
    rows = connection.execute("SELECT path, aliases FROM notes WHERE status = 'indexed' ORDER BY path")
    return [(path, tuple(json.loads(aliases))) for path, aliases in rows]


def paths_titled(connection: apsw.Connection, titles: Iterable[str]) -> dict[str, list[str]]:
    """Paths of the indexed notes that have one of the titles, by title; both are compared and given folded."""
    found: dict[str, list[str]] = {}
    rows = connection.execute(
        # From the titles to the notes: the other way round SQLite reads every note.
        "SELECT n.title_key, n.path FROM json_each(?) j CROSS JOIN notes n ON n.title_key = j.value"
        " WHERE n.status = 'indexed' ORDER BY n.path",
        (json.dumps(sorted({fold(title) for title in titles})),),
    )
    for key, path in rows:
        found.setdefault(key, []).append(path)
    return found


def dates_of(connection: apsw.Connection, note_id: int) -> list[tuple[str, int]]:
    """The days that a note names, as ISO dates with their lines, in order of their place."""
    rows = connection.execute("SELECT day, line, seal FROM dates WHERE note_id = ? ORDER BY line, rowid", (note_id,))
    found = []
    for day, line, sealed in rows:
        check((note_id, day, line), sealed)
        found.append((day, line))
    return found


def tasks_of(connection: apsw.Connection, note_id: int) -> list[StoredTask]:
    """The tasks of a note, in order of their place."""
    rows = connection.execute(
        "SELECT state, text, line, seal FROM tasks WHERE note_id = ? ORDER BY line, rowid", (note_id,)
    )
    found = []
    for state, text, line, sealed in rows:
        check((note_id, state, text, line), sealed)
        found.append(StoredTask(state=state, text=text, line=line))
    return found


def indexed_count(connection: apsw.Connection) -> int:
    """Number of indexed files that hold text: images aside."""
    return int(
        connection.execute(
            "SELECT count(*) FROM notes WHERE status = 'indexed' AND part_of IS NULL AND kind <> 'image'"
        ).get
    )


_LEDGER = f"SELECT {place_columns('n')}, size, mtime_ns, ctime_ns, content_hash FROM notes n WHERE part_of IS NULL"  # noqa: S608  # constants


def ledger(connection: apsw.Connection, paths: Iterable[str] | None = None) -> dict[str, LedgerEntry]:
    """What is known of the files at `paths`, of every file for `None`, by path."""
    if paths is None:
        return _ledger(connection.execute(_LEDGER))
    some = f"{_LEDGER} AND path IN (SELECT value FROM json_each(?))"  # noqa: S608  # constants
    return _ledger(connection.execute(some, (json.dumps(list(paths)),)))


def paths_below(connection: apsw.Connection, folders: Iterable[str]) -> list[str]:
    """Paths of the files that the ledger has inside these folders, at any depth."""
    # "0" follows "/" in every encoding's order: what lies between the two begins with the folder and a slash.
    rows = connection.execute(
        "SELECT n.path FROM json_each(?) f JOIN notes n ON n.path > f.value || '/' AND n.path < f.value || '0'"
        " WHERE n.part_of IS NULL",
        (json.dumps(list(folders)),),
    )
    return [path for (path,) in rows]


def notable(connection: apsw.Connection) -> dict[str, LedgerEntry]:
    """The ledger's files that are not simply indexed: excluded, failed, or with problems."""
    return _ledger(connection.execute(f"{_LEDGER} AND (status <> 'indexed' OR problems <> '[]')"))


def _ledger(rows: Iterable[tuple[Any, ...]]) -> dict[str, LedgerEntry]:
    return {entry.path: entry for entry in map(_entry, rows)}


def _entry(row: tuple[Any, ...]) -> LedgerEntry:
    path = place(row)
    status, reason, problems, local = row[3:7]
    size, mtime_ns, ctime_ns, content_hash = row[PLACE_COLUMNS:]
    return LedgerEntry(
        path=path,
        status=status,
        reason=reason,
        file=FileState(size=size, mtime_ns=mtime_ns, ctime_ns=ctime_ns, content_hash=content_hash),
        problems=() if problems == "[]" else tuple(Problem(**problem) for problem in json.loads(problems)),
        local=local,
    )


def counts(connection: apsw.Connection) -> Counts:
    rows = connection.execute("SELECT status, count(*) FROM notes WHERE part_of IS NULL GROUP BY status")
    by_status: dict[str, int] = dict(iter(rows))
    chunks, embedded = next(connection.execute("SELECT count(*), coalesce(sum(embedded), 0) FROM chunks"))
    local = connection.execute("SELECT count(DISTINCT coalesce(part_of, id)) FROM notes WHERE local IS NOT NULL").get
    return Counts(
        indexed=by_status.get("indexed", 0),
        excluded=by_status.get("excluded", 0),
        failed=by_status.get("failed", 0),
        chunks=chunks,
        unembedded=chunks - embedded,
        local=local,
        unembedded_local=connection.execute(
            # From the few notes to their chunks: the other way round SQLite looks up the note of every chunk.
            "SELECT count(*) FROM notes n CROSS JOIN chunks c ON c.note_id = n.id"
            " WHERE n.local IS NOT NULL AND c.embedded = 0"
        ).get,
    )


def _strings(stored: str) -> tuple[str, ...]:
    # Most notes have no aliases and most chunks no block ids: decoding nothing took a tenth of a query's time.
    return () if stored == "[]" else tuple(json.loads(stored))


def note_record(row: tuple[Any, ...]) -> NoteRecord:
    """The note in a row of `note_columns`, further columns left aside. One that failed is taken for Markdown."""
    told = note_values(row)
    return NoteRecord(
        id=told["id"],
        path=told["path"],
        title=told["title"],
        aliases=_strings(told["aliases"]),
        tags=_strings(told["tags"]),
        properties={} if told["properties"] == "{}" else json.loads(told["properties"]),
        date=told["date"],
        mtime_ns=told["mtime_ns"],
        kind=told["kind"] or "markdown",
        date_source=told["date_source"],
        local=told["local"],
        chunks=told["chunks"],
    )


def _chunks(rows: Iterable[tuple[Any, ...]]) -> list[ChunkRecord]:
    # The chunks of a note share it, as the rows of one statement do.
    notes: dict[int, NoteRecord] = {}
    return [_chunk(notes.get(row[0]) or notes.setdefault(row[0], note_record(row)), row[NOTE_COLUMNS:]) for row in rows]


def _chunk(note: NoteRecord, row: tuple[Any, ...]) -> ChunkRecord:
    chunk_id, *told, sealed = row
    check((note.id, *told), sealed)
    ordinal, heading_path, start_line, end_line, block_ids, text = told
    return ChunkRecord(
        id=chunk_id,
        note=note,
        ordinal=ordinal,
        heading_path=_strings(heading_path),
        text=text,
        start_line=start_line,
        end_line=end_line,
        block_ids=_strings(block_ids),
    )


def _whole(connection: apsw.Connection, selected: str, path: str) -> list[ChunkRecord]:
    """The chunks of the notes whose ids are selected, all of them: a note of which some are gone is not shown."""
    rows = connection.execute(
        f"SELECT {_CHUNK} FROM notes n LEFT JOIN chunks c ON c.note_id = n.id WHERE n.id IN ({selected})"  # noqa: S608  # constants
        " ORDER BY n.id, c.ordinal",
        (path,),
    ).fetchall()
    expected: dict[Any, int] = {row[0]: note_record(row).chunks for row in {row[0]: row for row in rows}.values()}
    found = _chunks(row for row in rows if row[NOTE_COLUMNS] is not None)
    counted = Counter(chunk.note.id for chunk in found)
    if any(counted[note_id] != count for note_id, count in expected.items()):
        raise IndexDamagedError("The index has lost a part of a note.", hint="It is built anew from the notes.")
    return found
