"""How good one ranking is, as a number in [0, 1]: nDCG, recall, reciprocal rank, hit. Knows no notes.

A ranking is a sequence of names, best first; `grades` says how relevant each name is, and what it does not name counts
as not relevant. The conventions are trec_eval's (https://github.com/usnistgov/trec_eval), measures `ndcg_cut`,
`recall` and `recip_rank`: a grade of 0 or less is not relevant, the ideal ranking is made of all graded names, a
ranking is divided by what could be reached and not by what was found, and means go over the questions that have
something relevant. Two differences: the gain of a grade is 2^grade - 1 (Burges et al. 2005, the form that web search
uses) where trec_eval takes the grade itself, which is the same as long as grades are 0 and 1; and a ranking is taken in
the order given, where trec_eval sorts equal scores by name. A name that comes twice counts at its first place, but
takes up both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

MAX_GRADE = 10
"""Grades above it count as this one: gains double with each, and their sum must stay a number."""


def ndcg(ranked: Sequence[str], grades: Mapping[str, int], *, k: int) -> float:
    """Discounted gain of the first `k`, as the share of what the ideal ranking would get; 0 if nothing is relevant."""
    ideal = _discounted(sorted(map(_gain, grades.values()), reverse=True)[:k])
    if not ideal:
        return 0.0
    # Added up in another order, the best ranking may come out some 1e-16 above the ideal one.
    return min(1.0, _discounted(_gain(grade) for grade in _grades(ranked, grades, k)) / ideal)


def recall(ranked: Sequence[str], grades: Mapping[str, int], *, k: int) -> float:
    """Share of all relevant names that are among the first `k`; 0 if nothing is relevant."""
    relevant = sum(grade > 0 for grade in grades.values())
    return sum(grade > 0 for grade in _grades(ranked, grades, k)) / relevant if relevant else 0.0


def reciprocal_rank(ranked: Sequence[str], grades: Mapping[str, int], *, k: int) -> float:
    """One through the rank of the first relevant name, 0 if it is not among the first `k`. Its mean is MRR@k."""
    rank = first_rank(ranked[:k], grades)
    return 0.0 if rank is None else 1 / rank


def hit(ranked: Sequence[str], grades: Mapping[str, int], *, k: int = 1) -> float:
    """1 if a relevant name is among the first `k`, else 0."""
    return 0.0 if first_rank(ranked[:k], grades) is None else 1.0


def first_rank(ranked: Iterable[str], grades: Mapping[str, int]) -> int | None:
    """Rank of the first relevant name, from 1; `None` if there is none."""
    return next((rank for rank, name in enumerate(ranked, start=1) if grades.get(name, 0) > 0), None)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed (the nearest rank); 0 of no values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean; 0 of no values."""
    return math.fsum(values) / len(values) if values else 0.0


def _grades(ranked: Sequence[str], grades: Mapping[str, int], k: int) -> Iterator[int]:
    """The grades of the first `k`, 0 for a name that has come before."""
    seen: set[str] = set()
    for name in ranked[:k]:
        yield 0 if name in seen else grades.get(name, 0)
        seen.add(name)


def _gain(grade: int) -> int:
    return int(2 ** min(max(grade, 0), MAX_GRADE)) - 1


def _discounted(gains: Iterable[float]) -> float:
    return math.fsum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
