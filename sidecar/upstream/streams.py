"""Answers to what was posted: a JSON object, server-sent events, or lines of JSON, each error in them raised."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from sidecar.errors import UpstreamError
from sidecar.upstream.events import payloads
from sidecar.upstream.lines import lines
from sidecar.upstream.problem import problem_in
from sidecar.upstream.transport import Json, Transport, read

_LAST_BYTES = 0.2


async def post_json(transport: Transport, url: str, body: Mapping[str, Any]) -> Json:
    """Post, and read one object. Raises UpstreamError."""
    async with transport.opened("POST", url, body) as response:
        answer = transport.parsed(await read(response))
        if problem := problem_in(answer):
            # LM Studio answers 200 to a path it does not know.
            raise transport.error("failed", problem, status=problem.status or response.status_code)
        return answer


async def events(transport: Transport, url: str, body: Mapping[str, Any]) -> AsyncGenerator[Json, None]:
    """Post, and give each event as it arrives, a whole JSON answer as one. Raises UpstreamError."""
    heard = False
    async with (
        transport.opened("POST", url, body) as response,
        aclosing(response.aiter_bytes()) as chunks,
        aclosing(payloads(chunks)) as stream,
    ):
        async for payload in stream:
            heard = True
            if payload.strip() == "[DONE]":
                await _drain(stream)
                break
            yield _object(transport, payload)
        if not heard:
            kind = response.headers.get("content-type", "nothing")
            raise UpstreamError(f"{transport.name} answered with {kind} instead of events.", hint=transport.hint(404))


async def objects(transport: Transport, url: str, body: Mapping[str, Any]) -> AsyncGenerator[Json, None]:
    """Post, and give each line's object as it arrives. Raises UpstreamError."""
    async with (
        transport.opened("POST", url, body) as response,
        aclosing(response.aiter_bytes()) as chunks,
        aclosing(lines(chunks)) as stream,
    ):
        async for line in stream:
            yield _object(transport, line)


def _object(transport: Transport, text: str) -> Json:
    found = transport.parsed(text)
    if problem := problem_in(found):
        raise transport.error("failed while answering", problem, status=problem.status)
    return found


async def _drain(stream: AsyncGenerator[str, None]) -> None:
    # Closing with the end of the answer unread looks to the server like a client that left. Some never end it, though.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LAST_BYTES):
            async for _ in stream:
                pass
