"""The candidates of a query, lane by lane: what FTS5 finds by words, names, phrases and days, and what lies near.

Each function is one leg of a search and runs on a thread of its own with a connection of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import apsw
import numpy as np

from sidecar.index import lexical, vectors
from sidecar.index.codes import Codes
from sidecar.index.conditions import matching
from sidecar.index.leaving import LeavingCounts
from sidecar.index.lexical import StoredStreams, TermCounts, Totals
from sidecar.language.terms import fold
from sidecar.retrieval.lanes import Lanes
from sidecar.retrieval.query import Query
from sidecar.retrieval.scoring import LexicalScore, lexical_score
from sidecar.retrieval.special import Special, find_special
from sidecar.retrieval.words import QueryWords, weigh_words

# Scoring a candidate by its words takes longer than finding it.
LEXICAL_CANDIDATES = 24
VECTOR_CANDIDATES = 16
_PHRASE_CANDIDATES = 400
_MOST_PHRASES = 4
_NO_MATTER = str.maketrans({"*": None, "_": None, "`": None, "=": None, "\u2019": "'", "\u2018": "'"})
# How far chance lies below the last match in an index that has fewer chunks than a list; where all are alike, it does
# not: they say nothing.
_SLACK = 0.1
_ALIKE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsFound:
    """What the lanes of words found: each candidate's lexical score and language, and which ones hold a phrase."""

    words: QueryWords
    totals: Totals
    scores: dict[int, LexicalScore]
    languages: dict[int, str]
    phrases: Mapping[int, tuple[str, ...]]
    special: Special

    def score(self, ids: Sequence[int], connection: apsw.Connection, *, pairs: bool) -> None:
        """Score further candidates, which another lane found."""
        for row, streams in lexical.streams_of(connection, ids).items():
            self.scores[row] = _score(self.words, streams, self.totals, pairs=pairs)
            self.languages[row] = streams.language


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorsFound:
    """The nearest chunks, nearest first, and the cosine of a chance neighbour."""

    similarities: Mapping[int, float]
    background: float


def find_by_words(
    connection: apsw.Connection,
    query: Query,
    *,
    counts: TermCounts,
    today: dt.date,
    lanes: Lanes,
    limit: int,
    within: Sequence[int] | None,
) -> WordsFound:
    """Find and score chunks by the query's words, and by the names and days among them."""
    totals = lexical.totals(connection)
    counts = LeavingCounts(counts) if query.leaving else counts
    special = find_special(connection, query, today=today, lanes=lanes)
    parts = [(special.text, 1.0), *query.context, *query.answered]
    words = weigh_words(connection, parts, beside=special.cut, totals=totals, counts=counts)
    ids: dict[int, None] = {}
    searched = words.searched(totals)
    most = max(LEXICAL_CANDIDATES, limit * 2)
    if lanes.words:
        ids |= dict.fromkeys(lexical.search(connection, searched, limit=most, within=within))
        if special.chunk_ids:
            # The best of what a day points to would not always be among the best of all.
            ids |= dict.fromkeys(lexical.search(connection, searched, limit=most, within=special.chunk_ids))
    phrases = _phrases(connection, query, totals, within=within) if lanes.phrases else {}
    ids |= dict.fromkeys([*phrases, *special.candidates])
    if within is not None:
        admitted = set(within)
        ids = {row: None for row in ids if row in admitted}
    found = WordsFound(words=words, totals=totals, scores={}, languages={}, phrases=phrases, special=special)
    found.score(list(ids), connection, pairs=lanes.phrases)
    return found


def find_by_vector(
    connection: apsw.Connection, vector: np.ndarray, codes: Codes, *, limit: int, within: Sequence[int] | None
) -> VectorsFound | None:
    """Find the nearest chunks; `None` where there are none."""
    most = max(VECTOR_CANDIDATES, limit)
    near = vectors.nearest(connection, codes, vector, limit=most, within=within)
    if not near:
        return None
    return VectorsFound(
        similarities={match.chunk_id: match.similarity for match in near},
        background=_background(connection, vector, codes, near, most=most, within=within),
    )


def _background(
    connection: apsw.Connection,
    vector: np.ndarray,
    codes: Codes,
    near: Sequence[vectors.VectorMatch],
    *,
    most: int,
    within: Sequence[int] | None,
) -> float:
    """The cosine of a chance neighbour: that of the last one in a full list. A filter that leaves few chunks says
    nothing about chance, so that the whole index is asked then.
    """
    last = near[-1].similarity
    if len(near) >= most:
        return last
    everywhere = vectors.nearest(connection, codes, vector, limit=most, within=None) if within is not None else near
    chance = min(last, everywhere[-1].similarity)
    alike = len(near) > 1 and near[0].similarity - last < _ALIKE
    return chance if alike else chance - _SLACK


def _score(words: QueryWords, streams: StoredStreams, totals: Totals, *, pairs: bool) -> LexicalScore:
    usual = totals.lengths.get(streams.language, 1.0)
    return lexical_score(words, streams, usual_length=usual, pairs=pairs)


def _phrases(
    connection: apsw.Connection, query: Query, totals: Totals, *, within: Sequence[int] | None
) -> dict[int, tuple[str, ...]]:
    """Chunks that have the query's quoted phrases to the letter, accents and case aside."""
    found: dict[int, tuple[str, ...]] = {}
    for phrase in query.phrases[:_MOST_PHRASES]:
        match = matching(phrase, totals.stemmed)
        rows = lexical.phrase_rows(connection, match, limit=_PHRASE_CANDIDATES, within=within)
        wanted = _to_the_letter(phrase)
        for row, text in _texts(connection, rows).items():
            if wanted in _to_the_letter(text):
                found[row] = (*found.get(row, ()), phrase)
    return found


def _to_the_letter(text: str) -> str:
    """Text in which a phrase is looked for: case, accents, emphasis and kinds of quotation marks make no difference."""
    return " ".join(fold(text).translate(_NO_MATTER).split())


def _texts(connection: apsw.Connection, ids: Sequence[int]) -> dict[int, str]:
    rows = connection.execute(
        "SELECT c.id, n.title || char(10) || n.aliases || char(10) || c.heading_path || char(10) || c.text"
        " FROM chunks c JOIN notes n ON n.id = c.note_id WHERE c.id IN (SELECT value FROM json_each(?))",
        ("[" + ",".join(map(str, ids)) + "]",),
    )
    return dict(rows)
