from __future__ import annotations

import pytest

from sidecar.indexer.waking import Moment, moment, slept

BEFORE = Moment(steady=100.0, wall=1_000_000.0)


@pytest.mark.parametrize(
    ("steady", "wall", "expected"),
    [
        (15.0, 15.0, False),
        (15.2, 14.9, False),
        (22.0, 22.0, False),  # a busy machine
        (15.0, 16.5, False),  # a clock that is being kept right
        (15.0, 3_615.0, True),  # an hour's sleep on Linux and macOS
        (3_615.0, 3_615.0, True),  # and where the steady clock goes on
        (15.0, -3_585.0, True),  # the clock was set back
        (15.0, 10.0**9, True),
    ],
)
def test_a_sleep_shows_on_one_of_the_clocks(steady: float, wall: float, expected: bool) -> None:
    after = Moment(steady=BEFORE.steady + steady, wall=BEFORE.wall + wall)
    assert slept(BEFORE, after, waited=15.0) is expected


def test_two_moments_in_a_row_are_no_sleep() -> None:
    assert not slept(moment(), moment(), waited=0.0)
