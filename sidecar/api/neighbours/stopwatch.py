"""How long an answer took: the neighbours' APIs say so with every answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import aclosing

from sidecar.api.openai.answers import Deltas


class Stopwatch:
    """Runs from its making; `clock` gives nanoseconds."""

    def __init__(self, clock: Callable[[], int] = time.perf_counter_ns) -> None:
        self._clock = clock
        self._started = clock()
        self._first: int | None = None

    async def watch(self, deltas: Deltas) -> Deltas:
        """Give the deltas on, and remember when the first came."""
        async with aclosing(deltas):
            async for delta in deltas:
                if self._first is None:
                    self._first = self._clock()
                yield delta

    def durations(self) -> tuple[int, int, int]:
        """Nanoseconds in all until now, those until the first delta, and those after it."""
        now = self._clock()
        first = now if self._first is None else self._first
        return now - self._started, first - self._started, now - first
