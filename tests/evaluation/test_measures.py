"""Measures of a ranking, against values worked out by hand and against what holds for every ranking."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.evaluation.measures import MAX_GRADE, first_rank, hit, mean, ndcg, percentile, recall, reciprocal_rank

NAMES = "abcdefgh"
grades = st.dictionaries(st.sampled_from(NAMES), st.integers(-1, 3))
rankings = st.lists(st.sampled_from(NAMES + "xyz"), unique=True)


@pytest.mark.parametrize(
    ("ranked", "relevant", "k", "expected"),
    [
        ("a", {"a": 1}, 10, 1.0),
        ("xa", {"a": 1}, 10, 1 / math.log2(3)),
        ("xxxxxxxxxxa", {"a": 1}, 10, 0.0),
        # 3/1 + 1/log2(3) is the most; found: 1/1 + 3/log2(3).
        ("ba", {"a": 2, "b": 1}, 10, (1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3))),
        # 7/1 + 3/log2(3) + 1/2 is the most; found at 2 and 4: 7/log2(3) + 1/log2(5).
        ("xayc", {"a": 3, "b": 2, "c": 1}, 10, (7 / math.log2(3) + 1 / math.log2(5)) / (7 + 3 / math.log2(3) + 0.5)),
        # Of three relevant ones no more than two can be among two.
        ("ab", {"a": 1, "b": 1, "c": 1}, 2, 1.0),
        ("ab", {"a": 0, "b": -2}, 10, 0.0),
        ("", {"a": 1}, 10, 0.0),
        ("a", {}, 10, 0.0),
        # A name that comes again counts once, and takes up its place.
        ("aab", {"a": 1, "b": 1}, 10, (1 + 0.5) / (1 + 1 / math.log2(3))),
    ],
)
def test_ndcg_is_what_is_worked_out_by_hand(ranked: str, relevant: dict[str, int], k: int, expected: float) -> None:
    assert ndcg(ranked, relevant, k=k) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("ranked", "relevant", "found", "reciprocal", "first"),
    [
        ("ab", {"a": 1, "b": 2}, 1.0, 1.0, 1.0),
        ("xa", {"a": 1, "b": 1}, 0.5, 0.5, 0.0),
        ("xyzab", {"a": 1, "b": 1}, 0.5, 0.25, 0.0),
        ("xyzxyab", {"a": 1}, 0.0, 0.0, 0.0),
        ("a", {"a": 0}, 0.0, 0.0, 0.0),
        ("xa", {"x": -1, "a": 1}, 1.0, 0.5, 0.0),
        ("aab", {"a": 1, "b": 1}, 1.0, 1.0, 1.0),
    ],
)
def test_recall_reciprocal_rank_and_hit_look_at_the_first_four(
    ranked: str, relevant: dict[str, int], found: float, reciprocal: float, first: float
) -> None:
    assert recall(ranked, relevant, k=4) == found
    assert reciprocal_rank(ranked, relevant, k=4) == reciprocal
    assert hit(ranked, relevant) == first


@given(rankings, grades, st.integers(1, 12))
def test_every_measure_lies_between_nothing_and_one(ranked: list[str], relevant: dict[str, int], k: int) -> None:
    for measure in (ndcg, recall, reciprocal_rank, hit):
        assert 0.0 <= measure(ranked, relevant, k=k) <= 1.0


@given(grades.filter(lambda relevant: any(grade > 0 for grade in relevant.values())))
def test_the_ideal_ranking_has_all_there_is_to_have(relevant: dict[str, int]) -> None:
    ideal = sorted(relevant, key=lambda name: -relevant[name])
    assert ndcg(ideal, relevant, k=10) == pytest.approx(1.0)
    assert recall(ideal, relevant, k=10) == reciprocal_rank(ideal, relevant, k=10) == hit(ideal, relevant) == 1.0


@given(rankings.filter(bool), grades, st.data())
def test_moving_a_better_name_up_never_does_harm(
    ranked: list[str], relevant: dict[str, int], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(ranked) - 1))
    above = data.draw(st.integers(0, place))
    if max(relevant.get(ranked[place], 0), 0) <= max(relevant.get(ranked[above], 0), 0):
        return
    swapped = list(ranked)
    swapped[place], swapped[above] = swapped[above], swapped[place]
    assert ndcg(swapped, relevant, k=20) > ndcg(ranked, relevant, k=20)
    for measure in (recall, reciprocal_rank, hit):
        assert measure(swapped, relevant, k=20) >= measure(ranked, relevant, k=20)


@given(rankings, grades)
def test_looking_further_finds_no_less(ranked: list[str], relevant: dict[str, int]) -> None:
    for measure in (recall, reciprocal_rank, hit):
        found = [measure(ranked, relevant, k=k) for k in range(1, 12)]
        assert found == sorted(found)


def test_a_grade_beyond_all_others_is_still_a_number() -> None:
    assert ndcg("ba", {"a": 10**9, "b": 1}, k=10) == ndcg("ba", {"a": MAX_GRADE, "b": 1}, k=10)


def test_the_first_rank_counts_from_one_and_nothing_has_none() -> None:
    assert first_rank("xa", {"a": 1}) == 2
    assert first_rank("xa", {"a": 0}) is None


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([3, 1, 2], 0.5, 2), ([4, 1, 2, 3], 0.5, 2), (range(1, 21), 0.95, 19), ([7], 0.95, 7), ([], 0.5, 0)],
)
def test_a_percentile_is_the_value_of_the_nearest_rank(values: list[float], share: float, expected: float) -> None:
    assert percentile(list(values), share) == expected


def test_the_mean_of_nothing_is_nothing() -> None:
    assert (mean([]), mean([1, 2])) == (0, 1.5)
