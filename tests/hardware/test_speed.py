"""What memory's speed lets expect of a model."""

from __future__ import annotations

import pytest

from sidecar.hardware.bandwidth import measure_bandwidth
from sidecar.hardware.machine import Machine
from sidecar.hardware.speed import compare, expected_speed

MIB = 2**20


def test_the_bandwidth_of_this_machine_is_one_that_memory_can_have() -> None:
    bandwidth = measure_bandwidth(0.1, size=64 * MIB)
    assert bandwidth is not None
    assert 1e8 < bandwidth < 1e13


def test_no_bandwidth_is_measured_where_memory_is_too_short_for_it() -> None:
    tight = Machine(total=512 * MIB, available=128 * MIB, cores=2)
    assert measure_bandwidth(0.1, machine=tight) is None


def test_a_model_twice_as_large_is_half_as_fast() -> None:
    one = expected_speed(bandwidth=50e9, bytes_per_token=4_000_000_000)
    two = expected_speed(bandwidth=50e9, bytes_per_token=8_000_000_000)
    assert one is not None
    assert two is not None
    assert one == pytest.approx(2 * two)
    assert 5 < one < 12.5


def test_nothing_is_expected_of_a_model_of_which_nothing_is_known() -> None:
    assert expected_speed(bandwidth=50e9, bytes_per_token=0) is None


@pytest.mark.parametrize(
    ("expected", "measured", "says"),
    [
        (10.0, 10.0, "10.0 tokens/s measured, 10.0 expected: as it should be."),
        (10.0, 8.0, "as it should be"),
        (10.0, 3.0, "something slows it down"),
        (10.0, 40.0, "faster than the memory alone lets expect"),
        (0.0, 40.0, "40 tokens/s measured, 0.0 expected."),
        (1234.0, 1200.0, "1,200 tokens/s measured, 1,234 expected"),
    ],
)
def test_a_measured_speed_is_set_beside_the_expected_one(expected: float, measured: float, says: str) -> None:
    assert says in compare(expected, measured)
