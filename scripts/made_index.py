"""An index of made-up notes: of any size, always the same for that size, shaped like text where that decides the time.

Words are drawn from a Zipf-Mandelbrot distribution over a vocabulary that grows with the text (Heaps' law, with the
figures that Manning, Raghavan and Schütze give for a newswire corpus, https://nlp.stanford.edu/IR-book). The commonest
are English function words, the others are made of syllables. Notes lie in folders, one for each topic, whose favourite
words make up a third of its text; they link to each other. What is stored goes through the functions that the indexer
uses, in larger transactions. Knows nothing of files that were read: there are none.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import apsw
import numpy as np

from sidecar.chunking import Chunk
from sidecar.embedding.static import StaticEmbeddingModel
from sidecar.index.database import connect
from sidecar.index.graph import relink
from sidecar.index.lexical import merge_some
from sidecar.index.schema import Fingerprint, create, write_meta
from sidecar.index.store import FileState, NoteEntry, replace_note
from sidecar.index.streams import ChunkStreams
from sidecar.index.vectors import chunks_to_embed, store_vectors
from sidecar.language.recognition import stop_words
from sidecar.language.streams import token_stream
from sidecar.notes.note import Link, Note, Span

LANGUAGE = "en"
PER_TOPIC = 100
"""Chunks of one topic; an index has a multiple of it."""
BUILD_SECONDS = "build_seconds"
MADE_VERSION = 1
"""Raised when what is made changes, so that kept indexes are made again."""

_SEED = 7
_WORDS_PER_CHUNK = 100
_MOST_CHUNKS = 10
_SENTENCE_WORDS = (6, 26)
# Zipf and Mandelbrot: a word's share is that of (rank + 2.7) to the power of -1.07.
_SHIFT, _EXPONENT = 2.7, 1.07
# Heaps: 44 n^0.49 distinct words in n, of Reuters-RCV1.
_HEAPS_FACTOR, _HEAPS_EXPONENT = 44, 0.49
_COMMONEST = "the of and to a in is that for it was on as are with be by this from at have not or an you which we they"
_FAVOURITES = 60
_FAVOURITE_SHARE = 0.33
_LINKS = 2
_TOPICS_AT_ONCE = 50
# Above so many chunks embedding each would take most of the time: of each topic a twentieth is.
_ALL_EMBEDDED = 100_000
_EMBEDDED_OF_TOPIC = 5
_CACHE_KIB = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The vocabulary of an index, the commonest word first; the term of each, and the share of text up to it."""

    words: tuple[str, ...]
    terms: tuple[str, ...]
    shares: np.ndarray

    def common(self, rng: np.random.Generator, count: int) -> list[int]:
        """Ranks of words as often as they come in text."""
        drawn: list[int] = np.searchsorted(self.shares, rng.random(count)).clip(max=len(self.words) - 1).tolist()
        return drawn

    def spelled(self, ranks: Iterable[int]) -> list[str]:
        return [self.words[rank] for rank in ranks]

    def stream(self, ranks: Iterable[int]) -> str:
        """What `token_stream` makes of the words: looking their terms up takes an eighth of the time."""
        return f" {'  '.join([self.terms[rank] for rank in ranks])} "


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranks:
    """The words of a note, as ranks in the vocabulary."""

    title: Sequence[int]
    tag: Sequence[int]
    headings: Sequence[Sequence[int]]
    bodies: Sequence[Sequence[int]]


def wording(chunks: int) -> Wording:
    """The vocabulary for an index of so many chunks."""
    count = int(_HEAPS_FACTOR * (chunks * _WORDS_PER_CHUNK) ** _HEAPS_EXPONENT)
    shares = np.cumsum((np.arange(1, count + 1) + _SHIFT) ** -_EXPONENT)
    known = dict.fromkeys([*_COMMONEST.split(), *sorted(stop_words(LANGUAGE), key=lambda word: (len(word), word))])
    rng = np.random.default_rng(_SEED)
    while len(known) < count:
        # The rarer, the longer.
        syllables = 2 + (len(known) > 2_000) + (len(known) > 60_000)
        known |= dict.fromkeys(_made_words(rng, 2_000, syllables=syllables))
    words = tuple(known)[:count]
    terms = tuple(token_stream(" ".join(words), LANGUAGE).split())
    assert len(terms) == len(words)
    return Wording(words=words, terms=terms, shares=shares / shares[-1])


