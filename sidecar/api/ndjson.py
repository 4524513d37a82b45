"""Streams of JSON lines, as Ollama's clients read them: one object is one line is one write.

As with events, nothing is sent before the first line exists, so that whatever goes wrong until then is still a plain
HTTP error. There are no comments in this format: a line that is not an object breaks its readers.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from typing import Any

from starlette.types import Receive, Scope, Send

from sidecar.api.errors import describe_failure, log_failure

_HEADERS = [
    (b"content-type", b"application/x-ndjson"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]
_LAST_WORD = 0.5
"""Seconds that a client which does not read may hold up the end of its answer when the server stops."""


class LineStream:
    """A response that sends objects as they come.

    An exception before the first line is raised; after it, it becomes the last line, `{"error": "…"}`. So does the
    server's own stopping: the layer above knows how to end events only. However the stream ends, `lines` is closed in
    the task that read it.
    """

    def __init__(self, lines: AsyncGenerator[Mapping[str, Any], None]) -> None:
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False
        try:
            async with aclosing(self._lines) as lines:
                first = _line(await anext(lines))
                await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
                started = True
                await _write(send, first)
                async for line in lines:
                    await _write(send, _line(line))
        except asyncio.CancelledError:
            if started:
                await _last_word(send)
            raise
        except Exception as error:
            if not started:
                raise
            request_id: str = scope["state"]["request_id"]
            log_failure(error, request_id=request_id)
            message = describe_failure(error, request_id=request_id).body["error"]["message"]
            await _write(send, _line({"error": message}))
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _last_word(send: Send) -> None:
    """Say why an answer ends too early. To a client that has left, sending does nothing."""
    line = _line({"error": "The server is stopping: this answer is not complete."})
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_WORD):
            await send({"type": "http.response.body", "body": line, "more_body": False})


async def _write(send: Send, line: bytes) -> None:
    await send({"type": "http.response.body", "body": line, "more_body": True})


def _line(value: Mapping[str, Any]) -> bytes:
    # ASCII: httpx, under Ollama's Python client, ends lines at U+2028 and U+0085 too.
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"
