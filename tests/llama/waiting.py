"""Waiting for something to become true, with a deadline instead of a sleep."""

from __future__ import annotations

from collections.abc import Callable

import anyio


async def until(condition: Callable[[], bool], *, within: float = 20.0) -> None:
    """Return as soon as `condition` holds; raises TimeoutError after `within` seconds."""
    with anyio.fail_after(within):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in another process
            await anyio.sleep(0.005)
