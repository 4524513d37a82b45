"""A small copy of an index's vectors in memory, one byte per dimension, that says which vectors are worth reading.

What runs here: a scan of all copies for each query, on the thread that asks. It only chooses candidates; their cosines
are computed from the stored vectors, so that a copy that lags or is torn costs at most a candidate, never a wrong
number. Ordering: one thread at a time brings the copy up to date, and puts a new state in place of the old one; scans
take the state they find and hold no lock. The number of the last write (`VERSION`) tells whether there is anything to
read. It never goes back, so a row that is missing from a snapshot of the same number as the copy is gone for good, and
is noticed when it is read in vain. Missing on purpose: a file of its own. What is here follows from the database.
"""

from __future__ import annotations

import math
import platform
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeAlias

import apsw
import numpy as np

from sidecar.index.schema import read_meta

DIMENSIONS = "dimensions"
VERSION = "vectors_version"

MAX_BYTES = 512 * 1024 * 1024
"""Memory for one index: two million vectors of 256 dimensions, or 690,000 of 768."""

# Blocks, so that growing copies one and not all. Not smaller: after each one the scan has to get Python's lock back.
_BLOCK_BYTES = 16 * 1024 * 1024
# Read at once: the vectors of a whole block would take five times its size in passing.
_READ_BYTES = 1024 * 1024
_STEPS = 127
# An id of eight bytes and a factor of four.
_BYTES_BESIDE = 12
# A copy is read anew when a share of it is known to be dead, or as much has changed as is there.
_DEAD_SHARE = 8
# A query that finds the copy being read anew, which takes seconds for a million vectors, scans the table instead.
_PATIENCE_SECONDS = 0.1
# Rounding errors of a product are nearly normal; beyond four deviations lie 3 in 100,000.
_DEVIATIONS = 4.0
# So many are read beyond the ones wanted when estimates cannot tell them apart: of vectors that are all alike, not all.
_MOST_EXTRA = 1_000
# Copying rows together costs about as much as scanning three times as many in place.
_GATHERED_SHARE = 4
# Fewer ids than one in so many are looked up one by one; more of them make a table worth its filling.
_FEW_IDS = 100
_STRIDE = 64

Kernel: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""The products, float32 of shape (rows,), of a query of shape (1, dimensions) with at least one row, all int8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """Copies of the vectors as they were after write number `version`. All rows are in the order of their ids."""

    version: int
    dimensions: int
    blocks: tuple[np.ndarray, ...]
    """int8, all but the last one full; the last may have room after its rows."""
    ids: np.ndarray
    factors: np.ndarray
    """What a product of whole numbers is multiplied by to become a cosine, but for the query's part in it."""
    dead: np.ndarray
    """Positions of rows that the table no longer has, ascending."""

    @property
    def nbytes(self) -> int:
        return sum(block.nbytes for block in self.blocks) + self.ids.nbytes + self.factors.nbytes + self.dead.nbytes

    def positions(self, ids: np.ndarray) -> np.ndarray:
        """Ascending positions of those of the ids that are here."""
        end = int(self.ids[-1]) + 1 if len(self.ids) else 0
        ids = ids[(ids >= 0) & (ids < end)]
        if len(ids) * _FEW_IDS > end:
            wanted = np.zeros(end, dtype=np.bool_)
            wanted[ids] = True
            return np.flatnonzero(wanted[self.ids])
        # Not `np.unique`: half a million ids take it most of a second.
        ids = np.sort(ids)
        places = np.searchsorted(self.ids, ids)
        places = places[self.ids[places] == ids]
        once: np.ndarray = places[np.diff(places, prepend=-1) > 0]
        return once


