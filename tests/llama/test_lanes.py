"""Which prefixes the key-value cache keeps, and for whom."""

from __future__ import annotations

import random

import pytest

from sidecar.llama.lanes import Lanes, common_prefix


class _Cells:
    """What a context holds, sequence by sequence, as llama.cpp would."""

    def __init__(self, count: int, *, shortens: bool = True) -> None:
        self.held: list[list[int]] = [[] for _ in range(count)]
        self.copies = 0
        self._shortens = shortens

    def forget(self, sequence: int, *, after: int) -> bool:
        if after > 0 and after < len(self.held[sequence]) and not self._shortens:
            return False
        del self.held[sequence][max(0, after) :]
        return True

    def copy(self, source: int, target: int, *, length: int) -> None:
        assert self.held[target] == []
        self.held[target] = self.held[source][:length]
        self.copies += 1


def _answered(lanes: Lanes, cells: _Cells, tokens: list[int]) -> int:
    """Take a lane for a text, evaluate it, give it back; returns how much was there."""
    lane = lanes.take(tokens, fresh=False)
    kept = len(lane.tokens)
    assert cells.held[lane.sequence] == lane.tokens == tokens[:kept]
    lane.tokens.extend(tokens[kept:])
    cells.held[lane.sequence].extend(tokens[kept:])
    lanes.give_back(lane)
    return kept


@pytest.mark.parametrize(
    ("left", "right", "shared"),
    [([], [], 0), ([1], [], 0), ([1, 2, 3], [1, 2, 3], 3), ([1, 2, 3], [1, 2, 4], 2), ([1], [2], 0), ([1, 2], [1], 1)],
)
def test_what_two_texts_begin_with(left: list[int], right: list[int], shared: int) -> None:
    assert common_prefix(left, right) == shared


def test_what_two_texts_begin_with_is_found_as_a_walk_would_find_it() -> None:
    chance = random.Random(7)
    for _ in range(300):
        left = [chance.randrange(3) for _ in range(chance.randrange(40))]
        right = left[: chance.randrange(41)] + [chance.randrange(3) for _ in range(chance.randrange(10))]
        walked = next(
            (i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(map(len, (left, right)))
        )
        assert common_prefix(left, right) == walked


def test_the_next_turn_finds_what_the_last_one_left() -> None:
    cells = _Cells(3)
    lanes = Lanes(cells, number=3, shortens=True)
    assert _answered(lanes, cells, [1, 2, 3, 4]) == 0
    assert _answered(lanes, cells, [1, 2, 3, 4, 5, 6]) == 4
    assert cells.copies == 0


def test_the_same_text_again_leaves_one_token_to_evaluate() -> None:
    cells = _Cells(3)
    lanes = Lanes(cells, number=3, shortens=True)
    _answered(lanes, cells, [1, 2, 3, 4])
    assert _answered(lanes, cells, [1, 2, 3, 4]) == 3


def test_two_conversations_with_one_beginning_both_keep_their_own() -> None:
    cells = _Cells(3)
    lanes = Lanes(cells, number=3, shortens=True)
    _answered(lanes, cells, [1, 2, 3, 10, 11])
    assert _answered(lanes, cells, [1, 2, 3, 20, 21]) == 3
    assert _answered(lanes, cells, [1, 2, 3, 10, 11, 12]) == 5
    assert _answered(lanes, cells, [1, 2, 3, 20, 21, 22]) == 5


def test_a_lane_in_use_lends_its_beginning_and_is_left_alone() -> None:
    cells = _Cells(2)
    lanes = Lanes(cells, number=2, shortens=True)
    first = lanes.take([1, 2, 3], fresh=False)
    first.tokens.extend([1, 2, 3])
    cells.held[first.sequence].extend([1, 2, 3])
    assert _answered(lanes, cells, [1, 2, 9]) == 2
    assert first.tokens == cells.held[first.sequence] == [1, 2, 3]


def test_the_lane_used_longest_ago_makes_room() -> None:
    cells = _Cells(2)
    lanes = Lanes(cells, number=2, shortens=True)
    _answered(lanes, cells, [1, 1])
    _answered(lanes, cells, [2, 2])
    _answered(lanes, cells, [1, 1, 1])
    assert lanes.evict()
    assert sorted(cells.held) == [[], [1, 1, 1]]
    assert lanes.evict()
    assert not lanes.evict()


def test_nothing_is_reused_for_a_fresh_text() -> None:
    cells = _Cells(2)
    lanes = Lanes(cells, number=2, shortens=True)
    _answered(lanes, cells, [1, 2, 3])
    assert lanes.take([1, 2, 3, 4], fresh=True).tokens == []


def test_the_only_lane_is_cut_where_the_texts_part() -> None:
    cells = _Cells(1)
    lanes = Lanes(cells, number=1, shortens=True)
    _answered(lanes, cells, [1, 2, 3, 4])
    assert _answered(lanes, cells, [1, 2, 9]) == 2
    assert cells.held == [[1, 2, 9]]


def test_a_state_that_cannot_be_shortened_is_reused_whole_or_not_at_all() -> None:
    cells = _Cells(2, shortens=False)
    lanes = Lanes(cells, number=2, shortens=False)
    _answered(lanes, cells, [1, 2, 3])
    assert _answered(lanes, cells, [1, 2, 9]) == 0
    assert _answered(lanes, cells, [1, 2, 3, 4]) == 3


def test_what_a_broken_off_call_left_is_withdrawn() -> None:
    for shortens, left in ((True, [1, 2]), (False, [])):
        cells = _Cells(1, shortens=shortens)
        lanes = Lanes(cells, number=1, shortens=shortens)
        lane = lanes.take([1, 2, 3, 4], fresh=False)
        lane.tokens.extend([1, 2])
        cells.held[0].extend([1, 2, 3])
        lanes.withdraw(lane)
        assert lane.tokens == cells.held[0] == left


def test_a_state_that_cannot_be_shortened_is_not_lent_while_it_is_used() -> None:
    cells = _Cells(3, shortens=False)
    lanes = Lanes(cells, number=3, shortens=False)
    first = lanes.take([1, 2], fresh=False)
    first.tokens.extend([1, 2])
    cells.held[first.sequence].extend([1, 2])
    assert _answered(lanes, cells, [1, 2, 3]) == 0
    assert (first.tokens, cells.copies) == ([1, 2], 0)
