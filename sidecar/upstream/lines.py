"""JSON objects, one a line, from bytes that may be cut anywhere: how Ollama's native API streams."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from sidecar.errors import UpstreamError

MAX_LINE = 8 * 2**20
"""Bytes. What is longer comes from something that is not a chat server."""


async def lines(chunks: AsyncIterator[bytes]) -> AsyncGenerator[str, None]:
    """Give each line that is not blank as soon as its end is there; a last one may lack its end.

    Raises UpstreamError above `MAX_LINE`.
    """
    rest = bytearray()
    async for chunk in chunks:
        *whole, tail = chunk.split(b"\n")
        for part in whole:
            rest += part
            if text := rest.decode("utf-8", "replace").strip():
                yield text
            rest.clear()
        rest += tail
        if len(rest) > MAX_LINE:
            raise UpstreamError("The upstream sent a line of more than 8 MiB.")
    if text := rest.decode("utf-8", "replace").strip():
        yield text
