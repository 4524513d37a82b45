"""A model server that lets nobody through until it is told to: its streams stay open as long as a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.inference.programs import CHAT, play_vllm
from tests.inference.upstream_server import DONE, UpstreamServer, chunk, upstream_server

MODEL = "tiny"
WORDS = 5


class Gate:
    """The server's URL, how many wait in front of the gate, and the gate. Used from another thread than its own."""

    def __init__(self, url: str, loop: asyncio.AbstractEventLoop) -> None:
        self.url = url
        self.waiting = 0
        self.more = WORDS
        """How many words follow the first."""
        self._loop = loop
        self._open = asyncio.Event()
        self.closed = asyncio.Event()

    def open(self) -> None:
        """Let through those who wait, and all who come later."""
        self._loop.call_soon_threadsafe(self._open.set)

    def shut(self) -> None:
        """Hold those who come later."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def close(self) -> None:
        """Let everyone through and end the server."""
        self.open()
        self._loop.call_soon_threadsafe(self.closed.set)

    async def pass_through(self) -> None:
        """Wait at the gate; called by the server."""
        self.waiting += 1
        try:
            await self._open.wait()
        finally:
            self.waiting -= 1


class _Held(Response):
    """Says one word, waits at the gate, says the others."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _say(send, chunk({"content": "First"}))
        gone = asyncio.ensure_future(_departure(receive))
        passing = asyncio.ensure_future(self._gate.pass_through())
        await asyncio.wait({gone, passing}, return_when=asyncio.FIRST_COMPLETED)
        if passing.done():
            for number in range(self._gate.more):
                await _say(send, chunk({"content": f" {number}"}))
            await _say(send, chunk(finish="stop"))
            await _say(send, DONE)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        for task in (gone, passing):
            task.cancel()
        await asyncio.wait({gone, passing})


@contextlib.contextmanager
def gated() -> Iterator[Gate]:
    """Run the server in a thread of its own, its gate shut. Each answer is one word, and others behind the gate."""
    made: list[Gate] = []
    begun = threading.Event()

    async def run() -> None:
        async with upstream_server() as server:
            gate = Gate(f"{server.url}/v1", asyncio.get_running_loop())
            _play(server, gate)
            made.append(gate)
            begun.set()
            await gate.closed.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert begun.wait(10)
    try:
        yield made[0]
    finally:
        made[0].close()
        thread.join(10)


def _play(server: UpstreamServer, gate: Gate) -> None:
    # As vLLM: a server that does not say how much its model reads is asked for it before every question.
    play_vllm(server, window=8192)
    server.reply(CHAT, _Held(gate))


async def _say(send: Send, event: bytes) -> None:
    await send({"type": "http.response.body", "body": event, "more_body": True})


async def _departure(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
