"""How well a chunk's words answer a query: BM25 over its fields on an absolute scale, and how much stands together.

FTS5's own bm25() finds the candidates; it cannot be compared between queries, and in a vault of a few notes its weights
collapse to zero. The candidates are scored again here with weights that stay positive, as the share of the most that
the query could get, so that a score means the same in every vault and "nothing relevant" can be told.
"""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.index.lexical import StoredStreams
from sidecar.retrieval.words import QueryWords

_TITLE_WEIGHT = 4
_HEADING_WEIGHT = 2
_TAG_WEIGHT = 2
# The usual values, which FTS5 has built in; 0.9 to 1.6 and 0.4 to 0.75 were within half a point of them on eight sets.
_K1 = 1.2
_B = 0.75
# Shares of what is no count of words: that words which are side by side in the query are so in the chunk (as in the
# sequential dependence model of Metzler and Croft, whose weights are of this size), and that many of them are there.
_TOGETHER = 0.15
_COVERED = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalScore:
    """A chunk's share, in [0, 1], of the most that the query could get, and the words found in it, as typed."""

    share: float
    matched: tuple[str, ...]


def lexical_score(
    words: QueryWords, streams: StoredStreams, *, usual_length: float, pairs: bool = True
) -> LexicalScore:
    """Score one chunk. `usual_length` is the mean length in terms of the chunks in its language; without `pairs`, words
    that stand together count no more than others.
    """
    if not words.total:
        return LexicalScore(share=0.0, matched=())
    body = streams.body
    head = f"{streams.title}|{streams.headings}|{streams.tags}"
    # Terms have two spaces between them.
    norm = _K1 * (1 - _B + _B * (body.count("  ") + 1) / max(usual_length, 1.0))
    got = covered = 0.0
    present: list[int] = []
    for place, word in words.standing:
        frequency = 0
        for term in word.searched:
            frequency += body.count(term)
            if term in head:
                frequency += _in_head(term, streams)
        if frequency:
            got += word.weight * frequency / (frequency + norm)
            covered += 0.0 if word.optional else word.weight
            present.append(place)
    if not present:
        return LexicalScore(share=0.0, matched=())
    together, most = 0.0, 0.0
    if pairs and words.pairs:
        together, most = _together(words, set(present), body, head, norm), _TOGETHER
    share = ((1 - most - _COVERED) * got + _COVERED * covered) / words.total + most * together
    return LexicalScore(share=min(1.0, share), matched=tuple(words.words[place].written for place in present))


def _in_head(term: str, streams: StoredStreams) -> int:
    return (
        _TITLE_WEIGHT * streams.title.count(term)
        + _HEADING_WEIGHT * streams.headings.count(term)
        + _TAG_WEIGHT * streams.tags.count(term)
    )


def _together(words: QueryWords, present: set[int], body: str, head: str, norm: float) -> float:
    """The share of the query's neighbours, by weight, that are neighbours in the chunk too."""
    got = 0.0
    for pair in words.pairs:
        if pair.first in present and pair.second in present:
            times = 0
            for both in pair.searched:
                times += body.count(both) + head.count(both)
            got += pair.weight * times / (times + norm)
    return got / words.pairs_total
