"""The words that tell most about a note: found in its chunks, searched for, and scored where others have them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import apsw

from sidecar.index import lexical
from sidecar.index.lexical import SearchedWord, StoredStreams, TermCounts, Totals
from sidecar.language.recognition import STOP_WORDS
from sidecar.language.stemming import stems
from sidecar.language.terms import fold, lowered, runs

# Of a note's terms by how often it has them. Among so many of a long note is all that it is about, and looking up how
# rare one is takes some microseconds.
_MOST_COUNTED = 120
_MOST_TELLING = 40
# As for the words of a query: the chunks of a few notes are a small sample.
_LEAST_CHUNKS = 200
# A note whose name's words the other one uses is what that one speaks of.
_IN_TITLE = 3
# Of a long note; most words come early.
_MOST_CHARACTERS = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TellingWords:
    """The most telling terms of a note that other notes have too, the most telling first, and what each weighs."""

    weights: Mapping[str, float]
    counts: Mapping[str, int]
    """In how many chunks each term stands."""
    total: float
    """What the terms weigh together."""
    language: str
    """That of most of the note's chunks; "" when it was not recognised."""

    def candidates(self, connection: apsw.Connection, totals: Totals, *, limit: int) -> list[int]:
        """Ids of the chunks that have most of the terms, best first, those of the note itself included."""
        words = [SearchedWord(variants=(term,), prefix=False, count=count) for term, count in self.counts.items()]
        searched = lexical.telling_words(words, total=totals.chunks)
        return lexical.search(connection, searched, limit=limit, within=None)

    def score(self, streams: StoredStreams, *, usual_length: float) -> tuple[float, tuple[str, ...]]:
        """A chunk's share, in [0, 1], of what the terms weigh, and those that it has. Long ones have some by chance."""
        terms = streams.body.split()
        title = set(streams.title.split())
        present = {*terms, *title, *streams.headings.split(), *streams.tags.split()}
        matched = tuple(term for term in self.weights if term in present)
        if not matched:
            return 0.0, ()
        got = sum(self.weights[term] * (1 + _IN_TITLE * (term in title)) for term in matched)
        length = 1 + (len(terms) + 1) / max(usual_length, 1.0)
        return min(1.0, got / self.total / math.sqrt(length)), matched


def telling_words(
    connection: apsw.Connection, streams: Sequence[StoredStreams], *, totals: Totals, counts: TermCounts
) -> TellingWords:
    """The most telling terms of a note's chunks: often in it, and rare elsewhere."""
    frequencies, chunks = Counter[str](), Counter[str]()
    for stream in streams:
        found = [*stream.title.split(), *stream.headings.split(), *stream.body.split()]
        frequencies.update(found)
        chunks.update(set(found))
    # Sorting is stable: of terms that are as frequent, the first ones of the note.
    often = sorted((term for term in frequencies if term not in STOP_WORDS), key=lambda term: -frequencies[term])
    known = counts.of(connection, dict.fromkeys(often[:_MOST_COUNTED], False), total=totals.chunks)
    # What no other chunk has leads nowhere.
    weighed = {
        term: _rarity(count, totals.chunks) * (1 + math.log(frequencies[term]))
        for term, count in known.items()
        if count > chunks[term]
    }
    best = dict(sorted(weighed.items(), key=lambda item: (-item[1], item[0]))[:_MOST_TELLING])
    languages = Counter(stream.language for stream in streams).most_common(1)
    return TellingWords(
        weights=best,
        counts={term: known[term] for term in best},
        total=sum(best.values()),
        language=languages[0][0] if languages else "",
    )


def as_written(texts: Iterable[str], language: str) -> dict[str, str]:
    """The words of texts in one language by the term that each is indexed as, in lower case, as first written."""
    words: dict[str, None] = {}
    remaining = _MOST_CHARACTERS
    for text in texts:
        words |= dict.fromkeys(word for _, word in runs(lowered(text[:remaining])) if word)
        remaining -= len(text)
        if remaining <= 0:
            break
    found: dict[str, str] = {}
    for word, stem in zip(words, stems(list(words), language), strict=True):
        found.setdefault(fold(stem), word)
    return found


def _rarity(count: int, total: int) -> float:
    total = max(total, _LEAST_CHUNKS)
    return math.log(1 + max(0.0, total - count + 0.5) / (count + 0.5))
