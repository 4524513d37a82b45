"""Two lists become one order: each scaled by its own best, weighed by how far it can be trusted, on an absolute scale.

A weighted sum of scaled scores, not of ranks: where one list is weak, ranks pull the result below the better list. A
list that found little scales to little: its best is measured against a floor, so that one small word shared with a
foreign note does not count as a full match.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Below these, the best of a list is no good match: a fifth of what the words could get; a cosine this little above that
# of chance neighbours.
_LEAST_SHARE = 0.2
_LEAST_SPREAD = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A candidate: its lexical share in [0, 1], its cosine where it is known, and the weight of the latter for it."""

    id: int
    share: float
    similarity: float | None
    vector_weight: float


def fused(candidates: Sequence[Scored], *, background: float | None) -> dict[int, float]:
    """Scores in [0, 1] by id, comparable between queries. `background` is the cosine of a chance neighbour: that of the
    last one of the vector list; `None` when there is no such list.
    """
    if not candidates:
        return {}
    if background is None:
        return {candidate.id: candidate.share for candidate in candidates}
    relative = relative_scores(candidates, background)
    best = max(relative.values())
    if best <= 0:
        return dict.fromkeys(relative, 0.0)
    # The order is that of the relative scores; the best one says what its match is worth in itself.
    scale = max(_absolute(candidate, background) for candidate in candidates) / best
    return {row: min(1.0, score * scale) for row, score in relative.items()}


def relative_scores(candidates: Sequence[Scored], background: float) -> dict[int, float]:
    """The order of candidates: shares and cosines, each scaled by the best of its list, at the weight of each one."""
    most = max(_LEAST_SHARE, *(candidate.share for candidate in candidates))
    known = [candidate.similarity for candidate in candidates if candidate.similarity is not None]
    least = min([background, *known])
    spread = max(_LEAST_SPREAD, max([background, *known]) - least)
    return {
        c.id: (1 - c.vector_weight) * c.share / most
        + c.vector_weight * ((c.similarity if c.similarity is not None else least) - least) / spread
        for c in candidates
    }


def _absolute(candidate: Scored, background: float) -> float:
    above = 0.0 if candidate.similarity is None else similarity_above(candidate.similarity, background)
    return (1 - candidate.vector_weight) * candidate.share + candidate.vector_weight * above


def similarity_above(similarity: float, background: float) -> float:
    """A cosine as the share, in [0, 1], of the way from the query's background similarity to identity."""
    return min(1.0, max(0.0, (similarity - background) / max(1e-6, 1 - background)))
