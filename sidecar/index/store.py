"""What is written to an index: notes replaced and removed whole, the ledger kept. Plain functions that run inside one
write transaction; the indexer calls them. Vectors go with their chunks.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import apsw

from sidecar.chunking import Chunk, embedding_text
from sidecar.index.filters import merged_properties, write_filters, write_path
from sidecar.index.names import write_names
from sidecar.index.seals import change_notes, seal, seal_note
from sidecar.index.streams import ChunkStreams
from sidecar.language.terms import fold
from sidecar.notes.links import block_key, file_keys
from sidecar.notes.note import Note, Problem

NoteStatus: TypeAlias = Literal["indexed", "excluded", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """A file as it was when it was read: size in bytes, times of modification and of any change (0: not known) in
    nanoseconds, hash of its bytes.
    """

    size: int
    mtime_ns: int
    content_hash: bytes | None
    ctime_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteEntry:
    """A note ready to be stored, with the streams of its chunks, in order; `parts` are the notes inside its file, such
    as the rows of a table, which have none themselves.
    """

    note: Note
    file: FileState
    chunks: Sequence[Chunk]
    streams: Sequence[ChunkStreams]
    parts: Sequence[NoteEntry] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """What the index knows of one file and why."""

    path: str
    status: NoteStatus
    reason: str | None
    file: FileState
    problems: tuple[Problem, ...] = ()
    local: str | None = None
    """The rule by which the note stays on this machine."""


def replace_note(connection: apsw.Connection, entry: NoteEntry) -> int:
    """Store a note and its parts in place of what the index had under its path; returns the number of their chunks.

    A chunk whose text, title and heading path are unchanged keeps its row and its vector.
    """
    path = entry.note.path
    if _row_of(connection, path)[1] is not None:
        # A file of this name has come up: it goes before the part of another one.
        remove_note(connection, path)
    note_id = _store(connection, entry, part_of=None)
    count = len(entry.chunks)
    kept = {note_id}
    for part in entry.parts:
        known, owner = _row_of(connection, part.note.path)
        if known is None or owner == note_id:
            kept.add(_store(connection, part, part_of=note_id))
            count += len(part.chunks)
    parts = [row for (row,) in connection.execute("SELECT id FROM notes WHERE part_of = ?", (note_id,))]
    _delete_notes(connection, [row for row in parts if row not in kept])
    return count


def record_file(connection: apsw.Connection, entry: LedgerEntry) -> None:
    """Note in the ledger that a file is excluded or could not be read; whatever was stored of its text goes."""
    remove_note(connection, entry.path)
    connection.execute(
        "INSERT INTO notes (path, status, reason, size, mtime_ns, ctime_ns, content_hash, problems)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.path,
            entry.status,
            entry.reason,
            entry.file.size,
            entry.file.mtime_ns,
            entry.file.ctime_ns,
            entry.file.content_hash,
            problems_json(entry.problems),
        ),
    )
    note_id = connection.last_insert_rowid()
    seal_note(connection, note_id)
    _write_keys(connection, note_id, file_keys(entry.path))


def keep_unreadable(connection: apsw.Connection, path: str, reason: str) -> bool:
    """Keep what is stored of an indexed note whose file cannot be read now, and say so; whether there was such a note.

    Its hash is dropped, so that it is read again as soon as that is possible.
    """
    problems = problems_json([Problem(code="unreadable", message=f"Kept as it was when last read. {reason}")])
    indexed = "SELECT id FROM notes WHERE path = ? AND part_of IS NULL AND status = 'indexed'"
    rows = [row for (row,) in connection.execute(indexed, (path,))]
    change_notes(connection, rows, "content_hash = NULL, problems = ?", (problems,))
    return bool(rows)


def touch_file(connection: apsw.Connection, path: str, file: FileState) -> None:
    """Note a new modification time for a file whose bytes are the same."""
    note_id, _ = _row_of(connection, path)
    both = connection.execute("SELECT id FROM notes WHERE id = ?1 OR part_of = ?1", (note_id,))
    times = (file.size, file.mtime_ns, file.ctime_ns)
    change_notes(connection, [row for (row,) in both], "size = ?, mtime_ns = ?, ctime_ns = ?", times)


def remove_note(connection: apsw.Connection, path: str) -> bool:
    """Remove everything stored of a note and its parts; returns whether there was anything."""
    note_id, _ = _row_of(connection, path)
    if note_id is None:
        return False
    parts = [row for (row,) in connection.execute("SELECT id FROM notes WHERE part_of = ?", (note_id,))]
    _delete_notes(connection, [*parts, note_id])
    return True


def rename_note(connection: apsw.Connection, old: str, new: str) -> None:
    """Move what is stored under `old`, parts included, to `new`; only for files whose title stays the same."""
    remove_note(connection, new)
    note_id, _ = _row_of(connection, old)
    parts = list(connection.execute("SELECT id, path FROM notes WHERE part_of = ?", (note_id,)))
    if note_id is None:
        return
    change_notes(connection, [note_id], "path = ?", (new,))
    write_path(connection, note_id, new)
    _write_keys(connection, note_id, file_keys(new))
    for part_id, path in parts:
        moved = new + path.removeprefix(old)
        if _row_of(connection, moved)[0] is None:
            change_notes(connection, [part_id], "path = ?", (moved,))
            write_path(connection, part_id, moved)
        else:
            _delete_notes(connection, [part_id])


def problems_json(problems: Iterable[Problem]) -> str:
    return json.dumps([{"code": p.code, "message": p.message, "line": p.line} for p in problems], ensure_ascii=False)


def _row_of(connection: apsw.Connection, path: str) -> tuple[int | None, int | None]:
    """Id of what is stored under a path, and of the file that it is a part of."""
    row = connection.execute("SELECT id, part_of FROM notes WHERE path = ?", (path,)).fetchone()
    return row or (None, None)


def _store(connection: apsw.Connection, entry: NoteEntry, *, part_of: int | None) -> int:
    note = entry.note
    note_id = _upsert_note(connection, entry, part_of)
    seal_note(connection, note_id)
    # A link leads to files: a part is reached through its own. An image is named with its extension, never by title.
    names = (note.title, *note.aliases) if note.kind == "markdown" else ()
    _write_keys(connection, note_id, file_keys(note.path, names=names) if part_of is None else set())
    write_filters(connection, note_id, note)
    write_names(connection, note_id, note)
    _write_chunks(connection, note_id, entry)
    _write_contents(connection, note_id, note)
    _write_block_ids(connection, note_id, note)
    return note_id


def _upsert_note(connection: apsw.Connection, entry: NoteEntry, part_of: int | None) -> int:
    note = entry.note
    columns = {
        "path": note.path,
        "part_of": part_of,
        "kind": note.kind,
        "status": "indexed",
        "reason": None,
        "size": entry.file.size,
        "mtime_ns": entry.file.mtime_ns,
        "ctime_ns": entry.file.ctime_ns,
        "content_hash": entry.file.content_hash,
        "title": note.title,
        "title_key": fold(note.title),
        "aliases": json.dumps(note.aliases, ensure_ascii=False),
        "tags": json.dumps(note.tags, ensure_ascii=False),
        "properties": json.dumps(merged_properties(note), ensure_ascii=False),
        "date": note.date.isoformat() if note.date else None,
        "date_source": note.date_source,
        "problems": problems_json(note.problems),
        "local": note.local,
        "chunks": len(entry.chunks),
    }
    updates = ", ".join(f"{column} = excluded.{column}" for column in columns if column != "path")
    return int(
        connection.execute(
            f"INSERT INTO notes ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608  # constants
            f" ON CONFLICT (path) DO UPDATE SET {updates} RETURNING id",
            tuple(columns.values()),
        ).get
    )


def _write_keys(connection: apsw.Connection, note_id: int, keys: set[str]) -> None:
    """Add what is new and remove what is gone; what stays must not make the links of that key stale."""
    stored = {key for (key,) in connection.execute("SELECT key FROM file_keys WHERE note_id = ?", (note_id,))}
    connection.executemany(
        "DELETE FROM file_keys WHERE note_id = ? AND key = ?", [(note_id, key) for key in stored - keys]
    )
    connection.executemany(
        "INSERT INTO file_keys (note_id, key) VALUES (?, ?)", [(note_id, key) for key in sorted(keys - stored)]
    )


def _write_chunks(connection: apsw.Connection, note_id: int, entry: NoteEntry) -> None:
    kept = _kept_rows(connection, note_id)
    for chunk, streams in zip(entry.chunks, entry.streams, strict=True):
        text = embedding_text(title=entry.note.title, heading_path=chunk.heading_path, text=chunk.text)
        embed_hash = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        rows = kept.get(embed_hash)
        row = rows.pop() if rows else None
        chunk_id = _write_chunk(connection, note_id, row, chunk, streams, embed_hash)
        connection.execute(
            "INSERT INTO chunk_terms (rowid, title, headings, tags, body, language) VALUES (?, ?, ?, ?, ?, ?)",
            (chunk_id, streams.title, streams.headings, streams.tags, streams.body, streams.language),
        )
    _delete_chunks(connection, [row for rows in kept.values() for row in rows])


def _write_contents(connection: apsw.Connection, note_id: int, note: Note) -> None:
    """Replace the note's links, days and tasks. A new link is stale: `graph.relink` finds out where it leads."""
    for table in ("links", "dates", "tasks"):
        connection.execute(f"DELETE FROM {table} WHERE note_id = ?", (note_id,))  # noqa: S608  # constants
    connection.executemany(
        "INSERT INTO links (note_id, target, heading, block, alias, style, embed, line, seal)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        _sealed(
            (
                note_id,
                link.target,
                link.heading,
                link.block,
                link.alias,
                link.style,
                int(link.embed),
                link.span.start_line,
            )
            for link in note.links
        ),
    )
    connection.executemany(
        "INSERT INTO dates (note_id, day, line, seal) VALUES (?, ?, ?, ?)",
        _sealed((note_id, date.day.isoformat(), date.span.start_line) for date in note.dates),
    )
    connection.executemany(
        "INSERT INTO tasks (note_id, state, text, line, seal) VALUES (?, ?, ?, ?, ?)",
        _sealed((note_id, task.state, task.text, task.span.start_line) for task in note.tasks),
    )


