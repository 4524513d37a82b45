"""The vector lane: what is stored, what is found, and that the copies in memory never lag behind the database."""

from __future__ import annotations

import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import apsw
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sidecar.index import codes as codes_module
from sidecar.index import store, vectors
from sidecar.index.codes import Codes
from sidecar.index.database import Database, connect
from sidecar.index.schema import create, fingerprint
from sidecar.index.shelf import open_index
from sidecar.index.vectors import ChunkToEmbed
from tests.index.entries import make_entry

WANTED = fingerprint(reading="test", embedding="test")
LENGTH = 32


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_index(tmp_path, WANTED)
    yield opened
    await opened.aclose()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[apsw.Connection]:
    connection = connect(tmp_path / "index.db", writable=True)
    with connection:
        create(connection, WANTED)
        connection.execute(
            "INSERT INTO notes (id, path, status, size, mtime_ns) VALUES (1, 'a.md', 'indexed', 1, 1)",
        )
    yield connection
    connection.close(force=True)


@pytest.fixture
def open_reader(tmp_path: Path, writer: apsw.Connection) -> Iterator[Callable[[], apsw.Connection]]:
    opened: list[apsw.Connection] = []

    def another() -> apsw.Connection:
        opened.append(connect(tmp_path / "index.db", writable=False))
        return opened[-1]

    yield another
    for connection in opened:
        connection.close(force=True)


@pytest.fixture
def reader(open_reader: Callable[[], apsw.Connection]) -> apsw.Connection:
    return open_reader()


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 64 vectors, so that a few hundred lie in several."""
    monkeypatch.setattr(codes_module, "_BLOCK_BYTES", 64 * LENGTH)
    monkeypatch.setattr(codes_module, "_READ_BYTES", 10 * 4 * LENGTH)


def directions(count: int, *, seed: int = 0, length: int = LENGTH) -> np.ndarray:
    """Vectors of length 1 in a few clusters, as those of real texts are."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((12, length))
    rows = centres[rng.integers(0, 12, count)] + 0.5 * rng.standard_normal((count, length))
    unit: np.ndarray = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def write(connection: apsw.Connection, ids: Sequence[int], rows: np.ndarray) -> None:
    """Store vectors of chunks with these ids, in one transaction."""
    with connection:
        connection.executemany(
            "INSERT OR IGNORE INTO chunks (id, note_id, ordinal, heading_path, text, start_line, end_line, embed_hash)"
            " VALUES (?, 1, 0, '[]', '', 1, 1, x'00')",
            [(chunk_id,) for chunk_id in ids],
        )
        todo = [ChunkToEmbed(id=chunk_id, text="", embed_hash=b"\0") for chunk_id in ids]
        vectors.store_vectors(connection, todo, rows)


def delete(connection: apsw.Connection, ids: Sequence[int]) -> None:
    with connection:
        connection.executemany("DELETE FROM chunks WHERE id = ?", [(chunk_id,) for chunk_id in ids])


def near(
    connection: apsw.Connection,
    codes: Codes,
    query: np.ndarray,
    *,
    limit: int = 10,
    within: Sequence[int] | None = None,
) -> list[int]:
    return [match.chunk_id for match in vectors.nearest(connection, codes, query, limit=limit, within=within)]


def truly_near(connection: apsw.Connection, query: np.ndarray, *, limit: int, within: Sequence[int] | None) -> set[int]:
    stored = {row: np.frombuffer(blob, np.float32) for row, blob in connection.execute(_EVERYTHING)}
    allowed = set(stored) if within is None else set(stored).intersection(within)
    return set(sorted(allowed, key=lambda row: (-float(stored[row] @ query), row))[:limit])


_EVERYTHING = "SELECT chunk_id, embedding FROM vectors"


def agrees(
    connection: apsw.Connection,
    codes: Codes,
    query: np.ndarray,
    *,
    limit: int = 10,
    within: Sequence[int] | None = None,
) -> bool:
    """Whether the same chunks are found as by comparing all, but for ones that are equally near."""
    found = vectors.nearest(connection, codes, query, limit=limit, within=within)
    expected = truly_near(connection, query, limit=limit, within=within)
    exact = vectors.similarities(connection, query, sorted(expected))
    assert [m.similarity for m in found] == sorted((m.similarity for m in found), reverse=True)
    return [m.similarity for m in found] == pytest.approx(sorted(exact.values(), reverse=True), abs=1e-6)


