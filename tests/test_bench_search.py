"""The benchmark of searches: an index made up like a real one, queries that it can answer, every way taken for each."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from scripts.benchmark_search import LIMIT, Asked, all_words, make_queries, measure, prepare
from scripts.made_index import PER_TOPIC, build, topic_entries, wording
from sidecar.index import lexical, records, vectors
from sidecar.index.database import connect
from sidecar.index.graph import link_counts
from sidecar.index.schema import fingerprint
from sidecar.index.streams import streams_of
from tests.test_scripts import House, house, ready

__all__ = ["house", "ready"]

CHUNKS = 10 * PER_TOPIC


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Asked]]:
    pytest.importorskip("wordllama", reason="the built-in embedding is not installed")
    folder = tmp_path_factory.mktemp("made")
    return folder, prepare(folder, CHUNKS, 4)


def test_bench_runs_the_benchmark_of_searches(ready: House) -> None:
    done = ready.script("scripts/bench", "search", "--sizes", "10000")
    assert done.stdout.splitlines()[1:] == [f"<{ready.root}/scripts/benchmark_search.py>", "<--sizes>", "<10000>"]


def test_a_made_up_topic_is_the_same_each_time_and_has_as_many_chunks_as_promised() -> None:
    first, again = ([*topic_entries(wording(CHUNKS), 3)] for _ in range(2))
    assert first == again
    assert sum(len(entry.chunks) for entry in first) == PER_TOPIC
    assert first != [*topic_entries(wording(CHUNKS), 4)]


def test_made_up_streams_are_those_that_the_reader_would_make() -> None:
    for entry in topic_entries(wording(CHUNKS), 0):
        assert tuple(entry.streams) == streams_of(entry.note, entry.chunks, ["en"] * len(entry.chunks))


def test_made_up_words_are_spread_as_in_text() -> None:
    said = wording(CHUNKS)
    text = " ".join(chunk.text for topic in range(10) for e in topic_entries(said, topic) for chunk in e.chunks)
    counts = [count for _, count in Counter(text.lower().replace(".", "").split()).most_common()]
    assert 0.01 < counts[0] / sum(counts) < 0.1
    # Half of a text's distinct words stand in it once or twice.
    assert sum(count <= 2 for count in counts) > len(counts) / 3


def test_the_made_index_is_whole(prepared: tuple[Path, list[Asked]]) -> None:
    folder, _ = prepared
    (path,) = folder.glob("*.db")
    connection = connect(path, writable=False)
    try:
        counts = records.counts(connection)
        assert (counts.chunks, counts.unembedded) == (CHUNKS, 0)
        assert vectors.dimensions(connection) == 256
        links = link_counts(connection)
        assert links.resolved > counts.indexed
        assert (links.unresolved, links.stale) == (0, 0)
        assert lexical.document_counts(connection, ["the"])["the"] > CHUNKS / 2
    finally:
        connection.close()


def test_an_index_that_is_there_is_not_built_again(prepared: tuple[Path, list[Asked]]) -> None:
    folder, asked = prepared
    (path,) = folder.glob("*.db")
    made = path.stat().st_mtime_ns
    assert prepare(folder, CHUNKS, 4) == asked
    assert path.stat().st_mtime_ns == made


def test_vectors_that_are_not_embedded_lie_about_their_topic_as_the_others_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wordllama", reason="the built-in embedding is not installed")
    monkeypatch.setattr("scripts.made_index._ALL_EMBEDDED", 0)
    asyncio.run(build(tmp_path / "index.db", fingerprint(reading="-", embedding="-"), chunks=CHUNKS))
    connection = connect(tmp_path / "index.db", writable=False)
    try:
        stored = vectors.vectors_of(connection, range(1, CHUNKS + 1))
    finally:
        connection.close()
    topics = np.stack([stored[row] for row in range(1, CHUNKS + 1)]).reshape(-1, PER_TOPIC, 256)
    assert np.allclose(np.linalg.norm(topics, axis=2), 1, atol=1e-5)
    real, made = (_likeness(part) for part in (topics[:, :5], topics[:, 5:]))
    across = float(np.mean(topics[0] @ topics[1].T))
    assert across < made < 1
    assert made == pytest.approx(real, abs=0.1)


def _likeness(topics: np.ndarray) -> float:
    """Mean cosine of two different vectors of a topic."""
    products = topics @ topics.transpose(0, 2, 1)
    count = products.shape[1]
    return float((products.sum() - products.trace(axis1=1, axis2=2).sum()) / (len(topics) * count * (count - 1)))


def test_queries_are_of_three_lengths_and_all_different(prepared: tuple[Path, list[Asked]]) -> None:
    _, asked = prepared
    lengths: dict[str, list[str]] = {}
    for each in asked:
        lengths.setdefault(each.kind, []).append(each.text)
    assert len({each.text for each in asked}) == len({each.source for each in asked}) == len(asked) == 42
    assert all(3 <= len(text.split()) <= 8 for text in lengths["short question"])
    assert all(12 <= len(text.split()) <= 25 for text in lengths["sentence"])
    assert all(900 <= len(text) <= 1_200 for text in lengths["pasted paragraph"])


def test_half_of_a_querys_words_are_those_of_its_chunk(prepared: tuple[Path, list[Asked]]) -> None:
    folder, asked = prepared
    (path,) = folder.glob("*.db")
    connection = connect(path, writable=False)
    try:
        sentences = [each for each in asked if each.kind == "sentence"]
        for each in sentences:
            text = connection.execute("SELECT text FROM chunks WHERE id = ?", (each.source,)).get
            own, words = set(text.lower().replace(".", "").split()), each.text.lower().split()
            assert 0.45 <= sum(word in own for word in words) / len(words) < 1
        assert make_queries(connection, wording(CHUNKS), size=CHUNKS, count=4) == asked
    finally:
        connection.close()


def test_each_way_is_taken_for_each_query_and_finds_chunks(prepared: tuple[Path, list[Asked]]) -> None:
    folder, asked = prepared
    facts, timed = measure(folder, asked)
    assert len(timed) == 9
    assert all(len(each.seconds) == len(each.processor) == 4 for each in timed)
    assert all(each.found >= 3 for each in timed if each.kind != "short question" and each.way != "vectors")
    assert sum(each.found for each in timed if each.way == "vectors") > 4
    assert facts.copies_mb == pytest.approx(CHUNKS * (256 + 12) / 1e6, rel=0.05)
    assert len(facts.memory) == 3


def test_all_words_of_a_query_are_searched_for_in_every_spelling(prepared: tuple[Path, list[Asked]]) -> None:
    folder, _ = prepared
    (path,) = folder.glob("*.db")
    connection = connect(path, writable=False)
    try:
        totals = lexical.totals(connection)
        words = all_words("The running of the wi-fi", totals)
        assert [word.variants for word in words][:3] == [("the",), ("running", "run"), ("of",)]
        assert lexical.search(connection, all_words("the", totals), limit=LIMIT, within=None)
    finally:
        connection.close()


def test_a_build_that_is_broken_off_leaves_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "index.db"

    def broken(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("scripts.made_index._settle", broken)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(build(path, fingerprint(reading="-", embedding="-"), chunks=CHUNKS))
    assert not path.exists()
    monkeypatch.undo()
    asyncio.run(build(path, fingerprint(reading="-", embedding="-"), chunks=CHUNKS))
    assert [each.name for each in tmp_path.iterdir()] == ["index.db"]
