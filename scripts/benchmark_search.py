"""Measure whole hybrid queries in indexes of several sizes, beside each of their lanes alone, and what an index takes.

    ./scripts/bench search [--sizes 10000 100000 1000000] [--queries 200] [--cache FOLDER] [--write]
    ./scripts/bench search --lexical-speed [--write]

The index is made up (`made_index`) and searched as the server does it, without HTTP. Each query is new, and its ways
take turns, so that what else the machine does meets all of them. Each size has a process of its own, for its memory.
Building takes some ten minutes for a million chunks, once for a cache folder, and four gigabytes of disk.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import apsw
import numpy as np
import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.benchmark_page import measured_where, write_section  # noqa: E402  # the path is set above
from scripts.made_index import (  # noqa: E402  # the path is set above
    BUILD_SECONDS,
    LANGUAGE,
    MADE_VERSION,
    PER_TOPIC,
    Wording,
    build,
    texts_of,
    wording,
)
from sidecar.chunking import CHUNKING_VERSION  # noqa: E402  # the path is set above
from sidecar.embedding.static import StaticEmbeddingModel  # noqa: E402  # the path is set above
from sidecar.index import lexical, records, shelf, vectors  # noqa: E402  # the path is set above
from sidecar.index.codes import Codes  # noqa: E402  # the path is set above
from sidecar.index.database import connect  # noqa: E402  # the path is set above
from sidecar.index.lexical import SearchedWord, Totals  # noqa: E402  # the path is set above
from sidecar.index.schema import Fingerprint, create, fingerprint, read_meta  # noqa: E402  # the path is set above
from sidecar.language.streams import query_words, token_stream, variants_of_all  # noqa: E402  # the path is set above
from sidecar.notes import READING_VERSION  # noqa: E402  # the path is set above
from sidecar.retrieval.candidates import VECTOR_CANDIDATES  # noqa: E402  # the path is set above
from sidecar.retrieval.query import parse_query  # noqa: E402  # the path is set above
from sidecar.retrieval.retriever import Retriever  # noqa: E402  # the path is set above

T = TypeVar("T")

LIMIT = 10
# What the runtime gives the built-in embedding; it decides the order of hits and no time.
_VECTOR_WEIGHT = 0.25
_SEED = 11
_KINDS = {"short question": (3, 8), "sentence": (12, 25), "pasted paragraph": (0, 0)}
_PARAGRAPH_CHARACTERS = 1_000
# The shortest ones have twenty words each; the commonest words, which replace others, are short.
_CHUNKS_TAKEN = 6
_REPLACED_SHARE = 0.5
# Asked before anything is measured, as a server that has been running for a minute was.
_WARM_UP = 30
# All words joined by OR take seconds in a large index: of each kind so many seconds are enough to compare with.
_OR_SECONDS = 60.0
_SPEED_ROUNDS = 3
_SPEED_TOPICS = 60
_SPEED_CHUNKS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A query of a kind, and the chunk that half of its words come from."""

    kind: str
    text: str
    source: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What a way took for each query of a kind, and how often it found the query's chunk in ten."""

    kind: str
    way: str
    seconds: tuple[float, ...]
    processor: tuple[float, ...]
    """Processor seconds of all threads together."""
    found: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What an index takes. Memory in MB: `own` is the process's alone, the rest are pages of files in the cache."""

    notes: int
    file_mb: float
    build_seconds: str
    opening: float
    first: float
    copying: float
    copies_mb: float
    memory: tuple[tuple[float, float], ...]
    """All and own, before the index was opened, after the first query, after thirty more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """An index of one size."""

    size: int
    facts: Facts
    timed: tuple[Timed, ...]


def main() -> int:
    options = _options()
    if options.lexical_speed:
        table = "\n".join(speed_table())
        print(table)
        if options.write:
            write_section("lexical-speed", _speed_section(table))
        return 0
    with _folder(options.cache) as folder:
        measured = [_measured(folder, size, options.queries) for size in options.sizes]
    tables = "\n".join([*_query_table(measured), "", *_fact_table(measured)])
    print(tables)
    if options.write:
        write_section("search", _section(tables))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench search", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=_size, nargs="+", default=[10_000, 100_000, 1_000_000], metavar="CHUNKS")
    parser.add_argument("--queries", type=int, default=200, metavar="N", help="of each kind")
    parser.add_argument("--cache", type=Path, help="keep the indexes here; without it they go again")
    parser.add_argument("--lexical-speed", action="store_true", help="measure how fast text is indexed, nothing else")
    parser.add_argument("--write", action="store_true", help="write the section of docs/benchmarks.md")
    return parser.parse_args()


def _size(text: str) -> int:
    size = int(text.replace("_", "").replace(",", ""))
    if size < 10 * PER_TOPIC or size % PER_TOPIC:
        raise argparse.ArgumentTypeError(f"{text} is not a multiple of {PER_TOPIC} from {10 * PER_TOPIC} on")
    return size


@contextmanager
def _folder(cache: Path | None) -> Iterator[Path]:
    if cache is not None:
        yield cache
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _measured(folder: Path, size: int, count: int) -> Measured:
    place = folder / f"made-{MADE_VERSION}-{size}"
    asked = _apart(prepare, place, size, count)
    facts, timed = _apart(measure, place, asked)
    return Measured(size=size, facts=facts, timed=timed)


def _apart(work: Callable[..., T], *arguments: object) -> T:
    """Do it in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def prepare(folder: Path, size: int, count: int) -> list[Asked]:
    """Build the index of a size in the folder where it is not there yet, and make up queries that it can answer."""
    made_with = _made_with()
    path = folder / made_with.file_name
    if not path.exists():
        _say(f"building {size:,} chunks")
        asyncio.run(build(path, made_with, chunks=size))
    connection = connect(path, writable=False)
    try:
        return make_queries(connection, wording(size), size=size, count=count)
    finally:
        connection.close()


