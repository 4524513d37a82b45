"""Standard input and output as the protocol's two streams, for one client that started this program.

The SDK reads standard input on a thread that nothing can interrupt: told to stop, the program would stay until its
client closes the pipe. Here a daemon thread reads, and whoever is told to stop leaves it behind. Its output is the
SDK's, which points descriptor 1 at standard error meanwhile: what a library prints is not taken for the protocol.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

_AT_ONCE = 65_536
MOST_BYTES = 4 * 2**20
"""Of one message: as much as the HTTP server takes."""
_WAITING = 64
_LAST_WORDS = 2.0


async def serve_streams(server: Server[Any], stop: asyncio.Event) -> None:
    """Serve until standard input is closed or `stop` is set."""
    lines = _Lines(sys.stdin.fileno())
    serving = asyncio.ensure_future(_serve(server, lines))
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        serving.cancel()
        await asyncio.wait({serving}, timeout=_LAST_WORDS)
    if serving.done() and not serving.cancelled():
        _raise_unless_gone(serving.exception())


async def _serve(server: Server[Any], lines: _Lines) -> None:
    # All that the SDK does with its input is to iterate over it.
    async with stdio_server(stdin=cast("Any", lines)) as (received, sent):
        await server.run(received, sent, server.create_initialization_options())


def _raise_unless_gone(error: BaseException | None) -> None:
    """A client that leaves while it is written to is no error of ours."""
    rest = error.split(BrokenPipeError)[1] if isinstance(error, BaseExceptionGroup) else error
    if rest is not None and not isinstance(rest, BrokenPipeError):
        raise rest


class _Lines:
    """Lines of a descriptor as they come, until it ends. A line that is too long is one empty line: no message."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        # A client that sends faster than it is answered waits, as at any pipe that is full.
        self._room = threading.Semaphore(_WAITING)
        threading.Thread(target=self._read, name="standard input", daemon=True).start()

    async def __aiter__(self) -> AsyncIterator[str]:
        while (line := await self._lines.get()) is not None:
            self._room.release()
            yield line

    def _read(self) -> None:
        try:
            for line in split_lines(lambda: os.read(self._descriptor, _AT_ONCE)):
                self._room.acquire()
                self._give(line.decode("utf-8", "replace"))
        except OSError:
            # The descriptor is gone, which is as good as its end.
            pass
        self._give(None)

    def _give(self, line: str | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
        except RuntimeError:
            # The loop has ended before the client did.
            sys.exit()


def split_lines(read: Callable[[], bytes], *, most: int = MOST_BYTES) -> Iterator[bytes]:
    """Cut what `read` gives, until it gives nothing, into lines. Of a line with more than `most` bytes nothing is kept
    but its end. A last line without an end is none: its client was cut off.
    """
    pieces: list[bytes] = []
    size = 0
    while data := read():
        *ends, rest = data.split(b"\n")
        for end in ends:
            size += len(end)
            yield b"".join([*pieces, end]) if size <= most else b""
            pieces, size = [], 0
        size += len(rest)
        pieces = [*pieces, rest] if size <= most else []
