"""Places change hands, scores stay."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rerank.blend import RERANKED, reranked, worth_asking

Candidate = tuple[float, float | None, bool]

# A grid, since scores that differ by less than rounding cannot be kept apart.
_SCORES = st.integers(0, 64).map(lambda step: step / 64)
_CANDIDATES = st.lists(st.tuples(_SCORES, st.none() | st.floats(0, 1), st.booleans()), max_size=40)


def _order(scores: list[float]) -> list[int]:
    return sorted(range(len(scores)), key=lambda number: -scores[number])


def _reranked(candidates: Sequence[Candidate]) -> list[float]:
    return reranked(
        [score for score, _, _ in candidates],
        [relevance for _, relevance, _ in candidates],
        pinned=[pinned for _, _, pinned in candidates],
    )


@pytest.mark.parametrize(
    ("title", "candidates", "order"),
    [
        ("nothing is nothing", [], []),
        ("the relevant one goes up", [(0.9, 0.1, False), (0.8, 0.95, False), (0.2, 0.1, False)], [1, 0, 2]),
        ("a far better first stays first", [(0.9, 0.5, False), (0.2, 1.0, False), (0.1, 0.4, False)], [0, 1, 2]),
        ("an exact match keeps its place", [(0.9, 0.0, True), (0.8, 0.2, False), (0.7, 0.9, False)], [0, 2, 1]),
        ("in the middle too", [(0.8, 0.0, False), (0.75, 0.0, True), (0.7, 0.9, False)], [2, 1, 0]),
        ("who was not read stays behind", [(0.5, 0.0, False), (0.4, 0.9, False), (0.3, None, False)], [1, 0, 2]),
        ("who was not read stays between", [(0.5, 0.0, False), (0.45, None, False), (0.4, 1.0, False)], [2, 1, 0]),
        ("equal scores are told apart", [(0.5, 0.1, False), (0.5, 0.2, False), (0.5, 0.9, False)], [2, 0, 1]),
        ("equal to a pinned one", [(0.5, 0.0, False), (0.5, 0.0, True), (0.5, 0.9, False)], [2, 1, 0]),
        ("differences of nothing move nothing", [(0.5, 0.001, False), (0.4, 0.003, False)], [0, 1]),
        ("given in any order", [(0.2, 0.1, False), (0.8, 0.95, False), (0.9, 0.1, False)], [1, 2, 0]),
    ],
)
def test_the_order_is_blended(title: str, candidates: list[Candidate], order: list[int]) -> None:
    assert _order(_reranked(candidates)) == order, title


def test_a_head_that_is_not_calibrated_has_the_same_say() -> None:
    sure = [(0.9, 0.01, False), (0.8, 0.99, False), (0.5, 0.5, False)]
    unsure = [(score, 0.45 + relevance / 10, pinned) for score, relevance, pinned in sure]
    assert _reranked(unsure) == _reranked(sure)


def test_all_places_keep_their_scores() -> None:
    assert sorted(_reranked([(0.9, 0.0, False), (0.6, 0.5, False), (0.3, 1.0, False)])) == [0.3, 0.6, 0.9]


@given(_CANDIDATES)
def test_scores_stay_in_range_and_near_those_of_their_places(candidates: list[Candidate]) -> None:
    new = _reranked(candidates)
    assert all(0 <= score <= 1 for score in new)
    for before, after in zip(sorted(each[0] for each in candidates), sorted(new), strict=True):
        assert before - 0.001 <= after <= before


@given(_CANDIDATES)
def test_pinned_and_unread_candidates_keep_their_places(candidates: list[Candidate]) -> None:
    before, after = _order([each[0] for each in candidates]), _order(_reranked(candidates))
    for place, number in enumerate(before):
        _, relevance, pinned = candidates[number]
        if pinned or relevance is None:
            assert after[place] == number


@given(_CANDIDATES)
def test_equal_relevance_changes_nothing(candidates: list[Candidate]) -> None:
    scores = [each[0] for each in candidates]
    same = [(score, 0.7, pinned) for score, _, pinned in candidates]
    assert _order(_reranked(same)) == _order(scores)


@given(_CANDIDATES, st.data())
def test_more_relevance_never_lowers_a_candidate(candidates: list[Candidate], data: st.DataObject) -> None:
    read = [number for number, (score, relevance, pinned) in enumerate(candidates) if relevance is not None]
    if not read:
        return
    number = data.draw(st.sampled_from(read))
    # Of the most relevant: raising another one stretches the scale of the rest.
    highest = max(relevance for _, relevance, _ in candidates if relevance is not None)
    raised = list(candidates)
    raised[number] = (candidates[number][0], highest, candidates[number][2])
    before, after = _order(_reranked(candidates)), _order(_reranked(raised))
    assert after.index(number) <= before.index(number)


def test_only_the_best_unpinned_candidates_are_worth_asking_about() -> None:
    scores = [0.1 + 0.02 * number for number in range(30)]
    pinned = [number == 29 for number in range(30)]
    asked = worth_asking(scores, pinned=pinned)
    assert asked == list(range(28, 28 - RERANKED, -1))
    assert worth_asking([0.0, 0.5], pinned=[False, False]) == [1]
    assert worth_asking([0.5, 0.4, 0.3], pinned=[False] * 3, most=2) == [0, 1]
