"""Lexical search in FTS5: the chunks that have words of a query, ordered by BM25; the figures that scores rest on."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import apsw

from sidecar.language.stemming import STEMMED

# Field weights for bm25(): a word in the title or an alias says more than one in the text (published Obsidian numbers:
# weighting title and headings lifts nDCG@5 of plain FTS5 to 0.645 on the help vault).
_WEIGHTS = "4.0, 2.0, 2.0, 1.0"
# How many entries of its lists FTS5 is to read for a query: their number decides how long it takes (1.3 us each), and
# the rarest words decide the order. On SciFact and SQuAD-it nDCG@10 is the same with 500 entries as with all, at a
# thirtieth of the time. It grows with the square root: 1,200 entries for 10,000 chunks, 12,000 for a million.
_LEAST_READ = 800
_READ_PER_ROOT = 12
# Below this many chunks every word is cheap.
_SMALL = 2_000
_MOST_WORDS = 32
_MOST_LANGUAGES = 10
# Some 20 ms of writing.
_MERGED_PAGES = 500
# How often a term has to stand in the index for its count to be remembered; a rarer one is counted quickly.
_REMEMBERED = 1_000
_MOST_REMEMBERED = 20_000
_DRIFT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How many chunks an index holds; how long they are on average, in terms, by language; the languages, the most
    frequent first ("" for those not recognised).
    """

    chunks: int
    lengths: Mapping[str, float]
    languages: tuple[str, ...]

    @property
    def stemmed(self) -> tuple[str, ...]:
        """The languages whose words are stored stemmed, the most frequent first, as many as a query looks into."""
        return tuple(language for language in self.languages if language in STEMMED)[:_MOST_LANGUAGES]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStreams:
    """The streams of a chunk, see `index.streams.ChunkStreams`."""

    language: str
    title: str
    headings: str
    tags: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedWord:
    """A word to search for: the terms it may stand as, and in how many chunks."""

    variants: tuple[str, ...]
    prefix: bool
    count: int