class Scan:
    """The estimated cosine of a query with each vector in question. Not shared between threads."""

    def __init__(self, scores: np.ndarray, ids: np.ndarray, *, margin: float) -> None:
        self._scores = scores
        self._ids = ids
        self._margin = margin

    def best(self, limit: int) -> list[int]:
        """Ids, ascending, among which the `limit` nearest are: those that the estimate's error may have misplaced
        come with them. Fewer than `limit` when there are no more.
        """
        scores = self._scores
        least = -np.inf if limit >= len(scores) else _lower_bound(scores, limit) - self._margin
        chosen = np.flatnonzero((scores >= least) & (scores > -np.inf))
        if len(chosen) > limit:
            estimates = scores[chosen]
            chosen = chosen[estimates >= np.partition(estimates, -limit)[-limit] - self._margin]
        if len(chosen) > (most := limit + _MOST_EXTRA):
            chosen = np.sort(chosen[np.argpartition(scores[chosen], -most)[-most:]])
        found: list[int] = self._ids[chosen].tolist()
        return found

    def leave_out(self, ids: Sequence[int]) -> None:
        """Let `best` no longer name these ids."""
        self._scores[np.searchsorted(self._ids, ids)] = -np.inf


class Codes:
    """Copies of one database's vectors, brought up to date by each query; above `max_bytes` there are none."""

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._kernel: Kernel | None = None
        self._state: _State | None = None
        self._problem: str | None = None

    @property
    def nbytes(self) -> int:
        """Memory that the copies take, in bytes; while they are read anew, briefly up to twice that."""
        state = self._state
        return 0 if state is None else state.nbytes

    @property
    def problem(self) -> str | None:
        """Why the last query read every vector from the disk, which takes longer; `None` when it did not have to."""
        return self._problem

    def update(self, connection: apsw.Connection) -> bool:
        """Take over what was written since the last call; whether `scan` can be asked about this snapshot.

        It cannot when there are no vectors, too many, others than those of the snapshot, or another thread is reading.
        """
        return self._current(connection) is not None

    def scan(self, connection: apsw.Connection, query: np.ndarray, *, within: Sequence[int] | None) -> Scan | None:
        """Estimate the cosines of `query`, float32 and not zero, with all vectors or those of the ids `within`.

        `None` when the vectors have to be read from the table, for the reasons that `update` gives.
        """
        state, kernel = self._current(connection), self._kernel
        if state is None or kernel is None:
            return None
        code, factor = _quantised(query[np.newaxis])
        if within is None:
            scores, ids = _products(kernel, code, state), state.ids
            scores[state.dead] = -np.inf
        else:
            places = state.positions(np.asarray(within, dtype=np.int64))
            if len(state.dead):
                places = places[~np.isin(places, state.dead, assume_unique=True)]
            scores, ids = _products_at(kernel, code, state, places), state.ids[places]
        return Scan(scores, ids, margin=_margin(state, float(factor[0])))

    def forget(self, connection: apsw.Connection, ids: Sequence[int], *, starved: bool) -> None:
        """Remember that the table has no rows of these ids. When a list was `starved` by them, all are looked for."""
        with self._lock:
            state = self._state
            # A snapshot that is older than the copy says nothing of it.
            if state is None or _stored(connection) != (state.dimensions, state.version):
                return
            gone = state.positions(np.asarray(ids, dtype=np.int64))
            if starved:
                present = np.fromiter((row for (row,) in connection.execute("SELECT chunk_id FROM vectors")), np.int64)
                gone = np.flatnonzero(~np.isin(state.ids, present, assume_unique=True))
            dead = np.union1d(state.dead, gone)
            # Dropped ones are read anew by the next query.
            self._state = None if len(dead) * _DEAD_SHARE > len(state.ids) else replace(state, dead=dead)

    def _current(self, connection: apsw.Connection) -> _State | None:
        dimensions, version = _stored(connection)
        state = self._state
        if dimensions is None:
            return None
        if state is None or state.version < version:
            state = self._advance(connection, dimensions, version)
        return state if state is not None and state.dimensions == dimensions else None

    def _advance(self, connection: apsw.Connection, dimensions: int, version: int) -> _State | None:
        if not self._lock.acquire(timeout=_PATIENCE_SECONDS):
            return None
        try:
            state = self._state
            if state is None or state.version < version:
                self._problem = self._obstacle(connection, dimensions)
                state = None if self._problem else _brought_up(state, connection, dimensions, version)
                self._state = state
            return state
        finally:
            self._lock.release()

    def _obstacle(self, connection: apsw.Connection, dimensions: int) -> str | None:
        # Loaded with the first vectors: a server without any keeps its memory.
        self._kernel = self._kernel or _load_kernel()
        if self._kernel is None:
            return "This processor or installation cannot search vectors in memory; they are read from the disk."
        size = connection.execute("SELECT count(*) FROM vectors").get * (dimensions + _BYTES_BESIDE)
        if size <= self._max_bytes:
            return None
        return (
            f"The vectors would take {size / 1e6:,.0f} MB of memory, {self._max_bytes / 1e6:,.0f} are allowed;"
            " they are read from the disk."
        )


