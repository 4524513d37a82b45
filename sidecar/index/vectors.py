"""The vectors of the chunks: stored, read, and the nearest ones found. sqlite-vec computes the distances."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import apsw
import numpy as np

from sidecar.chunking import embedding_text
from sidecar.index.codes import DIMENSIONS, VERSION, Codes, Scan
from sidecar.index.records import chunks_by_id
from sidecar.index.schema import read_meta, write_meta

# Fewer ids than this are quicker compared one by one than through a scan that has to be set up.
_FEW = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorMatch:
    """A chunk found by its vector; `similarity` is the cosine, in [-1, 1]."""

    chunk_id: int
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkToEmbed:
    """A chunk that still has no vector. `embed_hash` guards against storing the vector of a text that has changed."""

    id: int
    text: str
    embed_hash: bytes


def chunks_to_embed(connection: apsw.Connection, limit: int, *, away: bool = False) -> list[ChunkToEmbed]:
    """The next chunks without a vector, oldest first; for a model that is `away`, those of notes that may leave this
    machine.
    """
    rows = connection.execute(
        "SELECT c.id, c.embed_hash FROM chunks c JOIN notes n ON n.id = c.note_id"
        " WHERE c.embedded = 0 AND (n.local IS NULL OR NOT ?) ORDER BY c.id LIMIT ?",
        (away, limit),
    )
    hashes: dict[int, bytes] = dict(iter(rows))
    # As records: a mark of what stays on this machine that was damaged would let the text go.
    found = chunks_by_id(connection, list(hashes))
    return [
        ChunkToEmbed(
            id=chunk_id,
            text=embedding_text(title=chunk.note.title, heading_path=chunk.heading_path, text=chunk.text),
            embed_hash=embed_hash,
        )
        for chunk_id, embed_hash in hashes.items()
        if (chunk := found.get(chunk_id)) is not None
    ]


def count_to_embed(connection: apsw.Connection, *, away: bool = False) -> int:
    """How many chunks `chunks_to_embed` would give, without their texts: 60,000 took 50 ms."""
    return int(
        connection.execute(
            "SELECT count(*) FROM chunks c JOIN notes n ON n.id = c.note_id"
            " WHERE c.embedded = 0 AND (n.local IS NULL OR NOT ?)",
            (away,),
        ).get
    )


def store_vectors(connection: apsw.Connection, chunks: Sequence[ChunkToEmbed], vectors: np.ndarray) -> None:
    """Add the vectors, float32 of shape (chunks, dimensions), of chunks that have not changed meanwhile.

    A vector that is zero (a text without any known token) or not finite is near nothing and is not stored.
    """
    _ensure_length(connection, vectors.shape[1])
    version = _next_version(connection)
    for chunk, vector in zip(chunks, np.ascontiguousarray(vectors, dtype=np.float32), strict=True):
        current = connection.execute("SELECT embed_hash FROM chunks WHERE id = ?", (chunk.id,)).get
        if current != chunk.embed_hash:
            continue
        connection.execute("DELETE FROM vectors WHERE chunk_id = ?", (chunk.id,))
        if vector.any() and np.isfinite(vector).all():
            connection.execute(
                "INSERT INTO vectors (chunk_id, version, embedding) VALUES (?, ?, ?)",
                (chunk.id, version, vector.tobytes()),
            )
        connection.execute("UPDATE chunks SET embedded = 1 WHERE id = ?", (chunk.id,))


def dimensions(connection: apsw.Connection) -> int | None:
    """Length of the stored vectors, `None` while there are none."""
    value = read_meta(connection, DIMENSIONS)
    return None if value is None else int(value)


def nearest(
    connection: apsw.Connection, codes: Codes, query: np.ndarray, *, limit: int, within: Sequence[int] | None
) -> list[VectorMatch]:
    """The chunks nearest to `query` (float32 of shape (dimensions,)), nearest first, equal ones by id; `within`
    restricts before the search. There is no bound on `limit`. `codes` is the copy of this database's vectors.
    """
    if limit < 1 or not _comparable(connection, query) or (within is not None and not len(within)):
        return []
    if within is not None and len(within) <= _FEW:
        return _first(_cosines(connection, query, within), limit)
    scan = codes.scan(connection, query, within=within)
    if scan is None:
        return _scanned(connection, query, limit=limit, within=within)
    return _first(_confirmed(connection, codes, scan, query, limit=limit), limit)


def vectors_of(connection: apsw.Connection, chunk_ids: Sequence[int]) -> dict[int, np.ndarray]:
    """Stored vectors by chunk id; chunks without one are absent."""
    rows = connection.execute(
        "SELECT v.chunk_id, v.embedding FROM json_each(?) j CROSS JOIN vectors v ON v.chunk_id = j.value",
        (_json(chunk_ids),),
    )
    return {row: np.frombuffer(blob, dtype=np.float32) for row, blob in rows}


def similarities(connection: apsw.Connection, query: np.ndarray, chunk_ids: Sequence[int]) -> dict[int, float]:
    """Cosines of `query` with the vectors of these chunks; chunks without one are absent."""
    return _cosines(connection, query, chunk_ids) if len(chunk_ids) and _comparable(connection, query) else {}


def _cosines(connection: apsw.Connection, query: np.ndarray, chunk_ids: Sequence[int]) -> dict[int, float]:
    # One statement costs a third of one per id, in any order (100 ids: 0.34 against 0.62 ms on a busy machine).
    rows = connection.execute(
        "SELECT v.chunk_id, 1 - vec_distance_cosine(v.embedding, ?)"
        " FROM json_each(?) j CROSS JOIN vectors v ON v.chunk_id = j.value",
        (_blob(query), _json(chunk_ids)),
    )
    # SQLite's word for a number that is none, which a damaged vector gives: it is near nothing.
    return {row: similarity for row, similarity in rows if similarity is not None}


def _confirmed(
    connection: apsw.Connection, codes: Codes, scan: Scan, query: np.ndarray, *, limit: int
) -> dict[int, float]:
    """Cosines of the nearest chunks and some more. Chunks that are gone are left out and others take their places."""
    found: dict[int, float] = {}
    missed = 0
    while True:
        wanted = [chunk_id for chunk_id in scan.best(limit) if chunk_id not in found]
        found |= _cosines(connection, query, wanted)
        gone = [chunk_id for chunk_id in wanted if chunk_id not in found]
        if not gone:
            return found
        scan.leave_out(gone)
        missed += len(gone)
        codes.forget(connection, gone, starved=missed > limit)


def _scanned(
    connection: apsw.Connection, query: np.ndarray, *, limit: int, within: Sequence[int] | None
) -> list[VectorMatch]:
    restriction = "" if within is None else " WHERE chunk_id IN (SELECT value FROM json_each(?))"
    rows = connection.execute(
        "SELECT chunk_id, vec_distance_cosine(embedding, ?) AS distance FROM vectors"  # noqa: S608  # constants
        f"{restriction} ORDER BY distance, chunk_id LIMIT ?",
        (_blob(query), *(() if within is None else (_json(within),)), limit),
    )
    return [VectorMatch(chunk_id=row, similarity=1 - distance) for row, distance in rows if distance is not None]


def _first(found: dict[int, float], limit: int) -> list[VectorMatch]:
    best = heapq.nsmallest(limit, found.items(), key=lambda item: (-item[1], item[0]))
    return [VectorMatch(chunk_id=chunk_id, similarity=similarity) for chunk_id, similarity in best]


def _comparable(connection: apsw.Connection, query: np.ndarray) -> bool:
    return query.shape == (dimensions(connection),) and bool(query.any()) and bool(np.isfinite(query).all())


def _ensure_length(connection: apsw.Connection, length: int) -> None:
    have = dimensions(connection)
    if have == length:
        return
    if have is not None:
        connection.execute("DELETE FROM vectors")
        connection.execute("UPDATE chunks SET embedded = 0")
    write_meta(connection, DIMENSIONS, str(length))


def _next_version(connection: apsw.Connection) -> int:
    # Counted apart from the rows: after the newest are deleted, the greatest of theirs would be given twice.
    version = int(read_meta(connection, VERSION) or 0) + 1
    write_meta(connection, VERSION, str(version))
    return version


def _blob(query: np.ndarray) -> bytes:
    return np.ascontiguousarray(query, dtype=np.float32).tobytes()


def _json(ids: Iterable[int]) -> str:
    return "[" + ",".join(map(str, ids)) + "]"
