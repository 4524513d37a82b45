"""How long a request may run: until it is answered, its client leaves, or the server stops.

The body is read first, so that from then on the connection can only tell that the client is gone. The work runs as a
task of its own and is cancelled at once when that happens, in prefill as in mid-stream; everything below just awaits.
Work is counted: over the limit the answer is 429 at once, and a model's own queue is the model's business.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sidecar.api.body import receive_body
from sidecar.api.errors import RefusedError, describe_failure
from sidecar.errors import OverloadedError

MAX_REQUESTS = 256
"""Requests with a body at work at once: 200 open streams and room for the rest. Reads (`GET`) are not counted, so that
status and model lists answer even then."""
_OPEN_BODY = 4096
"""Bytes that may be sent without a key."""
_GRACE = 1.5
"""Seconds that work which has sent nothing yet may finish in when the server stops."""


class Lifetime:
    """Runs each request as a task that ends when it should. `stopping` is set once, when the server stops.

    `open_paths` are those that ask for no key: who has none can neither take up the places of those who have one, nor
    send much.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body: int,
        stopping: asyncio.Event,
        max_requests: int = MAX_REQUESTS,
        open_paths: Collection[str] = (),
    ) -> None:
        self._app = app
        self._max_body = max_body
        self._open_paths = open_paths
        self._stopping = stopping
        self._max_requests = max_requests
        self._running = 0

    @property
    def running(self) -> int:
        """Requests at work now."""
        return self._running

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_open = scope["path"] in self._open_paths
        counted = scope["method"] == "POST" and not is_open
        if self._stopping.is_set():
            raise _stopping_error()
        if counted and self._running >= self._max_requests:
            raise OverloadedError("Too many requests at once.", retry_after=1.0)
        self._running += counted
        try:
            body = await receive_body(scope, receive, limit=_OPEN_BODY if is_open else self._max_body)
            if body is not None:
                await self._run(scope, body, receive, send)
        finally:
            self._running -= counted

    async def _run(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        answer = _Answer(send)
        work = asyncio.ensure_future(self._app(scope, _replay(body), answer.send))
        gone = asyncio.ensure_future(_departure(receive))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({work, gone, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if stopping.done() and not answer.streaming:
                await asyncio.wait({work, gone}, timeout=_GRACE, return_when=asyncio.FIRST_COMPLETED)
            if answer.complete:
                # The end of an answer also reads as a departure; what is left is the work's own tidying up.
                await asyncio.wait({work})
        finally:
            await _cancel(work, gone, stopping)
        if not work.cancelled():
            work.result()
        elif not gone.done() or gone.cancelled():
            await answer.stop()


class _Answer:
    """Watches what the work has sent so far."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._started = False
        self.streaming = False
        self.complete = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started = True
            self.streaming = any(
                name == b"content-type" and value.startswith(b"text/event-stream")
                for name, value in message.get("headers", ())
            )
        elif not message.get("more_body", False):
            self.complete = True
        await self._send(message)
        if message.get("more_body", False):
            # Where neither the model nor the client makes a stream wait, the others get their turn here, and the news
            # that the client has left arrives before more is written to it.
            await asyncio.sleep(0)

    async def stop(self) -> None:
        """Say that the server stops: as an error answer, or as the last event of a stream."""
        if not self._started:
            raise _stopping_error()
        if self.streaming and not self.complete:
            body = json.dumps(describe_failure(_stopping_error()).body).encode("ascii")
            await self._send({"type": "http.response.body", "body": b"data: " + body + b"\n\n", "more_body": False})


def _stopping_error() -> RefusedError:
    return RefusedError(
        "The server is stopping.",
        status=503,
        kind="server_error",
        code="server_stopping",
        headers=((b"retry-after", b"2"),),
    )


def _replay(body: bytes) -> Receive:
    """A `receive` that gives a body already read. It never reports a departure: cancellation does."""
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            await asyncio.Event().wait()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _departure(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cancel(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