def topic_entries(said: Wording, topic: int) -> Iterator[NoteEntry]:
    """The notes of one topic, which have `PER_TOPIC` chunks together; the same ones for the same index."""
    rng = np.random.default_rng([_SEED, topic])
    favourites = _favourites(said, rng)
    chunks = _chunk_words(said, rng, favourites)
    titles: dict[str, list[int]] = {}
    for start, end in pairwise(_note_starts(rng)):
        linked = list(titles)[-_LINKS:]
        title = _title(said, rng, favourites, taken=titles)
        headings = [[word] for word in rng.choice(favourites, end - start).tolist()]
        ranks = _Ranks(title=titles[title], tag=favourites[:1], headings=headings, bodies=chunks[start:end])
        yield _entry(said, f"{topic:05}/{title}.md", ranks, links=linked, rng=rng)


def texts_of(said: Wording, topic: int) -> list[str]:
    """The texts of a topic's chunks."""
    return [chunk.text for entry in topic_entries(said, topic) for chunk in entry.chunks]


async def build(path: Path, made_with: Fingerprint, *, chunks: int) -> None:
    """Make the index file, whole and with its word lists merged; nothing stays under its name when that is broken off.

    `chunks` is a multiple of `PER_TOPIC`. Of a large index only a twentieth of the vectors is really embedded; the
    others are their topic's centre and what another one's real vector has beside its own centre.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    for suffix in ("", "-wal", "-shm"):
        part.with_name(part.name + suffix).unlink(missing_ok=True)
    connection = connect(part, writable=True)
    try:
        # Whoever builds for a benchmark can build again: nothing has to survive the machine's failing.
        connection.pragma("synchronous", "off")
        connection.pragma("cache_size", -_CACHE_KIB)
        await _fill(connection, made_with, chunks=chunks)
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    finally:
        connection.close(force=True)
    part.replace(path)


async def _fill(connection: apsw.Connection, made_with: Fingerprint, *, chunks: int) -> None:
    begun = time.perf_counter()
    with connection:
        create(connection, made_with)
    said, model = wording(chunks), StaticEmbeddingModel()
    embedded = PER_TOPIC if chunks <= _ALL_EMBEDDED else _EMBEDDED_OF_TOPIC
    topics = range(chunks // PER_TOPIC)
    for start in topics[::_TOPICS_AT_ONCE]:
        with connection:
            for topic in topics[start : start + _TOPICS_AT_ONCE]:
                for entry in topic_entries(said, topic):
                    replace_note(connection, entry)
            await _embed(connection, model, embedded=embedded)
    _settle(connection)
    write_meta(connection, BUILD_SECONDS, f"{time.perf_counter() - begun:.0f}")


async def _embed(connection: apsw.Connection, model: StaticEmbeddingModel, *, embedded: int) -> None:
    """Store the vectors of the topics that have none yet, of which so many chunks each are really embedded."""
    due = chunks_to_embed(connection, _TOPICS_AT_ONCE * PER_TOPIC)
    texts = [chunk.text for place, chunk in enumerate(due) if place % PER_TOPIC < embedded]
    made = (await model.embed(texts, kind="passage")).vectors
    real = made.reshape(-1, embedded, made.shape[1])
    store_vectors(connection, due, _all_of(real).reshape(len(due), -1))


def _all_of(real: np.ndarray) -> np.ndarray:
    """Vectors for all chunks of some topics, of shape (topics, `PER_TOPIC`, dimensions), given the first of each."""
    topics, embedded, dimensions = real.shape
    if embedded == PER_TOPIC:
        return real
    rng = np.random.default_rng(_SEED)
    centres = real.mean(axis=1, keepdims=True)
    # The mean of a few took a part of their spread with it.
    beside = (real - centres).reshape(-1, dimensions) * np.float32(np.sqrt(embedded / (embedded - 1)))
    chosen = rng.integers(0, len(beside), (topics, PER_TOPIC - embedded))
    others = centres + beside[chosen]
    others /= np.linalg.norm(others, axis=2, keepdims=True)
    return np.concatenate([real, others], axis=1)


def _settle(connection: apsw.Connection) -> None:
    """Resolve the links and merge the word lists, as the server does once everything has been read."""
    found = 1
    while found:
        with connection:
            found = relink(connection)
    more, first = True, True
    while more:
        with connection:
            more, first = merge_some(connection, first=first), False


def _made_words(rng: np.random.Generator, count: int, *, syllables: int) -> list[str]:
    heads, vowels, tails = list("bcdfghklmnprstvw"), list("aeiou"), ["", "", "", "n", "r", "l", "t", "m"]
    parts = [rng.choice(kind, (count, syllables)) for kind in (heads, vowels, tails)]
    return ["".join(letters) for letters in np.stack(parts, axis=2).reshape(count, -1).tolist()]


def _favourites(said: Wording, rng: np.random.Generator) -> list[int]:
    """Ranks of a topic's own words. Drawn evenly over the logarithm of the rank, those of all topics are Zipf's."""
    lowest = len(stop_words(LANGUAGE))
    exponents = rng.uniform(np.log(lowest), np.log(len(said.words)), _FAVOURITES)
    ranks: list[int] = np.exp(exponents).astype(np.int64).clip(max=len(said.words) - 1).tolist()
    return ranks


def _chunk_words(said: Wording, rng: np.random.Generator, favourites: Sequence[int]) -> list[list[int]]:
    """Ranks of the words of each chunk of a topic."""
    spread = rng.normal(_WORDS_PER_CHUNK, _WORDS_PER_CHUNK / 4, PER_TOPIC)
    ends = np.cumsum(spread.astype(int).clip(20, 2 * _WORDS_PER_CHUNK)).tolist()
    own = np.asarray(favourites)[rng.integers(0, len(favourites), ends[-1])]
    ranks = np.where(rng.random(len(own)) < _FAVOURITE_SHARE, own, said.common(rng, len(own))).tolist()
    return [ranks[start:end] for start, end in pairwise([0, *ends])]


def _note_starts(rng: np.random.Generator) -> list[int]:
    """The first chunk of each note of a topic, and where the last one ends."""
    starts = [0]
    while starts[-1] < PER_TOPIC:
        starts.append(min(PER_TOPIC, starts[-1] + int(rng.integers(1, _MOST_CHUNKS + 1))))
    return starts


def _title(said: Wording, rng: np.random.Generator, favourites: Sequence[int], *, taken: dict[str, list[int]]) -> str:
    """A title of two to four words that the topic does not have yet, which is added to those taken."""
    while True:
        ranks = rng.choice(favourites, int(rng.integers(2, 5))).tolist()
        title = " ".join(said.spelled(ranks)).capitalize()
        if title not in taken:
            taken[title] = ranks
            return title


def _entry(said: Wording, path: str, ranks: _Ranks, *, links: Sequence[str], rng: np.random.Generator) -> NoteEntry:
    chunks = [
        Chunk(ordinal=place, heading_path=(said.words[heading].capitalize(),), text=text, span=_line(3 * place + 1))
        for place, ((heading,), text) in enumerate(
            zip(ranks.headings, (_sentences(said.spelled(body), rng) for body in ranks.bodies), strict=True)
        )
    ]
    note = Note(
        path=path,
        title=path.partition("/")[2].removesuffix(".md"),
        text="",
        tags=tuple(said.spelled(ranks.tag)),
        links=tuple(Link(target=target, span=_line(1)) for target in links),
    )
    file = FileState(size=sum(len(chunk.text) for chunk in chunks), mtime_ns=0, content_hash=None)
    return NoteEntry(note=note, file=file, chunks=chunks, streams=_streams(said, ranks))


def _streams(said: Wording, ranks: _Ranks) -> list[ChunkStreams]:
    title, tags = said.stream(ranks.title), said.stream(ranks.tag)
    return [
        ChunkStreams(language=LANGUAGE, title=title, headings=said.stream(heading), tags=tags, body=said.stream(body))
        for heading, body in zip(ranks.headings, ranks.bodies, strict=True)
    ]


def _sentences(words: Sequence[str], rng: np.random.Generator) -> str:
    lengths = rng.integers(*_SENTENCE_WORDS, len(words) // _SENTENCE_WORDS[0] + 1)
    starts = [0, *(end for end in np.cumsum(lengths).tolist() if end < len(words)), len(words)]
    return " ".join([" ".join(words[start:end]).capitalize() + "." for start, end in pairwise(starts)])


def _line(number: int) -> Span:
    return Span(start=0, end=0, start_line=number, end_line=number)
