"""How much of a prompt is read while answers are being written."""

from __future__ import annotations

import pytest

from sidecar.llama.pace import Pace


def _settled(*, call: float, token: float) -> int:
    """The size of the pieces once a machine with such costs has been watched for a while."""
    pace = Pace()
    pace.measured(call + 512 * token, writing=0, reading=512)
    for _ in range(60):
        pace.measured(call, writing=2, reading=0)
        piece = min(512, pace.piece() or 512)
        pace.measured(call + piece * token, writing=2, reading=piece)
    return min(512, pace.piece() or 512)


@pytest.mark.parametrize(
    ("call", "token", "low", "high"),
    [
        (0.0001, 0.00001, 512, 512),
        (0.05, 0.001, 190, 210),
        (0.02, 0.02, 16, 16),
        # Two seconds a call: a piece that takes as long again, not the smallest one.
        (2.0, 0.01, 190, 210),
    ],
)
def test_a_piece_takes_a_quarter_of_a_second_or_as_long_as_the_call_itself(
    call: float, token: float, low: int, high: int
) -> None:
    assert low <= _settled(call=call, token=token) <= high


def test_nothing_is_known_before_anything_was_measured() -> None:
    assert Pace().piece() is None
