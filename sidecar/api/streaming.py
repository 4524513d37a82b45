"""Server-sent events: one event is one frame is one write.

Nothing is sent before the first event exists, so that whatever goes wrong until then is still a plain HTTP error. Some
clients parse each network read by itself, so frames are ASCII with the data on a single line, never split and never
joined.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

from starlette.types import Receive, Scope, Send

from sidecar.api.errors import describe_failure, log_failure

SILENCE = 10.0
"""Seconds without an event after which a comment says that the connection lives."""

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]
_DONE = b"data: [DONE]\n\n"
_KEEP_ALIVE = b": keep-alive\n\n"


class EventStream:
    """A response that sends JSON events as they come and `[DONE]` after the last.

    An exception before the first event is raised; after it, it becomes the last event, `{"error": …}`, without
    `[DONE]`. However the stream ends, `events` is closed in the task that read it. With `named`, each event's `type`
    stands in a line `event:` above it as well.
    """

    def __init__(
        self, events: AsyncGenerator[Mapping[str, Any], None], *, silence: float = SILENCE, named: bool = False
    ) -> None:
        self._events = events
        self._silence = silence
        self._named = named

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        writer: _Writer | None = None
        try:
            async with aclosing(self._events) as events:
                event = await anext(events, None)
                await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
                async with _writer(send, silence=self._silence, named=self._named) as writer:
                    if event is not None:
                        await writer.event(event)
                    async for event in events:
                        await writer.event(event)
                    await writer.write(_DONE)
        except Exception as error:
            if writer is None:
                raise
            request_id: str = scope["state"]["request_id"]
            log_failure(error, request_id=request_id)
            await writer.event(describe_failure(error, request_id=request_id).body)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Writer:
    """Sends frames, whole and one after the other."""

    def __init__(self, send: Send, *, named: bool) -> None:
        self._send = send
        self._named = named
        self._lock = asyncio.Lock()
        self._last = asyncio.get_running_loop().time()

    async def event(self, event: Mapping[str, Any]) -> None:
        # ASCII: some clients split lines at U+2028 too, and some decode each read by itself, which cuts characters.
        data = json.dumps(event, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
        name = f"event: {event['type']}\n" if self._named and "type" in event else ""
        await self.write(f"{name}data: {data}\n\n".encode("ascii"))

    async def write(self, frame: bytes) -> None:
        async with self._lock:
            await self._send({"type": "http.response.body", "body": frame, "more_body": True})
            self._last = asyncio.get_running_loop().time()

    async def break_silence(self, silence: float) -> None:
        """Send a comment whenever nothing was sent for `silence` seconds; runs until cancelled."""
        while True:
            await asyncio.sleep(max(0.0, self._last + silence - asyncio.get_running_loop().time()))
            if asyncio.get_running_loop().time() - self._last >= silence:
                await self.write(_KEEP_ALIVE)


@asynccontextmanager
async def _writer(send: Send, *, silence: float, named: bool) -> AsyncIterator[_Writer]:
    writer = _Writer(send, named=named)
    ticker = asyncio.create_task(writer.break_silence(silence))
    try:
        yield writer
    finally:
        ticker.cancel()
        await asyncio.wait({ticker})
