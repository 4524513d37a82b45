"""Answers to what was posted: a JSON object, server-sent events, or lines of JSON, each error in them raised."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import httpx2

from sidecar.errors import UpstreamError
from sidecar.upstream.events import payloads
from sidecar.upstream.lines import lines
from sidecar.upstream.problem import problem_in
from sidecar.upstream.transport import Json, Transport, read

_LAST_BYTES = 0.2
_MAX_STREAM = 64 * 2**20
"""Bytes of one answer. The longest that models write, with all that servers put around each token, is far below."""


async def post_json(transport: Transport, url: str, body: Mapping[str, Any]) -> Json:
    """Post, and read one object. Raises UpstreamError."""
    async with transport.opened("POST", url, body) as response, transport.within(transport.patience):
        answer = transport.parsed(await read(response))
        if problem := problem_in(answer):
            # LM Studio answers 200 to a path it does not know.
            raise transport.error("failed", problem, status=problem.status or response.status_code)
        return answer


async def events(transport: Transport, url: str, body: Mapping[str, Any]) -> AsyncGenerator[Json, None]:
    """Post, and give each event as it arrives, a whole JSON answer as one. Raises UpstreamError."""
    heard = finished = False
    async with (
        transport.opened("POST", url, body) as response,
        aclosing(_bounded(response)) as chunks,
        aclosing(payloads(chunks)) as stream,
    ):
        while (payload := await _next(transport, stream)) is not None:
            heard = True
            if payload.strip() == "[DONE]":
                await _drain(stream)
                return
            found = _object(transport, payload)
            finished = finished or _finishes(found)
            yield found
        if heard and not (finished or _delimited(response)):
            raise UpstreamError(f"{transport.name} stopped in the middle of its answer.", hint=transport.hint(500))
        if not heard:
            kind = response.headers.get("content-type", "nothing")
            raise UpstreamError(f"{transport.name} answered with {kind} instead of events.", hint=transport.hint(404))


async def objects(transport: Transport, url: str, body: Mapping[str, Any]) -> AsyncGenerator[Json, None]:
    """Post, and give each line's object as it arrives. Raises UpstreamError."""
    async with (
        transport.opened("POST", url, body) as response,
        aclosing(_bounded(response)) as chunks,
        aclosing(lines(chunks)) as stream,
    ):
        while (line := await _next(transport, stream)) is not None:
            yield _object(transport, line)


async def _bounded(response: httpx2.Response) -> AsyncGenerator[bytes, None]:
    size = 0
    async with aclosing(response.aiter_bytes()) as chunks:
        async for chunk in chunks:
            size += len(chunk)
            if size > _MAX_STREAM:
                raise UpstreamError("The upstream sent an answer of more than 64 MiB.")
            yield chunk


async def _next(transport: Transport, stream: AsyncGenerator[str, None]) -> str | None:
    """The next piece; comments and half lines are silence."""
    async with transport.within(transport.patience):
        return await anext(stream, None)


def _finishes(event: Json) -> bool:
    choices = event.get("choices")
    named = isinstance(choices, list) and any(isinstance(each, dict) and each.get("finish_reason") for each in choices)
    return named or bool(event.get("usage"))


def _delimited(response: httpx2.Response) -> bool:
    """Whether an end that came too early would have been noticed."""
    return "content-length" in response.headers or "transfer-encoding" in response.headers


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
