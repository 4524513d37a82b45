"""Measures the vector lane beside its alternatives, in one run, so that the ratios hold on any machine.

    python scripts/benchmark_vectors.py [--sizes 10000 100000] [--dimensions 256] [--limit 40] [--churn]

Four ways to the nearest vectors take turns, query by query: a `vec0` table, an ordinary table with sqlite-vec's
function, and `nearest` with copies in memory, the second time with a tenth of the chunks admitted. Vectors lie in
clusters, which have their chunks side by side, as those of notes do.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import apsw
import numpy as np

from sidecar.index.codes import VERSION, Codes
from sidecar.index.database import connect
from sidecar.index.schema import create, fingerprint, write_meta
from sidecar.index.vectors import nearest

_PER_CLUSTER = 50
_RECALL_AT = 10


def main() -> None:
    """Read the arguments and print a table for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--limit", type=int, default=40)
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--churn", action="store_true", help="replace a fifth five times and measure again")
    arguments = parser.parse_args()
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), size, arguments)


def measure(folder: Path, size: int, arguments: argparse.Namespace) -> None:
    rng = np.random.default_rng(7)
    rows = clustered(rng, size, arguments.dimensions)
    near = rows[rng.integers(0, size, arguments.queries)]
    queries = unit(near + 0.6 / np.sqrt(arguments.dimensions) * rng.standard_normal(near.shape, dtype=np.float32))
    ways = {"plain": plain(folder / "plain.db"), "vec0": vec0(folder / "vec0.db", arguments.dimensions)}
    for name, connection in ways.items():
        insert(connection, name, list(range(1, size + 1)), rows)
    print(f"\n{size:,} x {arguments.dimensions}, the nearest {arguments.limit}")
    report(ways, rows, queries, limit=arguments.limit)
    if arguments.churn:
        sizes = {name: file_size(connection) for name, connection in ways.items()}
        for _ in range(5):
            chosen = np.sort(rng.choice(size, size // 5, replace=False))
            rows[chosen] = clustered(rng, len(chosen), arguments.dimensions)
            for name, connection in ways.items():
                with connection:
                    column = "rowid" if name == "vec0" else "chunk_id"
                    connection.executemany(f"DELETE FROM vectors WHERE {column} = ?", [(int(i) + 1,) for i in chosen])
                insert(connection, name, (chosen + 1).tolist(), rows[chosen])
        print("after a fifth was replaced five times")
        report(ways, rows, queries, limit=arguments.limit)
        for name, connection in ways.items():
            print(f"  {name:<22}{sizes[name] / 1e6:9.0f} MB before, {file_size(connection) / 1e6:.0f} after")


def report(connections: dict[str, apsw.Connection], rows: np.ndarray, queries: np.ndarray, *, limit: int) -> None:
    codes, table = Codes(max_bytes=1 << 40), connections["plain"]
    started = time.perf_counter()
    codes.update(table)
    print(f"  copies read in {time.perf_counter() - started:.2f} s, {codes.nbytes / 1e6:.1f} MB")
    tenth = list(range(1, len(rows) + 1, 10))
    ways: dict[str, Callable[[np.ndarray], Sequence[int]]] = {
        "vec0": lambda query: by_vec0(connections["vec0"], query, limit),
        "function": lambda query: by_function(table, query, limit),
        "codes": lambda query: [m.chunk_id for m in nearest(table, codes, query, limit=limit, within=None)],
        "codes, a tenth": lambda query: [m.chunk_id for m in nearest(table, codes, query, limit=limit, within=tenth)],
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    right = dict.fromkeys(ways, 0)
    # Computed before: BLAS would still be spinning its threads while the others are timed.
    similarities = [rows @ query for query in queries]
    for query, similarity in zip(queries, similarities, strict=True):
        for name, way in ways.items():
            started = time.perf_counter()
            found = way(query)
            taken[name].append(time.perf_counter() - started)
            # A vector as near as the last of the true ones is right as well.
            candidates = similarity[::10] if name == "codes, a tenth" else similarity
            least = np.partition(candidates, -_RECALL_AT)[-_RECALL_AT] - 1e-6
            right[name] += sum(similarity[row - 1] >= least for row in found[:_RECALL_AT])
    for name, times in taken.items():
        median, slow = np.percentile(np.array(times) * 1e3, (50, 95))
        print(f"  {name:<22}{median:9.2f} ms p50{slow:9.2f} p95   recall {right[name] / _RECALL_AT / len(queries):.4f}")


def by_vec0(connection: apsw.Connection, query: np.ndarray, limit: int) -> list[int]:
    rows = connection.execute(
        "SELECT rowid FROM vectors WHERE embedding MATCH ? AND k = ? ORDER BY distance", (query.tobytes(), limit)
    )
    return [row for (row,) in rows]


def by_function(connection: apsw.Connection, query: np.ndarray, limit: int) -> list[int]:
    rows = connection.execute(
        "SELECT chunk_id, vec_distance_cosine(embedding, ?) AS distance FROM vectors ORDER BY distance LIMIT ?",
        (query.tobytes(), limit),
    )
    return [row for row, _ in rows]


def plain(path: Path) -> apsw.Connection:
    connection = connect(path, writable=True)
    create(connection, fingerprint(reading="benchmark", embedding="benchmark"))
    # Vectors alone are measured, without notes to belong to.
    connection.pragma("foreign_keys", 0)
    return connection


def vec0(path: Path, dimensions: int) -> apsw.Connection:
    connection = connect(path, writable=True)
    connection.execute(f"CREATE VIRTUAL TABLE vectors USING vec0 (embedding float[{dimensions}], chunk_size=256)")
    return connection


def insert(connection: apsw.Connection, name: str, ids: Sequence[int], rows: np.ndarray) -> None:
    with connection:
        if name == "vec0":
            blobs = ((i, row.tobytes()) for i, row in zip(ids, rows, strict=True))
            connection.executemany("INSERT INTO vectors (rowid, embedding) VALUES (?, ?)", blobs)
            return
        version = (connection.execute("SELECT max(version) FROM vectors").get or 0) + 1
        write_meta(connection, "dimensions", str(rows.shape[1]))
        write_meta(connection, VERSION, str(version))
        versions = ((i, version, row.tobytes()) for i, row in zip(ids, rows, strict=True))
        connection.executemany("INSERT INTO vectors (chunk_id, version, embedding) VALUES (?, ?, ?)", versions)


def clustered(rng: np.random.Generator, count: int, dimensions: int) -> np.ndarray:
    centres = unit(rng.standard_normal((count // _PER_CLUSTER + 1, dimensions), dtype=np.float32))
    spread = np.float32(0.9 / np.sqrt(dimensions))
    rows = np.repeat(centres, _PER_CLUSTER, axis=0)[:count]
    for start in range(0, count, 10_000):
        part = rows[start : start + 10_000]
        part += spread * rng.standard_normal(part.shape, dtype=np.float32)
    return unit(rows)


def unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, np.newaxis]
    scaled: np.ndarray = (rows / lengths).astype(np.float32)
    return scaled


def file_size(connection: apsw.Connection) -> int:
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    return Path(connection.filename).stat().st_size


if __name__ == "__main__":
    main()