@pytest.mark.anyio
async def test_nearest_neighbours_come_in_the_order_of_the_cosine_and_within_the_ids_given(database: Database) -> None:
    await database.write(lambda c: store.replace_note(c, make_entry("a.md", ["one", "two", "three"])))
    todo = await database.read(lambda c: vectors.chunks_to_embed(c, 10))
    rows = np.array([[1, 0], [0.6, 0.8], [0, 1]], dtype=np.float32)
    await database.write(lambda c: vectors.store_vectors(c, todo, rows))
    ids = [chunk.id for chunk in todo]
    codes = Codes()

    found = await database.read(lambda c: vectors.nearest(c, codes, rows[0], limit=3, within=None))
    assert [match.chunk_id for match in found] == ids
    assert [match.similarity for match in found] == pytest.approx([1.0, 0.6, 0.0], abs=1e-6)
    some = await database.read(lambda c: vectors.nearest(c, codes, rows[0], limit=3, within=[ids[2]]))
    assert [match.chunk_id for match in some] == [ids[2]]


@pytest.mark.parametrize("row", [np.zeros(LENGTH), np.full(LENGTH, np.nan), np.full(LENGTH, np.inf)])
def test_a_text_without_a_direction_is_near_nothing_and_not_embedded_again(
    writer: apsw.Connection, row: np.ndarray
) -> None:
    write(writer, [1], row[np.newaxis].astype(np.float32))

    assert vectors.chunks_to_embed(writer, 5) == []
    assert near(writer, Codes(), directions(1)[0]) == []
    assert vectors.vectors_of(writer, [1]) == {}


@pytest.mark.parametrize("limit", [1, 5, 10, 40, 2_000])
def test_what_is_found_is_what_comparing_every_vector_finds(
    writer: apsw.Connection, reader: apsw.Connection, small_blocks: None, limit: int
) -> None:
    rows = directions(1_500)
    write(writer, range(1, 1_501), rows)
    codes = Codes()

    for query in directions(25, seed=1):
        assert agrees(reader, codes, query, limit=limit)
    assert codes.nbytes > 0


def test_a_limit_may_be_greater_than_any_library_allows(writer: apsw.Connection, reader: apsw.Connection) -> None:
    write(writer, range(1, 6_001), directions(6_000))

    assert sorted(near(reader, Codes(), directions(1)[0], limit=6_000)) == list(range(1, 6_001))