def _made_with() -> Fingerprint:
    """As the runtime names an index: one of another schema or of other terms is built anew."""
    return fingerprint(reading=f"{READING_VERSION}/{CHUNKING_VERSION}", embedding=StaticEmbeddingModel().fingerprint)


def make_queries(connection: apsw.Connection, said: Wording, *, size: int, count: int) -> list[Asked]:
    """So many queries of each kind, in turns, all from different chunks, and before them those to warm up with."""
    rng = np.random.default_rng([_SEED, size])
    kinds = [*list(_KINDS) * (_WARM_UP // len(_KINDS)), *list(_KINDS) * count]
    sources = rng.choice(size - _CHUNKS_TAKEN, len(kinds), replace=False) + 1
    return [
        Asked(kind=kind, text=_query_text(connection, said, rng, kind, source), source=source)
        for kind, source in zip(kinds, sources.tolist(), strict=True)
    ]


def _query_text(connection: apsw.Connection, said: Wording, rng: np.random.Generator, kind: str, source: int) -> str:
    words = _stretch(connection, rng, kind, source)
    replaced = rng.choice(len(words), int(len(words) * _REPLACED_SHARE), replace=False).tolist()
    for place, word in zip(replaced, said.spelled(said.common(rng, len(replaced))), strict=True):
        words[place] = word + ("." if words[place].endswith(".") else "")
    text = " ".join(words)
    return text if len(text) < _PARAGRAPH_CHARACTERS else text[:_PARAGRAPH_CHARACTERS].rpartition(" ")[0]


def _stretch(connection: apsw.Connection, rng: np.random.Generator, kind: str, source: int) -> list[str]:
    """Words of a chunk: a few, as many as a sentence has, or all of it and of those behind it, for a paragraph."""
    rows = connection.execute("SELECT text FROM chunks WHERE id >= ? ORDER BY id LIMIT ?", (source, _CHUNKS_TAKEN))
    texts = [text for (text,) in rows]
    if kind == "pasted paragraph":
        return " ".join(texts).split()
    least, most = _KINDS[kind]
    words = texts[0].split()
    length = min(len(words), int(rng.integers(least, most + 1)))
    start = int(rng.integers(0, len(words) - length + 1))
    return [word.rstrip(".") for word in words[start : start + length]]


def measure(folder: Path, asked: Sequence[Asked]) -> tuple[Facts, tuple[Timed, ...]]:
    """Open the index and ask it everything; runs in a process that has done nothing else."""
    return asyncio.run(_measure(folder, asked))


async def _measure(folder: Path, asked: Sequence[Asked]) -> tuple[Facts, tuple[Timed, ...]]:
    memory = [_memory()]
    begun = time.perf_counter()
    database = await shelf.open_index(folder, _made_with())
    opening = time.perf_counter() - begun
    model = StaticEmbeddingModel()
    retriever = Retriever(lambda: database, lambda: model, vector_weight=_VECTOR_WEIGHT)
    connection = connect(database.path, writable=False)
    try:
        first = await _ask_all(retriever, asked[:1])
        memory.append(_memory())
        await _ask_all(retriever, asked[1:_WARM_UP])
        memory.append(_memory())
        codes = retriever.memory(database).codes
        ways = _Ways(retriever=retriever, connection=connection, codes=codes, model=model)
        timed = await ways.take(asked[_WARM_UP:])
        again = Codes()
        copying = _seconds(lambda: again.update(connection))
        facts = Facts(
            notes=(await database.read(records.counts)).indexed,
            file_mb=database.path.stat().st_size / 1e6,
            build_seconds=read_meta(connection, BUILD_SECONDS) or "?",
            opening=opening,
            first=first,
            copying=copying,
            copies_mb=codes.nbytes / 1e6,
            memory=tuple(memory),
        )
    finally:
        connection.close()
        await database.aclose()
        await model.aclose()
    return facts, timed


async def _ask_all(retriever: Retriever, asked: Sequence[Asked]) -> float:
    """Seconds that the queries take together."""
    begun = time.perf_counter()
    for each in asked:
        await retriever.search(parse_query(each.text), limit=LIMIT)
    return time.perf_counter() - begun


class _Ways:
    """The whole search and each of its lanes alone, taken in turns for each query."""

    WHOLE, WORDS, VECTORS = "whole", "FTS5, all words by OR", "vectors"

    def __init__(
        self, *, retriever: Retriever, connection: apsw.Connection, codes: Codes, model: StaticEmbeddingModel
    ) -> None:
        self._retriever = retriever
        self._connection = connection
        self._codes = codes
        self._model = model
        self._totals = lexical.totals(connection)
        self._taken: dict[tuple[str, str], list[tuple[float, float, bool]]] = {}

    async def take(self, asked: Sequence[Asked]) -> tuple[Timed, ...]:
        for number, each in enumerate(asked):
            vector = (await self._model.embed([each.text], kind="query")).vectors[0]
            ways = [self._whole(each), self._by_words(each), self._by_vector(each, vector)]
            turn = number % len(ways)
            for way in (*ways[turn:], *ways[:turn]):
                await way
        return tuple(self._of(kind, way) for kind in _KINDS for way in (self.WHOLE, self.WORDS, self.VECTORS))

    def _of(self, kind: str, way: str) -> Timed:
        seconds, processor, found = zip(*self._taken[kind, way], strict=True)
        return Timed(kind=kind, way=way, seconds=seconds, processor=processor, found=sum(found))

    async def _whole(self, asked: Asked) -> None:
        async def search() -> list[int]:
            hits = await self._retriever.search(parse_query(asked.text), limit=LIMIT)
            return [hit.chunk.id for hit in hits]

        await self._timed(self.WHOLE, asked, search)

    async def _by_words(self, asked: Asked) -> None:
        if sum(seconds for seconds, _, _ in self._taken.get((asked.kind, self.WORDS), ())) > _OR_SECONDS:
            return
        words = all_words(asked.text, self._totals)

        async def search() -> list[int]:
            return lexical.search(self._connection, words, limit=LIMIT, within=None)

        await self._timed(self.WORDS, asked, search)

    async def _by_vector(self, asked: Asked, vector: np.ndarray) -> None:
        async def search() -> list[int]:
            near = vectors.nearest(self._connection, self._codes, vector, limit=VECTOR_CANDIDATES, within=None)
            return [match.chunk_id for match in near[:LIMIT]]

        await self._timed(self.VECTORS, asked, search)

    async def _timed(self, way: str, asked: Asked, search: Callable[[], Awaitable[list[int]]]) -> None:
        begun, processor = time.perf_counter(), time.process_time()
        found = await search()
        taken = (time.perf_counter() - begun, time.process_time() - processor, asked.source in found)
        self._taken.setdefault((asked.kind, way), []).append(taken)


def all_words(text: str, totals: Totals) -> list[SearchedWord]:
    """Every distinct word of a query, in all spellings under which it may stand."""
    words = list(dict.fromkeys(query_words(text)))
    several = variants_of_all(words, totals.stemmed)
    return [
        SearchedWord(variants=variants, prefix=word.prefix, count=1)
        for word, variants in zip(words, several, strict=True)
    ]


def _memory() -> tuple[float, float]:
    """What of this process is in memory, in MB, and how much of it is its own; only Linux tells the two apart."""
    info = psutil.Process(os.getpid()).memory_info()
    return info.rss / 1e6, (info.rss - getattr(info, "shared", 0)) / 1e6


def _query_table(measured: Sequence[Measured]) -> Iterator[str]:
    yield "| chunks | queries | way | p50 ms | p95 ms | processor p50 ms | whole ÷ this | found | asked |"
    yield "|--:|---|---|--:|--:|--:|--:|--:|--:|"
    for each in measured:
        medians = {(timed.kind, timed.way): statistics.median(timed.seconds) for timed in each.timed}
        for timed in each.timed:
            ratio = medians[timed.kind, _Ways.WHOLE] / medians[timed.kind, timed.way]
            told = "" if timed.way == _Ways.WHOLE else f"{ratio:.2f}"
            yield f"| {each.size:,} | {timed.kind} | {timed.way} | {_times(timed)} | {told} | {_share(timed)} |"


def _times(timed: Timed) -> str:
    p50, p95 = np.percentile(timed.seconds, (50, 95)) * 1000
    return f"{p50:.2f} | {p95:.2f} | {statistics.median(timed.processor) * 1000:.2f}"


def _share(timed: Timed) -> str:
    return f"{100 * timed.found / len(timed.seconds):.0f} % | {len(timed.seconds)}"


def _fact_table(measured: Sequence[Measured]) -> Iterator[str]:
    rows: dict[str, Callable[[Facts], str]] = {
        "notes": lambda facts: f"{facts.notes:,}",
        "index file": lambda facts: f"{facts.file_mb:,.0f} MB",
        "built in, before it was kept": lambda facts: f"{facts.build_seconds} s",
        "opening, with SQLite's check": lambda facts: f"{facts.opening * 1000:,.0f} ms",
        "first query, with all that it loads": lambda facts: f"{facts.first * 1000:,.0f} ms",
        "… of it copies of the vectors, read again": lambda facts: f"{facts.copying * 1000:,.0f} ms",
        "copies of the vectors in memory": lambda facts: f"{facts.copies_mb:,.1f} MB",
        "memory before the index is opened": lambda facts: _both(facts.memory[0]),
        "memory after the first query": lambda facts: _both(facts.memory[1]),
        f"memory after {_WARM_UP}": lambda facts: _both(facts.memory[2]),
    }
    yield f"| chunks | {' | '.join(f'{each.size:,}' for each in measured)} |"
    yield f"|---|{'--:|' * len(measured)}"
    for name, told in rows.items():
        yield f"| {name} | {' | '.join(told(each.facts) for each in measured)} |"


def _both(memory: tuple[float, float]) -> str:
    return f"{memory[0]:,.0f} MB, {memory[1]:,.0f} of its own"


def _section(tables: str) -> str:
    return f"""## Search by size

Measured on {measured_where()}, with `./scripts/bench search`. The index is made up: words of a Zipf-Mandelbrot
distribution over a vocabulary that grows with the text, chunks of about a hundred words in notes of one to ten, in
topics. Up to 100,000 chunks each is embedded; in a larger index a twentieth are, and the others have their topic's
centre and what one of those has beside its own. A query is a stretch of a chunk, half of its words replaced by others
as frequent as in text; "found" says how often that chunk is among the ten. The whole is a search inside the server
with the built-in embedding, that of the query included; the lanes are asked alone, in the same turn: FTS5 for all
words joined by OR in the order of bm25, and the nearest vectors, the query's given. Processor time is that of all
threads. Where FTS5 alone takes long, fewer were asked. Memory counts the pages of the index's file that are mapped,
which the system takes back when it needs them.

{tables}
"""


def speed_table() -> Iterator[str]:
    """How fast text is indexed on one core, beside FTS5's own tokenizers with the same text."""
    said = wording(_SPEED_CHUNKS)
    ways = {"terms alone": _terms, "terms and FTS5": _terms_stored, "FTS5 unicode61": _raw("unicode61")}
    ways["FTS5 porter"] = _raw("porter unicode61")
    taken = dict.fromkeys(ways, 0.0)
    megabytes = 0.0
    for number in range(_SPEED_ROUNDS):
        topics = range(number * _SPEED_TOPICS, (number + 1) * _SPEED_TOPICS)
        texts = [text for topic in topics for text in texts_of(said, topic)]
        megabytes += sum(len(text.encode()) for text in texts) / 1e6
        for name, way in ways.items():
            taken[name] += way(texts)
    yield "| way | MB/s | times the speed of FTS5 unicode61 |"
    yield "|---|--:|--:|"
    for name, seconds in taken.items():
        yield f"| {name} | {megabytes / seconds:.1f} | {taken['FTS5 unicode61'] / seconds:.2f} |"


def _speed_section(table: str) -> str:
    return f"""## Lexical indexing

Measured on {measured_where()}, with `./scripts/bench search --lexical-speed`: megabytes of raw text, made up as for
"Search by size", per second of processor time on one core, new text in each round. "terms" are the streams of terms in
English, stemmed; FTS5 is what stores them, or the raw text with a tokenizer of its own.

{table}
"""


def _terms(texts: Sequence[str]) -> float:
    return _seconds(lambda: [token_stream(text, LANGUAGE) for text in texts], clock=time.thread_time)


def _terms_stored(texts: Sequence[str]) -> float:
    def store(connection: apsw.Connection) -> None:
        rows = ((token_stream(text, LANGUAGE), LANGUAGE) for text in texts)
        connection.executemany("INSERT INTO chunk_terms (body, language) VALUES (?, ?)", rows)

    return _stored(lambda connection: create(connection, _made_with()), store)


def _raw(tokenizer: str) -> Callable[[Sequence[str]], float]:
    def make(connection: apsw.Connection) -> None:
        connection.execute(f"CREATE VIRTUAL TABLE raw USING fts5 (body, tokenize = '{tokenizer}')")

    return lambda texts: _stored(
        make, lambda connection: connection.executemany("INSERT INTO raw VALUES (?)", ((text,) for text in texts))
    )


def _stored(make: Callable[[apsw.Connection], object], store: Callable[[apsw.Connection], object]) -> float:
    """Processor seconds of one transaction in a new file."""

    def transaction() -> None:
        with connection:
            store(connection)

    with tempfile.TemporaryDirectory() as folder:
        connection = connect(Path(folder) / "speed.db", writable=True)
        try:
            make(connection)
            return _seconds(transaction, clock=time.thread_time)
        finally:
            connection.close()


def _seconds(work: Callable[[], object], *, clock: Callable[[], float] = time.perf_counter) -> float:
    begun = clock()
    work()
    return clock() - begun


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
