"""How fast indexing goes in the background: at full speed, at a quarter of one core, or not at all, as power allows.

What runs here: nothing by itself. Whoever works asks before each batch, and rests after it; the system is asked for
its source of power every half minute at most, and only while there is work.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sidecar.hardware.battery import on_battery as machine_on_battery
from sidecar.hardware.spent import cpu_seconds

Pace: TypeAlias = Literal["run", "slow", "pause"]
"""`slow` is one process that rests three times as long as it worked; `pause` leaves all that can wait."""

_ASK_SECONDS = 30.0
_REST = 3.0
# Looking up the time that was spent takes some ten milliseconds: a batch of the built-in embedding takes fewer.
_STINT_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Stint:
    """Some batches of slow work: when it began on the clock, and the processor time that had been spent by then."""

    begun: float
    spent: float


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


class Pacing:
    """The pace that is right now. One for the whole program."""

    def __init__(
        self,
        on_battery: Pace = "run",
        *,
        source: Callable[[], bool] = machine_on_battery,
        spent: Callable[[], float] = cpu_seconds,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[asyncio.Event, float], Awaitable[None]] = _wait,
    ) -> None:
        """`on_battery` is the pace for when `source` says that the machine runs on its battery; `spent` are the seconds
        of processor time used so far, `clock` counts seconds, and `wait` waits for an event, for so many at most.
        """
        self._chosen: Pace = on_battery
        self._source = source
        self._spent = spent
        self._clock = clock
        self._wait = wait
        self._discharging = False
        self._ask_at = float("-inf")
        self._ignored = 0

    async def now(self) -> Pace:
        """The pace to work at."""
        if self._chosen == "run" or self._ignored:
            return "run"
        if self._clock() >= self._ask_at:
            self._discharging = await asyncio.to_thread(self._source)
            self._ask_at = self._clock() + _ASK_SECONDS
        return self._chosen if self._discharging else "run"

    @contextlib.contextmanager
    def ignored(self) -> Iterator[None]:
        """Work at full speed for as long as this lasts: the user waits for it."""
        self._ignored += 1
        try:
            yield
        finally:
            self._ignored -= 1

    async def work(self, stint: Stint | None) -> Stint:
        """Begin a stint before a batch at the slow pace, or go on with the one before."""
        return stint or Stint(begun=self._clock(), spent=await asyncio.to_thread(self._spent))

    async def rest(self, stint: Stint, *, wanted: asyncio.Event | None = None) -> Stint | None:
        """Rest after a batch, for three times the processor time of the stint, but no longer than until something is
        `wanted` or the pace is another one. Gives back a stint that was too short to be worth a rest.
        """
        if self._clock() - stint.begun < _STINT_SECONDS:
            return stint
        # A process that ended since then took its time with it.
        left = _REST * max(0.0, await asyncio.to_thread(self._spent) - stint.spent)
        waited = wanted or asyncio.Event()
        while left > 0 and not waited.is_set() and await self.now() == "slow":
            await self._wait(waited, min(left, _ASK_SECONDS))
            left -= _ASK_SECONDS
        return None
