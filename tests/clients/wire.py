"""A plain HTTP client over a socket that keeps every network read as it came: what naive parsers see."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer, its headers in lower case, and its body by HTTP chunk and by network read."""

    status: int
    headers: dict[str, str]
    chunks: list[bytes]
    """The chunks of the transfer coding, each one write of the server; the whole body where there are none."""
    reads: list[bytes]
    """What each read of the socket brought of the body, the framing of chunks taken out."""

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")


def ask(
    url: str, method: str, path: str, *, body: Any = None, headers: dict[str, str] | None = None, size: int = 65536
) -> Answer:
    """Send a request on a connection of its own and read the answer to its end, at most `size` bytes a read."""
    port = urlsplit(url).port
    assert port is not None
    content = b"" if body is None else json.dumps(body).encode("utf-8")
    lines = {"host": f"127.0.0.1:{port}", "connection": "close", **(headers or {})}
    if body is not None:
        lines = {"content-type": "application/json", "content-length": str(len(content)), **lines}
    head = "".join(
        [f"{method} {path} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in lines.items()), "\r\n"]
    )
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(head.encode("latin-1") + content)
        received = list(iter(lambda: connection.recv(size), b""))
    return _read(received)


def _read(received: list[bytes]) -> Answer:
    head, _, rest = b"".join(received).partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") != "chunked":
        return Answer(status=int(status.split(" ")[1]), headers=headers, chunks=[rest] if rest else [], reads=[rest])
    spans = list(_chunks(rest))
    chunks = [rest[start:end] for start, end in spans]
    return Answer(
        status=int(status.split(" ")[1]),
        headers=headers,
        chunks=chunks,
        reads=list(_payloads(received, spans, offset=len(head) + 4)),
    )


def _chunks(body: bytes) -> Iterator[tuple[int, int]]:
    """Where each chunk's content begins and ends."""
    position = 0
    while True:
        line_end = body.index(b"\r\n", position)
        size = int(body[position:line_end], 16)
        if size == 0:
            return
        yield line_end + 2, line_end + 2 + size
        position = line_end + 2 + size + 2


def _payloads(received: list[bytes], spans: list[tuple[int, int]], *, offset: int) -> Iterator[bytes]:
    """What each read held of the chunks' contents; reads that held framing alone are left out."""
    stream, position = b"".join(received)[offset:], -offset
    for read in received:
        begin, position = max(position, 0), position + len(read)
        payload = b"".join(stream[max(start, begin) : min(end, position)] for start, end in spans if start < position)
        if payload:
            yield payload
