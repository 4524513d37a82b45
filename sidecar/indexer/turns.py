"""A lock whose holder can see that somebody else wants it: a run that goes slowly makes room for a deletion."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Turns:
    """One at a time, first come, first served."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._waiting = 0
        self.wanted = asyncio.Event()
        """Set while somebody waits for their turn who is not patient."""

    @contextlib.asynccontextmanager
    async def take(self, *, patient: bool = False) -> AsyncIterator[None]:
        """Wait for the turn and have it for as long as this lasts; `patient`, without whoever has it being told."""
        self._waiting += not patient
        if not patient:
            self.wanted.set()
        try:
            await self._lock.acquire()
        finally:
            self._waiting -= not patient
            if not self._waiting:
                self.wanted.clear()
        try:
            yield
        finally:
            self._lock.release()
