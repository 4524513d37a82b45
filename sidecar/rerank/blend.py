"""How relevance changes a list of candidates: they change places, and each place keeps its score.

    value     = 0.6 · retrieval + 0.4 · relevance, both in [0, 1]
    retrieval = the mean of 1 / place and of the score, stretched to the range of those that may move
    relevance = the model's, stretched likewise

A range counts as no smaller than half of the best score, or 0.02 of relevance: what hardly differs is not torn apart.

Why so. Heads are often not calibrated: a converter that drops a model's pooling layer leaves 0.45 for no and 0.55 for
yes, so that only the order and the distances of relevances in one list can be trusted, hence the stretching. Places are
exchanged and no score is made up, since a score says how sure the search is, which such a head cannot. `1 / place`
guards the first few. Of two with the same relevance the one found better stays before the other: weights that change
with the place (three quarters for retrieval at the first three, two fifths from the eleventh on, as qmd has them) let
an eleventh overtake a tenth for nothing, and leave the first unassailable.

The 0.6: on SciFact, SQuAD-it and FaQuAD (BM25, its first 20) with simulated rerankers that erred more or less, one that
knew nothing cost 1 to 5 points of nDCG@10, where alone it cost 47 to 69; one that alone was as good as BM25 brought 4
to 9. 0.7 cost at most 2 and brought 2 to 6; 0.5 brought 1 or 2 more than 0.6 and cost up to 15. The weights that change
with the place cost up to 5 and brought at most 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

RERANKED = 20
"""Candidates that a reranking model is asked about."""
_RETRIEVAL_SHARE = 0.6
_LEAST_RANGE = 0.02
_TIE_SHARE = 1e-3


def worth_asking(scores: Sequence[float], *, pinned: Sequence[bool], most: int = RERANKED) -> list[int]:
    """Choose the candidates whose relevance can change something: the best `most` that are not pinned, best first.

    `scores` are those of retrieval, in any order; `pinned` marks exact matches. Gives back positions in `scores`.
    """
    free = [number for number in _ordered(scores) if not pinned[number] and scores[number] > 0]
    return free[:most]


def reranked(scores: Sequence[float], relevance: Sequence[float | None], *, pinned: Sequence[bool]) -> list[float]:
    """Give each candidate its new score, in [0, 1], in the order of the arguments.

    Who is pinned, has no relevance (`None`) or a score of 0 keeps place and score. The others share out their own
    places by `value`. Candidates with equal scores, one of which may move, are told apart by up to a thousandth of the
    way to the next lower score, so that sorting by the new scores gives the new order.
    """
    order = _ordered(scores)
    free = [number for number in order if relevance[number] is not None and not pinned[number] and scores[number] > 0]
    moved = dict(zip(free, _by_value(free, scores, relevance), strict=True))
    result = list(scores)
    for number, score in zip(order, _told_apart(order, scores, frozenset(free)), strict=True):
        result[moved.get(number, number)] = score
    return result


def _ordered(scores: Sequence[float]) -> list[int]:
    return sorted(range(len(scores)), key=lambda number: -scores[number])


def _by_value(free: Sequence[int], scores: Sequence[float], relevance: Sequence[float | None]) -> list[int]:
    """The candidates that may move, best value first."""
    held = _stretched(
        [scores[number] for number in free], least=max((scores[number] for number in free), default=0) / 2
    )
    told = _stretched([relevance[number] or 0.0 for number in free], least=_LEAST_RANGE)
    values = {
        number: _RETRIEVAL_SHARE * (score + 1 / place) / 2 + (1 - _RETRIEVAL_SHARE) * relevant
        for place, (number, score, relevant) in enumerate(zip(free, held, told, strict=True), start=1)
    }
    return sorted(free, key=lambda number: -values[number])


def _stretched(values: Sequence[float], *, least: float) -> list[float]:
    lowest, highest = min(values, default=0.0), max(values, default=0.0)
    spread = max(highest - lowest, least)
    return [(value - lowest) / spread for value in values]


def _told_apart(order: Sequence[int], scores: Sequence[float], free: frozenset[int]) -> Iterator[float]:
    """The score of each place, best first."""
    ties = [(score, list(tied)) for score, tied in groupby(order, key=lambda number: scores[number])]
    for (score, tied), (lower, _) in pairwise([*ties, (0.0, [])]):
        step = (score - lower) * _TIE_SHARE / len(tied) if free.intersection(tied) else 0.0
        yield from (score - step * number for number in range(len(tied)))
