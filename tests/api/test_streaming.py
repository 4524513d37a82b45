"""Server-sent events by themselves: comments in silence, and nothing before the first event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest
from starlette.types import Message

from sidecar.api.streaming import EventStream

pytestmark = pytest.mark.anyio

SCOPE = {"type": "http", "state": {"request_id": "req_1"}}


class Wire:
    """Takes what is sent, and wakes who waits for it."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self._changed = asyncio.Condition()

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        async with self._changed:
            self._changed.notify_all()

    async def receive(self) -> Message:
        raise AssertionError("a stream reads nothing")

    @property
    def bodies(self) -> list[bytes]:
        return [message["body"] for message in self.sent if message["type"] == "http.response.body"]

    async def wait_for(self, body: bytes, *, times: int = 1) -> None:
        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(lambda: self.bodies.count(body) >= times)


async def test_silence_is_broken_by_comments_but_only_after_the_start() -> None:
    wire, first, second = Wire(), asyncio.Event(), asyncio.Event()

    async def events() -> AsyncGenerator[Mapping[str, Any], None]:
        await first.wait()
        yield {"n": 1}
        await second.wait()
        yield {"n": 2}

    stream = asyncio.create_task(EventStream(events(), silence=0.02)(SCOPE, wire.receive, wire.send))
    assert not (await asyncio.wait({stream}, timeout=0.1))[0]
    assert wire.sent == []
    first.set()
    await wire.wait_for(b": keep-alive\n\n", times=2)
    second.set()
    await stream
    without = [body for body in wire.bodies if body != b": keep-alive\n\n"]
    assert without == [b'data: {"n":1}\n\n', b'data: {"n":2}\n\n', b"data: [DONE]\n\n", b""]
    assert [message["more_body"] for message in wire.sent[1:]] == [True] * (len(wire.sent) - 2) + [False]


async def test_cancelling_a_stream_closes_its_source_before_it_returns() -> None:
    wire, closed = Wire(), False

    async def events() -> AsyncGenerator[Mapping[str, Any], None]:
        nonlocal closed
        try:
            yield {"n": 1}
            await asyncio.Event().wait()
        finally:
            closed = True

    stream = asyncio.create_task(EventStream(events())(SCOPE, wire.receive, wire.send))
    await wire.wait_for(b'data: {"n":1}\n\n')
    stream.cancel()
    await asyncio.wait({stream})
    assert closed
    assert stream.cancelled()


async def test_an_error_before_the_first_event_sends_nothing() -> None:
    wire = Wire()

    async def events() -> AsyncGenerator[Mapping[str, Any], None]:
        if wire.sent == []:
            raise ValueError("early")
        yield {}

    with pytest.raises(ValueError, match="early"):
        await EventStream(events())(SCOPE, wire.receive, wire.send)
    assert wire.sent == []
