"""The order of two lists is never worse than the better of them would be alone."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sidecar.retrieval.fusion import Scored, fused, relative_scores, similarity_above

_SHARES = st.floats(0, 1, allow_subnormal=False)
_COSINES = st.floats(-1, 1, allow_subnormal=False)
_WEIGHTS = st.floats(0, 1, allow_subnormal=False)


def scored(
    *rows: tuple[float, float | None], weight: float = 0.3, weights: tuple[float, ...] | None = None
) -> list[Scored]:
    """Candidates 0, 1, 2, … with their lexical share and cosine."""
    return [
        Scored(id=row, share=share, similarity=similarity, vector_weight=weights[row] if weights else weight)
        for row, (share, similarity) in enumerate(rows)
    ]


def order(candidates: list[Scored], background: float | None) -> list[int]:
    scores = fused(candidates, background=background)
    return sorted(scores, key=lambda row: (-scores[row], row))


@st.composite
def candidates(draw: st.DrawFn, *, weight: st.SearchStrategy[float] = _WEIGHTS) -> list[Scored]:
    rows = draw(st.lists(st.tuples(_SHARES, st.none() | _COSINES, weight), min_size=1, max_size=12))
    return [
        Scored(id=row, share=share, similarity=similarity, vector_weight=own)
        for row, (share, similarity, own) in enumerate(rows)
    ]


@given(candidates(), st.none() | _COSINES)
def test_scores_are_between_nothing_and_one(found: list[Scored], background: float | None) -> None:
    scores = fused(found, background=background)
    assert set(scores) == {candidate.id for candidate in found}
    assert all(0 <= score <= 1 for score in scores.values())


@given(candidates(), st.data(), _COSINES)
def test_no_candidate_overtakes_one_that_is_as_good_in_both_lists(
    found: list[Scored], data: st.DataObject, background: float
) -> None:
    better = data.draw(st.sampled_from(found))
    share = data.draw(st.floats(0, better.share))
    floor = -1.0 if better.similarity is None else better.similarity
    similarity = data.draw(st.none() | st.floats(-1, floor)) if better.similarity is not None else None
    worse = Scored(id=-1, share=share, similarity=similarity, vector_weight=better.vector_weight)
    scores = fused([*found, worse], background=background)
    assert scores[worse.id] <= scores[better.id]


@given(candidates())
def test_without_a_vector_list_the_words_alone_count(found: list[Scored]) -> None:
    assert fused(found, background=None) == {candidate.id: candidate.share for candidate in found}


@given(candidates(weight=st.just(0.0)), _COSINES)
def test_a_model_without_trust_changes_no_order(found: list[Scored], background: float) -> None:
    assume(any(candidate.share for candidate in found))
    scores = fused(found, background=background)
    for one in found:
        for other in found:
            if one.share > other.share:
                assert scores[one.id] >= scores[other.id]
    best = max(found, key=lambda candidate: candidate.share)
    assert scores[best.id] == pytest.approx(best.share)


@given(candidates(weight=st.just(1.0)), _COSINES)
def test_a_model_trusted_alone_gives_the_order_of_its_cosines(found: list[Scored], background: float) -> None:
    scores = fused(found, background=background)
    known = [candidate for candidate in found if candidate.similarity is not None]
    for one in known:
        for other in known:
            if (one.similarity or 0) > (other.similarity or 0):
                assert scores[one.id] >= scores[other.id]


@given(candidates(), _COSINES, st.floats(-0.5, 0.5))
def test_the_level_of_all_cosines_does_not_matter_for_the_order(
    found: list[Scored], background: float, shift: float
) -> None:
    # Models differ in it: 0.1 for chance neighbours in one, 0.7 in another.
    moved = [
        Scored(
            id=c.id,
            share=c.share,
            similarity=None if c.similarity is None else c.similarity + shift,
            vector_weight=c.vector_weight,
        )
        for c in found
    ]
    before, after = relative_scores(found, background), relative_scores(moved, background + shift)
    assert after == pytest.approx(before, abs=1e-9)


def test_a_vector_list_of_noise_leaves_a_clear_answer_of_the_words_first() -> None:
    noise = [(0.0, 0.42 - row / 1000) for row in range(40)]
    assert order(scored((0.9, 0.38), *noise), 0.38)[0] == 0


def test_equal_cosines_say_nothing() -> None:
    assert order(scored((0.2, 0.5), (0.8, 0.5), (0.5, 0.5)), 0.5) == [1, 2, 0]


def test_cosines_that_hardly_differ_hardly_count() -> None:
    # A spread of 0.01 is chance: stretched to a full scale it would decide.
    assert order(scored((0.9, 0.500), (0.7, 0.509)), 0.5) == [0, 1]


def test_one_small_word_in_a_foreign_note_does_not_beat_a_near_vector() -> None:
    assert order(scored((0.03, 0.21), (0.0, 0.83), (0.0, 0.2)), 0.2)[0] == 1


def test_where_nothing_matches_by_words_the_order_is_that_of_the_vectors() -> None:
    assert order(scored((0.0, 0.3), (0.0, 0.8), (0.0, 0.5)), 0.2) == [1, 2, 0]


def test_what_both_lists_find_stands_before_what_one_finds() -> None:
    assert order(scored((0.6, 0.7), (0.6, None), (0.0, 0.7)), 0.1)[0] == 0


def test_a_candidate_without_a_vector_counts_as_the_farthest() -> None:
    scores = fused(scored((0.5, None), (0.5, 0.2), (0.5, 0.9)), background=0.2)
    assert scores[0] == scores[1] < scores[2]


def test_each_candidate_is_weighed_as_its_own_language_deserves() -> None:
    # Two notes alike in both lists: the model knows the language of the second alone.
    rows = ((0.2, 0.9), (0.2, 0.9), (0.6, 0.1))
    assert order(scored(*rows, weights=(0.0, 0.7, 0.0)), 0.1) == [2, 1, 0]


def test_a_weak_match_keeps_a_low_score_although_it_is_the_best() -> None:
    scores = fused(scored((0.05, 0.31), (0.02, 0.3)), background=0.3)
    assert scores[0] < 0.1
    assert fused(scored((0.9, 0.9), (0.02, 0.3)), background=0.3)[0] > 0.8


def test_nothing_at_all_scores_nothing() -> None:
    assert fused([], background=0.3) == {}
    assert fused(scored((0.0, None), (0.0, 0.3)), background=0.3) == {0: 0.0, 1: 0.0}


@given(_COSINES, _COSINES)
def test_a_similarity_is_told_as_its_way_from_chance_to_identity(similarity: float, background: float) -> None:
    above = similarity_above(similarity, background)
    assert 0 <= above <= 1
    assert similarity_above(background, background) == 0
    if background < 0.99:
        assert similarity_above(1.0, background) == pytest.approx(1)