@pytest.mark.parametrize("apart", [1, 90])
@pytest.mark.parametrize("share", [1, 2, 8, 18, 40])
def test_a_filter_is_full_however_far_off_what_it_admits(
    writer: apsw.Connection, reader: apsw.Connection, small_blocks: None, share: int, apart: int
) -> None:
    rows = directions(2_000)
    write(writer, range(apart, 2_000 * apart + 1, apart), rows)
    codes = Codes()
    query = rows[0]
    far = ((np.argsort(rows @ query)[: 2_000 // share] + 1) * apart).tolist()

    assert agrees(reader, codes, query, limit=30, within=far)
    assert agrees(reader, codes, query, limit=30, within=[*far, *far, 200_000, -1])


def test_a_filter_that_admits_nothing_finds_nothing(writer: apsw.Connection, reader: apsw.Connection) -> None:
    write(writer, range(1, 301), directions(300))

    assert near(reader, Codes(), directions(1)[0], within=[]) == []
    assert near(reader, Codes(), directions(1)[0], within=list(range(1_000, 1_200))) == []


@pytest.mark.parametrize("count", [150, 1_900])
def test_ids_without_a_vector_do_not_let_their_neighbours_in(
    writer: apsw.Connection, reader: apsw.Connection, count: int
) -> None:
    write(writer, range(90, 2_000 * 90 + 1, 90), directions(2_000))

    assert near(reader, Codes(), directions(1)[0], within=[i * 90 + 1 for i in range(count)]) == []


def test_many_vectors_that_are_all_alike_fill_the_list(writer: apsw.Connection, reader: apsw.Connection) -> None:
    write(writer, range(1, 2_001), np.repeat(directions(1), 2_000, axis=0))

    assert len(set(near(reader, Codes(), directions(1)[0], limit=50))) == 50


def test_one_dimension_that_towers_over_the_rest_does_not_hide_what_is_near(
    writer: apsw.Connection, reader: apsw.Connection
) -> None:
    rows = directions(2_000)
    rows[:, 0] = 8.0
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    write(writer, range(1, 2_001), rows)
    codes = Codes()

    assert all(agrees(reader, codes, query) for query in rows[:20])


@pytest.mark.parametrize(
    "query", [np.zeros(LENGTH), np.full(LENGTH, np.nan), np.ones(LENGTH - 1), np.ones((1, LENGTH))]
)
def test_a_query_that_cannot_be_compared_finds_nothing(
    writer: apsw.Connection, reader: apsw.Connection, query: np.ndarray
) -> None:
    write(writer, range(1, 11), directions(10))

    assert near(reader, Codes(), query.astype(np.float32)) == []
    assert vectors.similarities(reader, query.astype(np.float32), [1]) == {}


def test_an_index_without_vectors_finds_nothing(reader: apsw.Connection) -> None:
    codes = Codes()

    assert near(reader, codes, directions(1)[0]) == []
    assert (vectors.dimensions(reader), codes.nbytes, codes.problem) == (None, 0, None)


def test_similarities_are_the_cosines_of_the_chunks_that_have_a_vector(
    writer: apsw.Connection, reader: apsw.Connection
) -> None:
    rows = directions(5)
    write(writer, range(1, 6), rows)

    found = vectors.similarities(reader, rows[0], [5, 2, 99, 2])
    assert found == {5: pytest.approx(rows[4] @ rows[0], abs=1e-6), 2: pytest.approx(rows[1] @ rows[0], abs=1e-6)}


@pytest.mark.parametrize("deleted", [3, 300, 900, 999])
def test_thousands_may_be_deleted_and_the_list_is_still_full(
    writer: apsw.Connection, reader: apsw.Connection, small_blocks: None, deleted: int
) -> None:
    rows = directions(1_000)
    write(writer, range(1, 1_001), rows)
    codes = Codes()
    assert agrees(reader, codes, rows[0])

    nearest_first = (np.argsort(-(rows @ rows[0]), kind="stable") + 1).tolist()
    delete(writer, nearest_first[:deleted])

    for query in (rows[0], *directions(5, seed=2)):
        assert agrees(reader, codes, query)
        assert agrees(reader, codes, query, within=list(range(1, 500)))


def test_memory_shrinks_after_most_vectors_are_deleted(writer: apsw.Connection, reader: apsw.Connection) -> None:
    write(writer, range(1, 3_001), directions(3_000))
    codes = Codes()
    near(reader, codes, directions(1)[0])
    before = codes.nbytes

    delete(writer, range(1, 2_901))
    near(reader, codes, directions(1)[0], limit=100)
    near(reader, codes, directions(1)[0], limit=100)

    assert codes.nbytes < before / 10


def test_a_list_that_would_run_short_has_all_that_was_deleted_looked_for(
    writer: apsw.Connection, reader: apsw.Connection
) -> None:
    rows = directions(1_000)
    write(writer, range(1, 1_001), rows)
    codes = Codes()
    order = (np.argsort(-(rows @ rows[0]), kind="stable") + 1).tolist()
    near(reader, codes, rows[0])
    before = codes.nbytes

    delete(writer, [*order[:20], *order[-400:]])
    near(reader, codes, rows[0])
    near(reader, codes, rows[0])

    assert codes.nbytes < before * 0.6


def test_a_number_that_the_newest_rows_had_is_not_given_again(writer: apsw.Connection, reader: apsw.Connection) -> None:
    rows = directions(20)
    write(writer, range(1, 11), rows[:10])
    codes = Codes()
    near(reader, codes, rows[0])
    write(writer, [11], rows[10:11])
    near(reader, codes, rows[0])

    delete(writer, [11])
    write(writer, [12], rows[12:13])

    assert agrees(reader, codes, rows[12], limit=1)
    assert near(reader, codes, rows[12], limit=1) == [12]


def test_a_row_that_is_used_again_has_its_new_vector(
    writer: apsw.Connection, reader: apsw.Connection, small_blocks: None
) -> None:
    rows = directions(300)
    write(writer, range(1, 301), rows)
    codes = Codes()
    near(reader, codes, rows[0], limit=300)

    delete(writer, [7, 299, 300])
    near(reader, codes, rows[6], limit=300)
    fresh = directions(3, seed=9)
    write(writer, [7, 299, 300], fresh)

    assert near(reader, codes, fresh[0], limit=1) == [7]
    assert all(agrees(reader, codes, query, limit=20) for query in (*fresh, rows[6]))


def test_a_chunk_below_the_newest_that_the_copies_never_had_is_found(
    writer: apsw.Connection, reader: apsw.Connection
) -> None:
    rows = directions(301)
    write(writer, [i for i in range(1, 301) if i != 150], np.delete(rows[1:], 149, axis=0))
    codes = Codes()
    near(reader, codes, rows[0])

    write(writer, [150], rows[150:151])

    assert near(reader, codes, rows[150], limit=1) == [150]
    assert near(reader, codes, rows[150], limit=1, within=list(range(100, 301))) == [150]
    assert all(agrees(reader, codes, query, within=list(range(100, 301))) for query in rows[::50])


@pytest.mark.parametrize("length", [LENGTH + 1, LENGTH * 40])
def test_vectors_of_another_length_replace_all_that_are_there(
    writer: apsw.Connection, reader: apsw.Connection, length: int
) -> None:
    write(writer, range(1, 51), directions(50))
    codes = Codes()
    near(reader, codes, directions(1)[0])

    longer = directions(50, length=length)
    write(writer, range(1, 26), longer[:25])

    assert writer.execute("SELECT count(*) FROM chunks WHERE embedded = 0").get == 25
    assert near(reader, codes, directions(1)[0]) == []
    assert near(reader, codes, longer[3], limit=1) == [4]
    assert near(reader, codes, longer[40], limit=50) == near(reader, Codes(), longer[40], limit=50)


def test_a_snapshot_from_before_a_write_is_answered_from_its_own_rows(
    writer: apsw.Connection, open_reader: Callable[[], apsw.Connection]
) -> None:
    rows = directions(300)
    write(writer, range(1, 201), rows[:200])
    codes, old, new = Codes(), open_reader(), open_reader()
    old.execute("BEGIN")
    assert near(old, codes, rows[0], limit=1) == [1]

    delete(writer, range(100, 121))
    write(writer, range(201, 301), rows[200:])
    write(writer, [5], rows[150:151])
    assert near(new, codes, rows[250], limit=1) == [251]

    assert 251 not in near(old, codes, rows[250], limit=200)
    assert vectors.similarities(old, rows[4], [5])[5] == pytest.approx(1.0)
    old.execute("COMMIT")
    assert near(old, codes, rows[250], limit=1) == [251]
    assert all(agrees(new, codes, query) for query in rows[::20])


def test_what_an_older_snapshot_does_not_have_is_not_taken_for_deleted(
    writer: apsw.Connection, open_reader: Callable[[], apsw.Connection]
) -> None:
    rows = directions(301)
    write(writer, range(1, 301), rows[:300])
    codes, old, new = Codes(), open_reader(), open_reader()
    old.execute("BEGIN")
    near(old, codes, rows[0])

    write(writer, [301], rows[300:])
    assert near(new, codes, rows[300], limit=1) == [301]
    assert 301 not in near(old, codes, rows[300])

    assert near(new, codes, rows[300], limit=1) == [301]


def test_a_scan_under_way_keeps_the_copies_that_it_began_with(
    writer: apsw.Connection, reader: apsw.Connection, small_blocks: None
) -> None:
    rows = directions(200)
    write(writer, range(1, 151), rows[:150])
    codes = Codes()
    near(reader, codes, rows[0])
    begun = codes._state
    assert begun is not None
    held = np.concatenate(begun.blocks)[:150].copy(), begun.factors.copy(), begun.ids.copy()

    write(writer, [*range(50, 80), *range(151, 171)], rows[150:])
    assert near(reader, codes, rows[150], limit=1) == [50]

    assert np.array_equal(np.concatenate(begun.blocks)[:150], held[0])
    assert np.array_equal(begun.factors, held[1])
    assert np.array_equal(begun.ids, held[2])


def test_a_snapshot_with_vectors_of_another_length_is_still_answered(
    writer: apsw.Connection, open_reader: Callable[[], apsw.Connection]
) -> None:
    rows = directions(150)
    write(writer, range(1, 151), rows)
    codes, old, new = Codes(), open_reader(), open_reader()
    old.execute("BEGIN")
    near(old, codes, rows[0])

    write(writer, range(1, 151), directions(150, length=8))
    near(new, codes, directions(150, length=8)[0])

    assert agrees(old, codes, rows[0])


def test_another_program_may_write_the_file(writer: apsw.Connection, tmp_path: Path, reader: apsw.Connection) -> None:
    rows = directions(30)
    write(writer, range(1, 21), rows[:20])
    codes = Codes()
    near(reader, codes, rows[0])

    other = connect(tmp_path / "index.db", writable=True)
    write(other, range(21, 31), rows[20:])
    other.close(force=True)

    assert near(reader, codes, rows[25], limit=1) == [26]


def test_two_readers_while_chunks_come_and_go_never_get_one_that_is_not_theirs(
    writer: apsw.Connection, open_reader: Callable[[], apsw.Connection], small_blocks: None
) -> None:
    rows = directions(1_200)
    write(writer, range(1, 601), rows[:600])
    codes, done, wrong = Codes(), threading.Event(), list[object]()

    def ask(connection: apsw.Connection, seed: int) -> None:
        queries = iter(directions(100_000, seed=seed))
        try:
            while not done.is_set():
                connection.execute("BEGIN")
                query = next(queries)
                within = None if seed == 5 else list(range(1, 2_000, 3))
                found = vectors.nearest(connection, codes, query, limit=20, within=within)
                stored = dict(connection.execute(_EVERYTHING))
                for match in found:
                    cosine = float(np.frombuffer(stored[match.chunk_id], np.float32) @ query)
                    if abs(cosine - match.similarity) > 1e-5:
                        wrong.append(match)
                if len(found) != 20:
                    wrong.append(len(found))
                connection.execute("COMMIT")
        except BaseException as error:  # to be shown by the test, not lost with the thread
            wrong.append(error)

    connections = [open_reader(), open_reader()]
    threads = [threading.Thread(target=ask, args=(c, 5 + n)) for n, c in enumerate(connections)]
    for thread in threads:
        thread.start()
    rng = np.random.default_rng(3)
    for turn in range(40):
        chosen = (rng.choice(600, 60, replace=False) + 1).tolist()
        delete(writer, chosen)
        write(writer, chosen if turn % 2 else [i + 600 for i in chosen], rows[rng.integers(0, 1_200, 60)])
    done.set()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert all(agrees(connections[0], codes, query) for query in directions(20, seed=8))


def test_a_query_that_meets_another_thread_at_reading_answers_from_the_table(
    writer: apsw.Connection, reader: apsw.Connection
) -> None:
    rows = directions(300)
    write(writer, range(1, 301), rows)
    codes = Codes()

    with codes._lock:
        assert agrees(reader, codes, rows[0])
        assert agrees(reader, codes, rows[0], within=list(range(1, 200)))
    assert codes.nbytes == 0


def test_above_the_memory_allowed_the_table_is_read_and_the_reason_is_told(
    writer: apsw.Connection, reader: apsw.Connection
) -> None:
    rows = directions(400)
    write(writer, range(1, 201), rows[:200])
    codes = Codes(max_bytes=300 * (LENGTH + 12))
    assert agrees(reader, codes, rows[0])
    assert 0 < codes.nbytes <= 300 * (LENGTH + 12)

    write(writer, range(201, 401), rows[200:])
    assert agrees(reader, codes, rows[300])
    assert agrees(reader, codes, rows[300], within=list(range(1, 350)))
    assert codes.nbytes == 0
    assert "memory" in str(codes.problem)

    delete(writer, range(1, 201))
    assert agrees(reader, codes, rows[300])
    assert codes.problem is None


def test_searching_neither_takes_nor_leaves_references(writer: apsw.Connection, reader: apsw.Connection) -> None:
    rows = directions(200)
    write(writer, range(1, 201), rows)
    codes = Codes()
    near(reader, codes, rows[0])
    before = sys.getrefcount(None)

    for _ in range(1_000):
        codes.scan(reader, rows[0], within=None)

    # Python 3.11 counts its references to None and ends when none are left.
    assert abs(sys.getrefcount(None) - before) < 200


def test_without_the_library_the_table_is_read_and_the_reason_is_told(
    writer: apsw.Connection, reader: apsw.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = directions(300)
    write(writer, range(1, 301), rows)
    monkeypatch.setitem(sys.modules, "simsimd", None)
    codes = Codes()

    assert agrees(reader, codes, rows[0])
    assert codes.problem is not None


@settings(max_examples=60, deadline=None)
@given(
    rows=arrays.arrays(np.float32, (150, 5), elements=st.sampled_from([-1.0, -0.99, -0.01, 0.0, 1e-6, 0.5, 1.0])),
    limit=st.integers(1, 200),
    bounds=st.tuples(st.integers(1, 150), st.integers(1, 150)),
)
def test_the_list_is_right_for_any_vectors(rows: np.ndarray, limit: int, bounds: tuple[int, int]) -> None:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    query = rows[bounds[0] - 1] if rows[bounds[0] - 1].any() else np.full(5, 5**-0.5, dtype=np.float32)
    connection = connect(Path(":memory:"), writable=True)
    create(connection, WANTED)
    connection.execute("INSERT INTO notes (id, path, status, size, mtime_ns) VALUES (1, 'a.md', 'indexed', 1, 1)")
    write(connection, range(1, 151), rows)

    assert agrees(connection, Codes(), query, limit=limit)
    assert agrees(connection, Codes(), query, limit=limit, within=list(range(min(bounds), max(bounds) + 1)))
    connection.close(force=True)
