"""What is read back from an index: chunks with the note they stand in, the ledger, counts. Links are `graph`'s.

Notes here are files and their parts alike, such as the rows of a table; the ledger and the counts are of files alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

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


_NOTE = "n.id, n.path, n.title, n.aliases, n.tags, n.properties, n.date, n.mtime_ns, n.kind, n.date_source, n.local"
_CHUNK = f"{_NOTE}, c.id, c.ordinal, c.heading_path, c.text, c.start_line, c.end_line, c.block_ids"


def chunks_by_id(connection: apsw.Connection, ids: Sequence[int]) -> dict[int, ChunkRecord]:
    """Chunks by id; ids that are gone are absent."""
    rows = connection.execute(
        f"SELECT {_CHUNK} FROM chunks c JOIN notes n ON n.id = c.note_id"  # noqa: S608  # constant columns
        " WHERE c.id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    )
    return {record.id: record for record in map(_chunk, rows)}


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
    rows = connection.execute(
        f"SELECT {_CHUNK} FROM chunks c JOIN notes n ON n.id = c.note_id WHERE n.path = ? ORDER BY c.ordinal",  # noqa: S608  # constant columns
        (path,),
    )
    return [_chunk(row) for row in rows]


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
    return [_note(row) for row in rows]


def note_at(connection: apsw.Connection, path: str) -> NoteRecord | None:
    row = connection.execute(
        f"SELECT {_NOTE} FROM notes n WHERE n.status = 'indexed' AND n.path = ?",  # noqa: S608  # constant columns
        (path,),
    ).fetchone()
    return None if row is None else _note(row)


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
    rows = connection.execute("SELECT day, line FROM dates WHERE note_id = ? ORDER BY line, rowid", (note_id,))
    return [(day, line) for day, line in rows]


def tasks_of(connection: apsw.Connection, note_id: int) -> list[StoredTask]:
    """The tasks of a note, in order of their place."""
    rows = connection.execute("SELECT state, text, line FROM tasks WHERE note_id = ? ORDER BY line, rowid", (note_id,))
    return [StoredTask(state=state, text=text, line=line) for state, text, line in rows]


def indexed_count(connection: apsw.Connection) -> int:
    """Number of indexed files that hold text: images aside."""
    return int(
        connection.execute(
            "SELECT count(*) FROM notes WHERE status = 'indexed' AND part_of IS NULL AND kind <> 'image'"
        ).get
    )


_LEDGER = "SELECT path, status, reason, size, mtime_ns, content_hash, problems, local FROM notes WHERE part_of IS NULL"


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
    return {
        path: LedgerEntry(
            path=path,
            status=status,
            reason=reason,
            file=FileState(size=size, mtime_ns=mtime_ns, content_hash=content_hash),
            problems=tuple(Problem(**problem) for problem in json.loads(problems)),
            local=local,
        )
        for path, status, reason, size, mtime_ns, content_hash, problems, local in rows
    }


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


def _note(row: tuple[Any, ...]) -> NoteRecord:
    note_id, path, title, aliases, tags, properties, date, mtime_ns, kind, date_source, local = row[:11]
    return NoteRecord(
        id=note_id,
        path=path,
        title=title,
        aliases=_strings(aliases),
        tags=_strings(tags),
        properties={} if properties == "{}" else json.loads(properties),
        date=date,
        mtime_ns=mtime_ns,
        kind=kind,
        date_source=date_source,
        local=local,
    )


def _chunk(row: tuple[Any, ...]) -> ChunkRecord:
    chunk_id, ordinal, heading_path, text, start_line, end_line, block_ids = row[11:]
    return ChunkRecord(
        id=chunk_id,
        note=_note(row),
        ordinal=ordinal,
        heading_path=_strings(heading_path),
        text=text,
        start_line=start_line,
        end_line=end_line,
        block_ids=_strings(block_ids),
    )
