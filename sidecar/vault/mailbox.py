"""Where the watching thread leaves its findings for the event loop; while nobody takes them they are added up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from sidecar.vault.changes import Changes


class Mailbox:
    """Made on the event loop, which takes. `put` and `close` are the thread's."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pending: Changes | None = None
        self._news = asyncio.Event()
        self._closed = asyncio.Event()
        self._error: Exception | None = None

    def put(self, changes: Changes) -> None:
        """Add what was found."""
        self._call(lambda: self._receive(changes))

    def close(self, error: Exception | None) -> None:
        """Say that nothing more comes; whoever takes gets the error."""
        self._call(lambda: self._end(error))

    async def take(self) -> Changes | None:
        """Wait for what has gathered since the last call; `None` once the thread has ended."""
        await self._news.wait()
        if self._closed.is_set():
            if self._error is not None:
                raise self._error
            return None
        self._news.clear()
        changes, self._pending = self._pending, None
        return changes

    async def wait_closed(self, *, timeout: float) -> None:
        """Wait for the thread's end, but not for one that a slow file system holds up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._closed.wait()

    def _call(self, action: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            self._loop.call_soon_threadsafe(action)

    def _receive(self, changes: Changes) -> None:
        self._pending = changes if self._pending is None else self._pending.and_then(changes)
        self._news.set()

    def _end(self, error: Exception | None) -> None:
        self._error = error
        self._closed.set()
        self._news.set()
