"""What is written to an index: notes replaced and removed whole, vectors added, the ledger kept. Plain functions that
run inside one write transaction; `Index` calls them.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import apsw
import numpy as np

from sidecar.chunking import Chunk
from sidecar.index.schema import read_meta, write_meta
from sidecar.language.terms import fold
from sidecar.notes.note import Note, Problem

NoteStatus: TypeAlias = Literal["indexed", "excluded", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """A file as it was when it was read: size in bytes, modification time in nanoseconds, hash of its bytes."""

    size: int
    mtime_ns: int
    content_hash: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteEntry:
    """A note ready to be stored. The term streams are one per chunk, in order; `name_terms` is of title and aliases."""

    note: Note
    file: FileState
    chunks: Sequence[Chunk]
    name_terms: str
    heading_terms: Sequence[str]
    body_terms: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """What the index knows of one file and why."""

    path: str
    status: NoteStatus
    reason: str | None
    file: FileState
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkToEmbed:
    """A chunk that still has no vector. `embed_hash` guards against storing the vector of a text that has changed."""

    id: int
    text: str
    embed_hash: bytes


def embedding_text(*, title: str, heading_path: Sequence[str], text: str) -> str:
    """What is embedded for a chunk: where it stands in front of what it says."""
    return " > ".join((title, *heading_path)) + "\n" + text


def replace_note(connection: apsw.Connection, entry: NoteEntry) -> int:
    """Store a note in place of what the index had under its path; returns the number of its chunks.

    A chunk whose text, title and heading path are unchanged keeps its row and its vector.
    """
    note = entry.note
    note_id = _upsert_note(connection, entry)
    kept = _kept_rows(connection, note_id)
    connection.execute("DELETE FROM links WHERE note_id = ?", (note_id,))
    for chunk, heading_terms, body_terms in zip(entry.chunks, entry.heading_terms, entry.body_terms, strict=True):
        text = embedding_text(title=note.title, heading_path=chunk.heading_path, text=chunk.text)
        embed_hash = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        rows = kept.get(embed_hash)
        row = rows.pop() if rows else None
        chunk_id = _write_chunk(connection, note_id, row, chunk, embed_hash)
        connection.execute(
            "INSERT INTO chunk_terms (rowid, title, headings, body) VALUES (?, ?, ?, ?)",
            (chunk_id, entry.name_terms, heading_terms, body_terms),
        )
    _delete_chunks(connection, [row for rows in kept.values() for row in rows])
    connection.executemany(
        "INSERT INTO links (note_id, target, heading, block, embed, line) VALUES (?, ?, ?, ?, ?, ?)",
        [(note_id, link.target, link.heading, link.block, link.embed, link.span.start_line) for link in note.links],
    )
    return len(entry.chunks)


def record_file(connection: apsw.Connection, entry: LedgerEntry) -> None:
    """Note in the ledger that a file is excluded or could not be read; whatever was stored of its text goes."""
    remove_note(connection, entry.path)
    connection.execute(
        "INSERT INTO notes (path, status, reason, size, mtime_ns, content_hash, problems) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            entry.path,
            entry.status,
            entry.reason,
            entry.file.size,
            entry.file.mtime_ns,
            entry.file.content_hash,
            problems_json(entry.problems),
        ),
    )


def keep_unreadable(connection: apsw.Connection, path: str, reason: str) -> bool:
    """Keep what is stored of an indexed note whose file cannot be read now, and say so; whether there was such a note.

    Its hash is dropped, so that it is read again as soon as that is possible.
    """
    problems = problems_json([Problem(code="unreadable", message=f"Kept as it was when last read. {reason}")])
    rows = connection.execute(
        "UPDATE notes SET content_hash = NULL, problems = ? WHERE path = ? AND status = 'indexed' RETURNING id",
        (problems, path),
    )
    return bool(list(rows))


def touch_file(connection: apsw.Connection, path: str, file: FileState) -> None:
    """Note a new modification time for a file whose bytes are the same."""
    connection.execute(
        "UPDATE notes SET size = ?, mtime_ns = ? WHERE path = ?",
        (file.size, file.mtime_ns, path),
    )


def remove_note(connection: apsw.Connection, path: str) -> bool:
    """Remove everything stored of a note; returns whether there was anything."""
    note_id = connection.execute("SELECT id FROM notes WHERE path = ?", (path,)).get
    if note_id is None:
        return False
    rows = connection.execute("SELECT id FROM chunks WHERE note_id = ?", (note_id,))
    _delete_chunks(connection, [row for (row,) in rows])
    connection.execute("DELETE FROM notes WHERE id = ?", (note_id,))
    return True


def rename_note(connection: apsw.Connection, old: str, new: str) -> None:
    """Move what is stored under `old` to `new`; only for files whose title stays the same."""
    remove_note(connection, new)
    connection.execute("UPDATE notes SET path = ? WHERE path = ?", (new, old))


def chunks_to_embed(connection: apsw.Connection, limit: int) -> list[ChunkToEmbed]:
    """The next chunks without a vector, oldest first."""
    rows = connection.execute(
        "SELECT c.id, n.title, c.heading_path, c.text, c.embed_hash FROM chunks c JOIN notes n ON n.id = c.note_id"
        " WHERE c.embedded = 0 ORDER BY c.id LIMIT ?",
        (limit,),
    )
    return [
        ChunkToEmbed(
            id=chunk_id,
            text=embedding_text(title=title, heading_path=json.loads(heading_path), text=text),
            embed_hash=embed_hash,
        )
        for chunk_id, title, heading_path, text, embed_hash in rows
    ]


def store_vectors(connection: apsw.Connection, chunks: Sequence[ChunkToEmbed], vectors: np.ndarray) -> None:
    """Add the vectors, float32 of shape (chunks, dimensions), of chunks that have not changed meanwhile.

    A zero vector (a text without any known token) is near nothing and is not stored.
    """
    _ensure_vectors(connection, vectors.shape[1])
    for chunk, vector in zip(chunks, vectors, strict=True):
        current = connection.execute("SELECT embed_hash FROM chunks WHERE id = ?", (chunk.id,)).get
        if current != chunk.embed_hash:
            continue
        connection.execute("DELETE FROM chunk_vectors WHERE rowid = ?", (chunk.id,))
        if vector.any():
            connection.execute(
                "INSERT INTO chunk_vectors (rowid, embedding) VALUES (?, ?)",
                (chunk.id, np.ascontiguousarray(vector, dtype=np.float32).tobytes()),
            )
        connection.execute("UPDATE chunks SET embedded = 1 WHERE id = ?", (chunk.id,))


def dimensions(connection: apsw.Connection) -> int | None:
    """Length of the stored vectors, `None` while there are none."""
    value = read_meta(connection, "dimensions")
    return None if value is None else int(value)


def problems_json(problems: Iterable[Problem]) -> str:
    return json.dumps([{"code": p.code, "message": p.message, "line": p.line} for p in problems], ensure_ascii=False)


def _ensure_vectors(connection: apsw.Connection, length: int) -> None:
    have = dimensions(connection)
    if have == length:
        return
    if have is not None:
        connection.execute("DROP TABLE chunk_vectors")
        connection.execute("UPDATE chunks SET embedded = 0")
    # chunk_size 256 instead of 1,024: inserts of long vectors are five times faster at the same query time.
    connection.execute(
        f"CREATE VIRTUAL TABLE chunk_vectors USING vec0 (embedding float[{int(length)}], chunk_size=256)"
    )
    write_meta(connection, "dimensions", str(length))


def _upsert_note(connection: apsw.Connection, entry: NoteEntry) -> int:
    note = entry.note
    return int(
        connection.execute(
            "INSERT INTO notes (path, status, size, mtime_ns, content_hash, title, title_key, aliases, tags,"
            " properties, date, problems) VALUES (?, 'indexed', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (path) DO UPDATE SET status = 'indexed', reason = NULL, size = excluded.size,"
            " mtime_ns = excluded.mtime_ns, content_hash = excluded.content_hash, title = excluded.title,"
            " title_key = excluded.title_key, aliases = excluded.aliases, tags = excluded.tags,"
            " properties = excluded.properties, date = excluded.date, problems = excluded.problems RETURNING id",
            (
                note.path,
                entry.file.size,
                entry.file.mtime_ns,
                entry.file.content_hash,
                note.title,
                fold(note.title),
                json.dumps(note.aliases, ensure_ascii=False),
                json.dumps(note.tags, ensure_ascii=False),
                json.dumps(dict(note.properties), ensure_ascii=False),
                note.date.isoformat() if note.date else None,
                problems_json(note.problems),
            ),
        ).get
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


def _write_chunk(connection: apsw.Connection, note_id: int, row: int | None, chunk: Chunk, embed_hash: bytes) -> int:
    place = (chunk.ordinal, chunk.span.start_line, chunk.span.end_line, json.dumps(chunk.block_ids))
    if row is not None:
        connection.execute(
            "UPDATE chunks SET ordinal = ?, start_line = ?, end_line = ?, block_ids = ? WHERE id = ?", (*place, row)
        )
        return row
    connection.execute(
        "INSERT INTO chunks (ordinal, start_line, end_line, block_ids, note_id, heading_path, text, embed_hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*place, note_id, json.dumps(chunk.heading_path, ensure_ascii=False), chunk.text, embed_hash),
    )
    return connection.last_insert_rowid()


def _delete_chunks(connection: apsw.Connection, rows: Sequence[int]) -> None:
    if not rows:
        return
    parameters = [(row,) for row in rows]
    if dimensions(connection) is not None:
        connection.executemany("DELETE FROM chunk_vectors WHERE rowid = ?", parameters)
    # Absent rows are ignored: the terms of a note being replaced are already gone.
    connection.executemany("DELETE FROM chunk_terms WHERE rowid = ?", parameters)
    connection.executemany("DELETE FROM chunks WHERE id = ?", parameters)
