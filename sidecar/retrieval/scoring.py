"""How well a chunk answers a query: BM25 over its fields on an absolute scale, and its vector's similarity, fused.

FTS5's own bm25() finds the candidates; it cannot be compared between queries, and in a vault of a few notes its weights
collapse to zero. The candidates are scored again here with weights that stay positive, as the share of the most that
the query could get, so that a score means the same in every vault and "nothing relevant" can be told.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

_TITLE_WEIGHT = 4.0
_HEADING_WEIGHT = 2.0
_K1 = 1.2
_B = 0.4
# Chunks are bounded in size, so length matters less than in whole documents; this is their usual length in terms.
_USUAL_LENGTH = 120
_STOP_WORD_SHARE = 0.1
# A vault of a few notes is a small sample of what its owner writes: without this floor one word that stands nowhere
# ("eat") outweighs the one that names the note ("numbat") five to one.
_LEAST_CHUNKS = 200


def term_weights(
    query_terms: Sequence[str], document_counts: Mapping[str, int], *, total: int, stop_words: frozenset[str]
) -> dict[str, float]:
    """Weight of each distinct query term: its inverse document frequency (the always positive form), a tenth of it for
    words that carry no content in any language known. `total` is the number of chunks.
    """
    weights = {}
    total = max(total, _LEAST_CHUNKS)
    for term in dict.fromkeys(query_terms):
        count = document_counts.get(term, 0)
        weight = math.log(1 + (total - count + 0.5) / (count + 0.5))
        weights[term] = weight * (_STOP_WORD_SHARE if term in stop_words else 1.0)
    return weights


def lexical_score(weights: Mapping[str, float], streams: tuple[str, str, str]) -> tuple[float, tuple[str, ...]]:
    """The chunk's share, in [0, 1), of the most the query could get, and the terms that it has. `streams` are its
    stored terms: title with aliases, headings, body.
    """
    most = sum(weights.values())
    if not most:
        return 0.0, ()
    title, headings, body = (Counter(stream.split()) for stream in streams)
    length = body.total()
    norm = _K1 * (1 - _B + _B * length / _USUAL_LENGTH)
    got, found = 0.0, []
    for term, weight in weights.items():
        frequency = _TITLE_WEIGHT * title[term] + _HEADING_WEIGHT * headings[term] + body[term]
        if frequency:
            got += weight * frequency / (frequency + norm)
            found.append(term)
    return got / most, tuple(found)


def similarity_above(similarity: float, background: float) -> float:
    """A cosine as the share, in [0, 1], of the way from the query's background similarity to identity."""
    return min(1.0, max(0.0, (similarity - background) / max(1e-6, 1 - background)))


def fuse(lexical: float, vector: float | None, *, vector_weight: float) -> float:
    """Weighted sum of both lanes, in [0, 1]. `vector` is `None` when the index has no vectors."""
    if vector is None:
        return lexical
    return (1 - vector_weight) * lexical + vector_weight * vector


def cosines(query: np.ndarray, vectors: Mapping[int, np.ndarray]) -> dict[int, float]:
    """Cosine of the query with each vector; all have length 1."""
    if not vectors:
        return {}
    products = np.stack(list(vectors.values())) @ query
    return dict(zip(vectors, products.tolist(), strict=True))