class TermCounts:
    """In how many chunks terms stand. Those of frequent terms are remembered, since FTS5 counts by reading their whole
    list; they are counted anew when the index has grown or shrunk by a twentieth. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, int] = {}
        self._total = 0

    def of(self, connection: apsw.Connection, terms: Mapping[str, bool], *, total: int) -> dict[str, int]:
        """The number of chunks that have each term or, where it is marked so, one that begins with it; `total` is the
        number of all chunks.
        """
        with self._lock:
            if abs(total - self._total) > _DRIFT * self._total or len(self._known) > _MOST_REMEMBERED:
                self._known, self._total = {}, total
            counts = {term: self._known[term] for term, prefix in terms.items() if not prefix and term in self._known}
        exact = [term for term, prefix in terms.items() if not prefix and term not in counts]
        found = document_counts(connection, exact)
        # What is rare or absent is never remembered: the next note may bring it.
        frequent = {term: count for term, count in found.items() if count >= _REMEMBERED}
        if frequent:
            with self._lock:
                self._known |= frequent
        beginning = {term: _count_prefix(connection, term) for term, prefix in terms.items() if prefix}
        return counts | found | beginning


def totals(connection: apsw.Connection) -> Totals:
    """Read the totals, which the tables keep themselves."""
    rows = connection.execute("SELECT language, chunks, length FROM totals WHERE chunks > 0 ORDER BY chunks DESC")
    found = {language: (chunks, length) for language, chunks, length in rows}
    return Totals(
        chunks=sum(chunks for chunks, _ in found.values()),
        lengths={language: length / chunks for language, (chunks, length) in found.items()},
        languages=tuple(found),
    )


def chunk_count(connection: apsw.Connection) -> int:
    """Number of chunks in the index."""
    return int(connection.execute("SELECT coalesce(sum(chunks), 0) FROM totals").get)


def document_counts(connection: apsw.Connection, terms: Iterable[str]) -> dict[str, int]:
    """In how many chunks each distinct term stands; 0 for a term that stands nowhere."""
    wanted = list(dict.fromkeys(terms))
    rows = connection.execute(
        "SELECT v.term, v.doc FROM json_each(?) j CROSS JOIN term_counts v ON v.term = j.value",
        (json.dumps(wanted, ensure_ascii=False),),
    )
    return dict.fromkeys(wanted, 0) | dict(rows)


def telling_words(words: Sequence[SearchedWord], *, total: int) -> list[SearchedWord]:
    """The words worth searching for, the rarest first: those that stand somewhere, as far as there is room to read
    their lists; the rarest one always. `total` is the number of all chunks; in a small index all are.
    """
    present = sorted((word for word in words if word.count), key=lambda word: word.count)
    if total < _SMALL:
        return present[:_MOST_WORDS]
    chosen: list[SearchedWord] = []
    room = max(_LEAST_READ, int(_READ_PER_ROOT * math.sqrt(total)))
    for word in present[:_MOST_WORDS]:
        if chosen and word.count > room:
            break
        chosen.append(word)
        room -= word.count
    return chosen


def search(
    connection: apsw.Connection, words: Sequence[SearchedWord], *, limit: int, within: Sequence[int] | None
) -> list[int]:
    """Ids of the best chunks for words joined by OR, best first; `within` restricts to these ids before ranking."""
    if not words or (within is not None and not within):
        return []
    match = " OR ".join(f'"{term}"*' if word.prefix else f'"{term}"' for word in words for term in word.variants)
    where, parameters = _restricted(match, within)
    # ORDER BY bm25(…) is 1.6 times faster than ORDER BY rank and gives the same order.
    rows = connection.execute(
        f"SELECT rowid FROM chunk_terms WHERE {where} ORDER BY bm25(chunk_terms, {_WEIGHTS}) LIMIT ?",  # noqa: S608  # constants
        (*parameters, limit),
    )
    return [row for (row,) in rows]


def phrase_rows(connection: apsw.Connection, match: str, *, limit: int, within: Sequence[int] | None) -> list[int]:
    """Ids of chunks that FTS5 finds for a phrase (`conditions.matching`), the best first; `within` as above."""
    if not match or (within is not None and not within):
        return []
    where, parameters = _restricted(match, within)
    rows = connection.execute(
        f"SELECT rowid FROM chunk_terms WHERE {where} ORDER BY bm25(chunk_terms, {_WEIGHTS}) LIMIT ?",  # noqa: S608  # constants
        (*parameters, limit),
    )
    return [row for (row,) in rows]


def streams_of(connection: apsw.Connection, ids: Iterable[int]) -> dict[int, StoredStreams]:
    """The stored streams of chunks by id."""
    rows = connection.execute(
        # The table in which FTS5 keeps what it was given, column by column: asking FTS5 for it takes twice as long.
        "SELECT t.id, t.c4, t.c0, t.c1, t.c2, t.c3 FROM json_each(?) j CROSS JOIN chunk_terms_content t"
        " ON t.id = j.value",
        (json.dumps(list(ids)),),
    )
    return {
        row: StoredStreams(language=language, title=title, headings=headings, tags=tags, body=body)
        for row, language, title, headings, tags, body in rows
    }


def merge_some(connection: apsw.Connection, *, first: bool) -> bool:
    """Merge a few pages of the segments in which FTS5 keeps its lists; whether there is more to merge.

    A query looks each word up in every segment, of which a first indexing leaves some twenty. `first` begins with all
    of them, in one transaction of its own as every step, so that other writes come in between.
    """
    before = connection.total_changes()
    pages = -_MERGED_PAGES if first else _MERGED_PAGES
    connection.execute("INSERT INTO chunk_terms (chunk_terms, rank) VALUES ('merge', ?)", (pages,))
    # FTS5's own sign that nothing was done: the command itself counts as one change.
    return bool(connection.total_changes() - before >= 2)


def _count_prefix(connection: apsw.Connection, term: str) -> int:
    last = term + "\U0010ffff"
    return connection.execute("SELECT sum(doc) FROM term_counts WHERE term >= ? AND term < ?", (term, last)).get or 0


def _restricted(match: str, within: Sequence[int] | None) -> tuple[str, tuple[object, ...]]:
    if within is None:
        return "chunk_terms MATCH ?", (match,)
    ids = "[" + ",".join(map(str, within)) + "]"
    # The plus keeps SQLite from asking FTS5 once for every id (1,000 ids: 965 → 8 ms).
    return "chunk_terms MATCH ? AND +rowid IN (SELECT value FROM json_each(?))", (match, ids)