def _stored(connection: apsw.Connection) -> tuple[int | None, int]:
    """Length of the stored vectors, `None` before there are any, and the number of the last write."""
    dimensions = read_meta(connection, DIMENSIONS)
    return (None, 0) if dimensions is None else (int(dimensions), int(read_meta(connection, VERSION) or 0))


def _brought_up(state: _State | None, connection: apsw.Connection, dimensions: int, version: int) -> _State:
    if state is not None and state.dimensions == dimensions:
        changed = connection.execute("SELECT count(*) FROM vectors WHERE version > ?", (state.version,)).get
        if changed <= len(state.ids):
            rows = connection.execute(
                "SELECT chunk_id, embedding FROM vectors WHERE version > ? ORDER BY chunk_id", (state.version,)
            )
            edition = _Edition(dimensions, state, expected=0)
            if all(edition.take(*part) for part in _read(rows, dimensions)):
                return edition.state(version)
    edition = _Edition(dimensions, None, expected=connection.execute("SELECT count(*) FROM vectors").get)
    rows = connection.execute("SELECT chunk_id, embedding FROM vectors ORDER BY chunk_id")
    for part in _read(rows, dimensions):
        edition.take(*part)
    return edition.state(version)


class _Edition:
    """A state in the making. It shares the blocks of the one before and never changes a row that that one has."""

    def __init__(self, dimensions: int, before: _State | None, *, expected: int) -> None:
        self._dimensions = dimensions
        self._block_rows = max(1, _BLOCK_BYTES // dimensions)
        self._expected = expected
        self._blocks = [] if before is None else list(before.blocks)
        self._copied: set[int] = set()
        self._ids = [np.empty(0, dtype=np.int64)] if before is None else [before.ids]
        self._factors = [np.empty(0, dtype=np.float32)] if before is None else [before.factors.copy()]
        self._dead = np.empty(0, dtype=np.int64) if before is None else before.dead
        self._count = len(self._ids[0])

    def take(self, ids: np.ndarray, codes: np.ndarray, factors: np.ndarray) -> bool:
        """Add rows in ascending order of their ids; False when the order would be broken, and nothing was added."""
        known = np.isin(ids, self._ids[0], assume_unique=True)
        new = ids[~known]
        last = next((part[-1] for part in reversed(self._ids) if len(part)), 0)
        if len(new) and new[0] <= last:
            return False
        if known.any():
            self._overwrite(ids[known], codes[known], factors[known])
        self._append(codes[~known])
        self._ids.append(new)
        self._factors.append(factors[~known])
        return True

    def state(self, version: int) -> _State:
        return _State(
            version=version,
            dimensions=self._dimensions,
            blocks=tuple(self._blocks),
            ids=np.concatenate(self._ids),
            factors=np.concatenate(self._factors),
            dead=self._dead,
        )

    def _overwrite(self, ids: np.ndarray, codes: np.ndarray, factors: np.ndarray) -> None:
        places = np.searchsorted(self._ids[0], ids)
        for number in np.unique(places // self._block_rows).tolist():
            if number not in self._copied:
                self._blocks[number] = self._blocks[number].copy()
                self._copied.add(number)
            here = places // self._block_rows == number
            self._blocks[number][places[here] % self._block_rows] = codes[here]
        self._factors[0][places] = factors
        self._dead = np.setdiff1d(self._dead, places, assume_unique=True)

    def _append(self, codes: np.ndarray) -> None:
        while len(codes):
            used = self._count % self._block_rows
            if not used:
                rows = min(self._block_rows, max(len(codes), self._expected - self._count))
                self._blocks.append(np.empty((rows, self._dimensions), dtype=np.int8))
            self._blocks[-1] = _with_room(self._blocks[-1], used, len(codes), most=self._block_rows)
            part = codes[: self._block_rows - used]
            self._blocks[-1][used : used + len(part)] = part
            self._count += len(part)
            codes = codes[len(part) :]


def _with_room(block: np.ndarray, used: int, more: int, *, most: int) -> np.ndarray:
    if len(block) >= min(most, used + more):
        return block
    grown = np.empty((min(most, max(used + more, 2 * used)), block.shape[1]), dtype=np.int8)
    grown[:used] = block[:used]
    return grown


def _read(rows: Iterable[tuple[int, bytes]], dimensions: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Ids, copies and factors, in parts that fit the processor's cache."""
    remaining = iter(rows)
    while part := list(islice(remaining, max(1, _READ_BYTES // (4 * dimensions)))):
        ids, blobs = zip(*part, strict=True)
        vectors = np.frombuffer(b"".join(blobs), dtype=np.float32).reshape(-1, dimensions)
        yield np.array(ids, dtype=np.int64), *_quantised(vectors)


def _quantised(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers in [-127, 127], each vector on a scale of its own, and what makes their products cosines."""
    largest = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    scaled = vectors / largest
    # Not `linalg.norm` or a product: for work of this size BLAS would wake its threads.
    lengths = np.sqrt(np.einsum("ij,ij->i", scaled, scaled))
    return np.rint(scaled * _STEPS).astype(np.int8), (1 / (_STEPS * lengths)).astype(np.float32)


def _products(kernel: Kernel, code: np.ndarray, state: _State) -> np.ndarray:
    scores = np.empty(len(state.ids), dtype=np.float32)
    start = 0
    for block in state.blocks:
        rows = block[: len(scores) - start]
        here = slice(start, start + len(rows))
        np.multiply(kernel(code, rows), state.factors[here], out=scores[here])
        start += len(rows)
    return scores


def _products_at(kernel: Kernel, code: np.ndarray, state: _State, places: np.ndarray) -> np.ndarray:
    if len(places) * _GATHERED_SHARE > len(state.ids):
        chosen: np.ndarray = _products(kernel, code, state)[places]
        return chosen
    scores = np.empty(len(places), dtype=np.float32)
    block_rows = len(state.blocks[0]) if state.blocks else 1
    for number, block in enumerate(state.blocks):
        start, stop = np.searchsorted(places, (number * block_rows, (number + 1) * block_rows)).tolist()
        if start < stop:
            scores[start:stop] = kernel(code, block[places[start:stop] - number * block_rows])
    scores *= state.factors[places]
    return scores


def _margin(state: _State, code_step: float) -> float:
    """How far two estimates may be off: rounding to whole steps errs by a twelfth of a step squared, on either side."""
    if not len(state.factors):
        return 0.0
    step = float(np.einsum("i,i->", state.factors, state.factors)) / len(state.factors)
    return _DEVIATIONS * math.sqrt((step + code_step**2) / 12) / code_step


def _lower_bound(scores: np.ndarray, limit: int) -> float:
    """A score that at least `limit` of the scores reach and not many more."""
    rows = len(scores) // _STRIDE
    if rows < 2 * limit:
        return float(np.partition(scores, -limit)[-limit])
    # The greatest of every so many: neighbours are chunks of one note, near each other, and go to different groups.
    greatest = scores[: rows * _STRIDE].reshape(_STRIDE, rows).max(axis=0)
    return float(np.partition(greatest, -limit)[-limit])


def _load_kernel() -> Kernel | None:
    if not _processor_known():
        return None
    try:
        import simsimd  # as late as its caller says
    except ImportError:
        return None

    def products(query: np.ndarray, rows: np.ndarray) -> np.ndarray:
        # Never with `out`: simsimd 6.5.16 then gives back a None that it has not counted, and some thousand calls later
        # Python 3.11 ends the process.
        return np.asarray(simsimd.cdist(query, rows, "dot", out_dtype="float32")).reshape(-1)

    return products


def _processor_known() -> bool:
    """Whether simsimd may be loaded. On x86 without AVX it has ended the process (NumKong issue 263)."""
    if platform.machine().lower() not in {"x86_64", "amd64"}:
        return True
    found = np.show_config(mode="dicts").get("SIMD Extensions", {})
    # numpy 2.4 names levels of the x86-64 architecture, those before the extensions.
    return not {"AVX2", "X86_V3"}.isdisjoint([*found.get("baseline", ()), *found.get("found", ())])
