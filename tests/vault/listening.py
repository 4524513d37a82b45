"""A listener on a real watcher, for tests: what was told so far, and waiting for more with a deadline."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from sidecar.vault.changes import Changes
from sidecar.vault.exclusions import Exclusions
from sidecar.vault.watcher import watch


class Listener:
    """Everything that `watch` told, in order, with the time it was told at."""

    def __init__(self) -> None:
        self.told: list[Changes] = []
        self.times: list[float] = []
        self._news = asyncio.Condition()

    async def add(self, changes: Changes) -> None:
        async with self._news:
            self.told.append(changes)
            self.times.append(time.perf_counter())
            self._news.notify_all()

    async def until(self, enough: Callable[[list[Changes]], bool], *, seconds: float = 10) -> None:
        """Wait until what was told is enough. Raises TimeoutError with what was told."""
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: enough(self.told))
        except TimeoutError:
            raise TimeoutError(f"told only {self.told}") from None

    async def covered(self, *paths: str, seconds: float = 10) -> None:
        """Wait until each path was told since the last `forget`, by itself or through a scan that finds it."""
        await self.until(lambda told: all(covers(told, path) for path in paths), seconds=seconds)

    def forget(self) -> None:
        self.told.clear()
        self.times.clear()


def covers(told: list[Changes], path: str) -> bool:
    parts = path.split("/")
    above = {"/".join(parts[:length]) for length in range(1, len(parts) + 1)}
    return any(c.everything or path in c.paths or not above.isdisjoint(c.folders) for c in told)


@contextlib.asynccontextmanager
async def listening(
    root: Path, *, exclusions: Exclusions | None = None, stop: asyncio.Event | None = None, **options: Any
) -> AsyncIterator[Listener]:
    """Listen to a watcher that has begun; ends with it closed."""
    rules, listener = exclusions or Exclusions(), Listener()

    async def listen() -> None:
        async with contextlib.aclosing(
            watch(root, exclusions=lambda: rules, stop=stop or asyncio.Event(), **options)
        ) as changes:
            async for change in changes:
                await listener.add(change)

    task = asyncio.create_task(listen())
    try:
        await listener.until(lambda told: bool(told) and told[0].everything)
        if root.is_dir():
            listener.forget()
        yield listener
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
