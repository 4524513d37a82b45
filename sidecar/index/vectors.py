"""Vector search: the nearest chunks to a query's vector, through sqlite-vec."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apsw
import numpy as np

from sidecar.index.store import dimensions

MAX_NEIGHBOURS = 4_096
"""sqlite-vec's own limit on k."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorMatch:
    """A chunk found by its vector; `similarity` is the cosine, in [-1, 1]."""

    chunk_id: int
    similarity: float


def nearest(
    connection: apsw.Connection, query: np.ndarray, *, limit: int, within: Sequence[int] | None
) -> list[VectorMatch]:
    """The chunks nearest to `query` (float32, length 1), nearest first; `within` restricts before the scan."""
    if dimensions(connection) != query.shape[0] or not query.any() or (within is not None and not within):
        return []
    restriction = "" if within is None else " AND rowid IN (SELECT value FROM json_each(?))"
    parameters = () if within is None else ("[" + ",".join(map(str, within)) + "]",)
    rows = connection.execute(
        f"SELECT rowid, distance FROM chunk_vectors WHERE embedding MATCH ? AND k = ?{restriction}",  # noqa: S608  # constants
        (np.ascontiguousarray(query, dtype=np.float32).tobytes(), min(limit, MAX_NEIGHBOURS), *parameters),
    )
    # Both vectors have length 1, so the squared L2 distance is 2 - 2 cos.
    return [VectorMatch(chunk_id=row, similarity=1 - distance * distance / 2) for row, distance in rows]


def vectors_of(connection: apsw.Connection, chunk_ids: Sequence[int]) -> dict[int, np.ndarray]:
    """Stored vectors by chunk id; chunks without one are absent."""
    if dimensions(connection) is None or not chunk_ids:
        return {}
    rows = connection.execute(
        "SELECT rowid, embedding FROM chunk_vectors WHERE rowid IN (SELECT value FROM json_each(?))",
        ("[" + ",".join(map(str, chunk_ids)) + "]",),
    )
    return {row: np.frombuffer(blob, dtype=np.float32) for row, blob in rows}
