"""How often the system is asked for its power, and how long a slow stint is followed by a rest."""

from __future__ import annotations

import asyncio

import pytest

from sidecar.indexer.pacing import Pace, Pacing

pytestmark = pytest.mark.anyio


class Machine:
    """A clock, a source of power and a processor, all set by hand; remembers the waits it was asked for."""

    def __init__(self, *, discharging: bool = True) -> None:
        self.discharging = discharging
        self.asked = 0
        self.now = 0.0
        self.cpu = 0.0
        self.waits: list[float] = []

    def source(self) -> bool:
        self.asked += 1
        return self.discharging

    async def wait(self, _event: asyncio.Event, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def pacing(self, chosen: Pace) -> Pacing:
        return Pacing(chosen, source=self.source, spent=lambda: self.cpu, clock=lambda: self.now, wait=self.wait)


@pytest.mark.parametrize("chosen", ["slow", "pause"])
async def test_the_system_is_asked_every_half_minute_at_most(chosen: Pace) -> None:
    machine = Machine()
    pacing = machine.pacing(chosen)
    assert machine.asked == 0
    assert [await pacing.now() for _ in range(5)] == [chosen] * 5
    assert machine.asked == 1
    machine.discharging = False
    machine.now = 29.9
    assert await pacing.now() == chosen
    machine.now = 30.0
    assert await pacing.now() == "run"
    assert machine.asked == 2


async def test_who_chose_to_run_is_never_asked_about_and_who_waits_is_not_kept_waiting() -> None:
    machine = Machine()
    assert await machine.pacing("run").now() == "run"
    pausing = machine.pacing("pause")
    with pausing.ignored():
        assert await pausing.now() == "run"
    assert machine.asked == 0
    assert await pausing.now() == "pause"


async def test_a_rest_is_three_times_the_processor_time_of_the_stint() -> None:
    machine = Machine()
    pacing = machine.pacing("slow")
    stint = await pacing.work(None)
    machine.now, machine.cpu = 0.4, 0.4
    assert await pacing.rest(stint) is stint
    assert await pacing.work(stint) is stint
    # Two cores were busy.
    machine.now, machine.cpu = 20.0, 40.0
    assert await pacing.rest(stint) is None
    assert machine.waits == [30.0] * 4
    machine.cpu = 41.0
    stint = await pacing.work(None)
    machine.now, machine.cpu = machine.now + 1, 42.0
    await pacing.rest(stint)
    assert machine.waits[4:] == [3.0]


async def test_a_rest_ends_with_mains_power_and_when_something_is_wanted() -> None:
    machine = Machine()
    pacing = machine.pacing("slow")
    stint = await pacing.work(None)
    machine.now, machine.cpu = 100.0, 100.0
    wanted = asyncio.Event()
    wanted.set()
    await pacing.rest(stint, wanted=wanted)
    assert machine.waits == []
    assert await pacing.now() == "slow"
    machine.discharging = False
    await pacing.rest(stint)
    assert machine.waits == [30.0]


async def test_a_process_that_ended_takes_no_rest_with_it() -> None:
    machine = Machine()
    pacing = machine.pacing("slow")
    machine.cpu = 50.0
    stint = await pacing.work(None)
    machine.now, machine.cpu = 9.0, 1.0
    assert await pacing.rest(stint) is None
    assert machine.waits == []
