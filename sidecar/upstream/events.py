"""Server-sent events from bytes that may be cut anywhere, also within a character.

The grammar is WHATWG's (https://html.spec.whatwg.org/multipage/server-sent-events.html). Beyond it, an event that ends
with the stream instead of a blank line is given, and llama-server's `error:` field is read as data.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator

from sidecar.errors import UpstreamError

MAX_EVENT = 8 * 2**20
"""Bytes. What is longer comes from something that is not a chat server."""
_LINE_END = re.compile(rb"\r\n|\n|\r")


class EventParser:
    """Gives the data of each event as soon as its last byte is there. Raises UpstreamError above `MAX_EVENT`."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._data: list[bytes] = []
        self._size = 0
        self._after_cr = False

    def feed(self, chunk: bytes) -> Iterator[str]:
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        start, scanned = 0, len(self._rest)
        self._rest += chunk
        for match in _LINE_END.finditer(self._rest, scanned):
            line, start = bytes(self._rest[start : match.start()]), match.end()
            # A CR that ends the chunk may be half of CRLF; the event must not wait for the other half.
            self._after_cr = match.group() == b"\r" and start == len(self._rest)
            yield from self._take(line)
        if start:  # else a long line in small chunks would be copied at each of them
            self._rest = self._rest[start:]
        if len(self._rest) + self._size > MAX_EVENT:
            raise UpstreamError("The upstream sent an event of more than 8 MiB.")

    def finish(self) -> Iterator[str]:
        """Give what the end of the stream completes."""
        line, self._rest = bytes(self._rest), bytearray()
        if line:
            yield from self._take(line)
        yield from self._take(b"")

    def _take(self, line: bytes) -> Iterator[str]:
        if not line:
            if self._data:
                yield b"\n".join(self._data).decode("utf-8", "replace")
            self._data, self._size = [], 0
            return
        field, _, value = line.removeprefix(b"\xef\xbb\xbf").partition(b":")
        value = value.removeprefix(b" ")
        if field == b"error":
            value = b'{"error":' + value + b"}"
        if field in (b"data", b"error"):
            self._data.append(value)
            self._size += len(value)


async def payloads(chunks: AsyncIterator[bytes]) -> AsyncGenerator[str, None]:
    """Give each event's data; when the body is one JSON object instead of events, give that.

    The first byte decides, not the content type: several servers send JSON as `text/plain` or events as JSON.
    """
    parser, head, plain = EventParser(), b"", bytearray()
    async for chunk in chunks:
        if not head:
            head = chunk = chunk.lstrip()
        if head.startswith(b"{"):
            plain += chunk
            if len(plain) > MAX_EVENT:
                raise UpstreamError("The upstream sent an answer of more than 8 MiB.")
        else:
            for payload in parser.feed(chunk):
                yield payload
    if plain:
        yield plain.decode("utf-8", "replace")
    for payload in parser.finish():
        yield payload
