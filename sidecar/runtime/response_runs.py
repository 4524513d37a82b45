"""Responses in the making: each is a task that makes events, which any number of readers may follow.

What runs here: one task a response. A response whose client waits ends with that client; one in the background ends by
itself, when it is stopped, or with the runtime. The events of a run live as long as somebody holds it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any, TypeAlias

from sidecar.errors import OverloadedError

Event: TypeAlias = Mapping[str, Any]

MAX_DETACHED = 32
"""Responses in the background at once: no connection bounds them."""


class ResponseRun:
    """One response in the making. The place of an event in `events` is its sequence number."""

    def __init__(self, response_id: str, *, detached: bool, kept: bool) -> None:
        self.id = response_id
        self.detached = detached
        self.kept = kept
        """Whether others than its own client may ask for it."""
        self.events: list[Event] = []
        self.error: Exception | None = None
        """Why it ended without a last event, or behind the one that says so."""
        self.stopped = False
        self.ending = False
        """Whether it makes its last events: it is too late to stop it."""
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    @property
    def finished(self) -> bool:
        return self._task is not None and self._task.done()

    @property
    def snapshot(self) -> Mapping[str, Any]:
        """The response as the last event that carries it says; empty before the first."""
        return next((event["response"] for event in reversed(self.events) if "response" in event), {})

    def begin(self, source: AsyncGenerator[Event, None]) -> asyncio.Task[None]:
        """Start to make events. An exception of the source becomes `error`."""
        self._task = asyncio.create_task(self._read(source))
        self._task.add_done_callback(lambda _: self._wake())
        return self._task

    async def follow(self, *, after: int = -1) -> AsyncGenerator[Event, None]:
        """The events behind the one of that number, as they come. Raises what the run ended with before any event."""
        position = max(0, after + 1)
        while True:
            # Before the look at the events: what comes between look and wait must not be missed.
            changed = self._changed
            while position < len(self.events):
                yield self.events[position]
                position += 1
            if self.finished:
                break
            if changed is self._changed:
                await changed.wait()
        if not self.events and self.error is not None:
            raise self.error

    async def wait(self) -> None:
        """Return when it has ended."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def stop(self) -> None:
        """End it with an event that says so, unless it ends already, and wait for that."""
        if not self.stopped and not self.ending:
            self.stopped = True
            self._cancel()
        await self.wait()

    async def abandon(self) -> None:
        """End it without a word, and wait for that. One that ends already is let say so and be kept: whoever stopped it
        is waiting for its last event.
        """
        if not self.stopped and not self.ending:
            self._cancel()
        await self.wait()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _read(self, source: AsyncGenerator[Event, None]) -> None:
        try:
            async with aclosing(source) as events:
                async for event in events:
                    self.events.append(event)
                    self._wake()
        except Exception as error:  # raised again where it is awaited
            self.error = error

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class ResponseRuns:
    """All that are in the making. `aclose` ends them."""

    def __init__(self, *, max_detached: int = MAX_DETACHED) -> None:
        self._runs: dict[str, ResponseRun] = {}
        self._max_detached = max_detached

    def start(
        self,
        response_id: str,
        make: Callable[[ResponseRun], AsyncGenerator[Event, None]],
        *,
        detached: bool,
        kept: bool,
    ) -> ResponseRun:
        """Begin a response, with the events that `make` gives for it. Raises OverloadedError."""
        if detached and sum(run.detached for run in self._runs.values()) >= self._max_detached:
            raise OverloadedError("Too many responses in the background.", retry_after=5.0)
        run = ResponseRun(response_id, detached=detached, kept=kept)
        self._runs[response_id] = run
        run.begin(make(run)).add_done_callback(lambda _: self._runs.pop(response_id, None))
        return run

    @property
    def all(self) -> tuple[ResponseRun, ...]:
        """Those in the making now."""
        return tuple(self._runs.values())

    def get(self, response_id: str) -> ResponseRun | None:
        """One that is still in the making, unless it is nobody else's business."""
        run = self._runs.get(response_id)
        return run if run is not None and run.kept else None

    async def aclose(self) -> None:
        """End all. Idempotent."""
        await asyncio.gather(*(run.abandon() for run in self.all))
