"""The words of a query as the index knows them: which terms each may stand as, how rare it is, what it weighs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import apsw

from sidecar.index.lexical import SearchedWord, TermCounts, Totals, telling_words
from sidecar.language.recognition import stop_words_of
from sidecar.language.streams import QueryWord, query_words, variants_of_all

# A word without content in one of the known languages still tells a little: nDCG@10 on 8 sets is best at 0.3, and never
# worse than without a list; other languages have their rarity alone.
_STOP_WORD_SHARE = 0.3
# A vault of a few notes is a small sample of what its owner writes: without this floor one word that stands nowhere
# ("eat") outweighs the one that names the note ("numbat") five to one.
_LEAST_CHUNKS = 200
_CONTEXT_SHARE = 0.5
_MOST_WORDS = 96
_MOST_SCORED = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedWord:
    """A word of a query. `weight` is its inverse document frequency (the always positive form) times its share."""

    written: str
    variants: tuple[str, ...]
    """The terms under which it stands in the index; empty when it stands nowhere."""
    weight: float
    count: int
    spaced: bool
    prefix: bool
    optional: bool
    searched: tuple[str, ...]
    """The variants as they stand in a stream, with the space on either side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Two words that stand side by side in a query, by their positions; `searched` is how they may in a stream."""

    first: int
    second: int
    weight: float
    searched: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryWords:
    """The distinct words of a query, and which of them stand side by side in it."""

    words: tuple[WeightedWord, ...]
    standing: tuple[tuple[int, WeightedWord], ...]
    """Those of them that stand anywhere in the index, with their positions."""
    pairs: tuple[Neighbours, ...]
    total: float
    """What the words weigh together, optional ones aside: the most a chunk can get."""
    pairs_total: float
    content: frozenset[str] = frozenset()
    """The words that say what is asked for, as written."""

    def searched(self, totals: Totals) -> list[SearchedWord]:
        """The words to ask FTS5 for."""
        words = [
            SearchedWord(variants=word.variants, prefix=word.prefix, count=word.count)
            for word in self.words
            if word.count
        ]
        return telling_words(words, total=totals.chunks)


def weigh_words(
    connection: apsw.Connection,
    parts: Sequence[tuple[str, float]],
    *,
    totals: Totals,
    counts: TermCounts,
    beside: str = "",
) -> QueryWords:
    """Look up the words of a query's parts, each a text and its share, in (0, 1]: 1 for what was asked itself. The
    words `beside` count where they stand and are not missed where they do not.
    """
    languages = totals.stemmed
    stop_words = stop_words_of(next((text for text, share in parts if share == 1), ""))
    shares: dict[QueryWord, float] = {}
    places: list[QueryWord] = []
    for text, share in parts:
        found = query_words(text)
        if share == 1:
            places = [word for word in found if not word.optional]
        for word in found:
            shares[word] = max(shares.get(word, 0.0), share)
    for word in query_words(beside):
        shares.setdefault(replace(word, optional=True), 1.0)
    kept = list(shares)[:_MOST_WORDS]
    variants = variants_of_all(kept, languages)
    standing = counts.of(
        connection,
        {variant: word.prefix for word, several in zip(kept, variants, strict=True) for variant in several},
        total=totals.chunks,
    )
    words = tuple(
        _weighted(
            word,
            shares[word] * (_STOP_WORD_SHARE if word.term in stop_words else 1.0),
            {v: standing[v] for v in several if standing[v]},
            totals=totals,
        )
        for word, several in zip(kept, variants, strict=True)
    )
    if len(words) > _MOST_SCORED:
        # Of a pasted page the words that tell most.
        least = sorted((word.weight for word in words), reverse=True)[_MOST_SCORED - 1]
        chosen = [place for place, word in enumerate(words) if word.weight >= least][:_MOST_SCORED]
        kept, words = [kept[place] for place in chosen], tuple(words[place] for place in chosen)
    position = {word: number for number, word in enumerate(kept)}
    # What a conversation adds counts half: a note that has the question's own words alone still answers it.
    total = sum(
        w.weight * (1.0 if shares[k] == 1 else _CONTEXT_SHARE)
        for k, w in zip(kept, words, strict=True)
        if not w.optional
    )
    pairs = tuple(_neighbours(words, first, second) for first, second in _pairs(places, position))
    return QueryWords(
        words=words,
        standing=tuple((place, word) for place, word in enumerate(words) if word.searched),
        pairs=pairs,
        total=total,
        pairs_total=sum(pair.weight for pair in pairs) or 1.0,
        content=frozenset(word.written for word in kept if word.term not in stop_words),
    )


def _weighted(word: QueryWord, share: float, standing: Mapping[str, int], *, totals: Totals) -> WeightedWord:
    total = max(totals.chunks, _LEAST_CHUNKS)
    # The chunks of two variants hardly overlap: they are of two languages.
    count = min(sum(standing.values()), totals.chunks)
    weight = share * math.log(1 + (total - count + 0.5) / (count + 0.5))
    return WeightedWord(
        written=word.written,
        variants=tuple(standing),
        weight=weight,
        count=count,
        spaced=word.spaced,
        prefix=word.prefix,
        optional=word.optional,
        searched=tuple(f" {variant}" if word.prefix else f" {variant} " for variant in standing),
    )


def _neighbours(words: Sequence[WeightedWord], first: int, second: int) -> Neighbours:
    a, b = words[first], words[second]
    beside = tuple(left + right for left in a.searched for right in b.searched)
    return Neighbours(first=first, second=second, weight=a.weight + b.weight, searched=beside)


def _pairs(places: Sequence[QueryWord], position: dict[QueryWord, int]) -> tuple[tuple[int, int], ...]:
    """Neighbours in the query. Pairs of characters have none: each holds its neighbour already."""
    beside = pairwise(places)
    found = [
        (position[a], position[b])
        for a, b in beside
        if a.spaced and b.spaced and a != b and a in position and b in position
    ]
    return tuple(dict.fromkeys(found))