def _sealed(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(*row, seal(row)) for row in rows]


def _write_block_ids(connection: apsw.Connection, note_id: int, note: Note) -> None:
    lines = {block_key(block_id): line for block_id, line in note.block_ids.items()}
    stored = {row for (row,) in connection.execute("SELECT block_id FROM block_ids WHERE note_id = ?", (note_id,))}
    connection.executemany(
        "DELETE FROM block_ids WHERE note_id = ? AND block_id = ?",
        [(note_id, block_id) for block_id in stored.difference(lines)],
    )
    connection.executemany(
        "INSERT INTO block_ids (note_id, block_id, line) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET line = excluded.line",
        [(note_id, block_id, line) for block_id, line in lines.items()],
    )


def _kept_rows(connection: apsw.Connection, note_id: int) -> defaultdict[bytes, list[int]]:
    kept: defaultdict[bytes, list[int]] = defaultdict(list)
    rows = list(
        connection.execute("SELECT id, embed_hash FROM chunks WHERE note_id = ? ORDER BY ordinal DESC", (note_id,))
    )
    for chunk_id, embed_hash in rows:
        kept[embed_hash].append(chunk_id)
        connection.execute("DELETE FROM chunk_terms WHERE rowid = ?", (chunk_id,))
    return kept


def _write_chunk(
    connection: apsw.Connection,
    note_id: int,
    row: int | None,
    chunk: Chunk,
    streams: ChunkStreams,
    embed_hash: bytes,
) -> int:
    # The heading path is no part of what the hash tells apart: it is joined and cut there.
    heading_path = json.dumps(chunk.heading_path, ensure_ascii=False)
    told = (chunk.ordinal, heading_path, chunk.span.start_line, chunk.span.end_line, json.dumps(chunk.block_ids))
    # Of the text as it was read: a row that is kept must still hold it.
    place = (*told, seal((note_id, *told, chunk.text)), streams.language, streams.length)
    if row is not None:
        connection.execute(
            "UPDATE chunks SET ordinal = ?, heading_path = ?, start_line = ?, end_line = ?, block_ids = ?, seal = ?,"
            " language = ?, length = ? WHERE id = ?",
            (*place, row),
        )
        return row
    connection.execute(
        "INSERT INTO chunks (ordinal, heading_path, start_line, end_line, block_ids, seal, language, length, note_id,"
        " text, embed_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*place, note_id, chunk.text, embed_hash),
    )
    return connection.last_insert_rowid()


def _delete_notes(connection: apsw.Connection, ids: Sequence[int]) -> None:
    for note_id in ids:
        # What is in virtual tables does not go with its note by itself.
        rows = connection.execute("SELECT id FROM chunks WHERE note_id = ?", (note_id,))
        _delete_chunks(connection, [row for (row,) in rows])
        connection.execute("DELETE FROM notes WHERE id = ?", (note_id,))


def _delete_chunks(connection: apsw.Connection, rows: Sequence[int]) -> None:
    if not rows:
        return
    parameters = [(row,) for row in rows]
    # Absent rows are ignored: the terms of a note being replaced are already gone.
    connection.executemany("DELETE FROM chunk_terms WHERE rowid = ?", parameters)
    connection.executemany("DELETE FROM chunks WHERE id = ?", parameters)
