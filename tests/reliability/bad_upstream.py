"""A server elsewhere that breaks every rule there is, one by each name of a model, and keeps what it was sent."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MEGABYTE = b"a" * 2**20

Manner: TypeAlias = Callable[["Upstream", socket.socket], None]


@dataclass(slots=True, kw_only=True)
class Upstream:
    """What arrived, and whether the end has come."""

    port: int
    elsewhere: int = 0
    """A port to which it sends its clients on."""
    received: list[bytes] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


def piece(text: str, *, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _says(*parts: bytes) -> Manner:
    def manner(_upstream: Upstream, connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)

    return manner


def _waits(*parts: bytes) -> Manner:
    def manner(upstream: Upstream, connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
        upstream.stopping.wait()

    return manner


def _repeats(first: bytes, part: bytes, *, times: int) -> Manner:
    def manner(upstream: Upstream, connection: socket.socket) -> None:
        connection.sendall(first)
        for _ in range(times):
            if upstream.stopping.is_set():
                return
            connection.sendall(part)

    return manner


def _redirects(upstream: Upstream, connection: socket.socket) -> None:
    place = f"Location: http://localhost:{upstream.elsewhere}/v1/chat/completions\r\n"
    connection.sendall(b"HTTP/1.1 307 Temporary Redirect\r\n" + place.encode() + b"Content-Length: 0\r\n\r\n")


def _drips(part: bytes, *, first: bytes = b"") -> Manner:
    def manner(upstream: Upstream, connection: socket.socket) -> None:
        connection.sendall(first)
        while not upstream.stopping.wait(0.5):
            connection.sendall(part)

    return manner


_BOMB = gzip.compress(gzip.compress(b"data: " + b"\0" * 2**26))
_HTML = b"<html><body><h1>Internal Server Error</h1>" + b"x" * 5000 + b"</body></html>"

REFUSED: Mapping[str, Manner] = {
    "closes-at-once": _says(),
    "garbage": _says(b"\x00\xff\x13\x37" * 1000),
    "tls-on-plain": _says(b"\x15\x03\x01\x00\x02\x02\x28"),
    "html-500": _says(
        b"HTTP/1.1 500 Oops\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(_HTML), _HTML
    ),
    "redirects": _redirects,
    "endless-header": _repeats(b"HTTP/1.1 200 OK\r\nX-Long: ", MEGABYTE, times=1000),
    "one-line-of-a-gigabyte": _repeats(HEAD + b"\r\ndata: ", MEGABYTE, times=1000),
    "one-object-of-a-gigabyte": _repeats(HEAD + b'\r\n{"choices": "', MEGABYTE, times=1000),
    "packed-bomb": _says(HEAD + b"Content-Encoding: gzip, gzip\r\n\r\n", _BOMB),
    "not-json": _says(HEAD + b"\r\ndata: this is not JSON\n\ndata: [DONE]\n\n"),
    "deep-json": _says(HEAD + b"\r\ndata: " + b"[" * 200_000 + b"\n\n"),
    "longer-than-told": _says(HEAD + b"Content-Length: 4\r\n\r\n" + piece("word")),
}
"""Nothing of use comes: an HTTP error."""
BROKEN: Mapping[str, Manner] = {
    "closes-in-mid-stream": _says(HEAD + b"\r\n", piece("word ")),
    "breaks-a-chunk": _says(CHUNKED, _chunk(piece("word ")), b"ffff\r\ndata: {"),
    "shorter-than-told": _says(HEAD + b"Content-Length: 100000\r\n\r\n", piece("word ")),
    "turns-to-nonsense": _says(HEAD + b"\r\n", piece("word "), b"data: {{{{\n\n"),
    "fails-in-mid-stream": _says(HEAD + b"\r\n", piece("word "), b'data: {"error": {"message": "out of memory"}}\n\n'),
    "never-ends": _repeats(HEAD + b"\r\n" + piece("word "), piece("word " * 10_000), times=100_000),
}
"""A piece of an answer comes first: an error event, after it."""
HANGING: Mapping[str, Manner] = {
    "says-nothing": _waits(),
    "says-its-head": _waits(HEAD + b"\r\n"),
    "says-a-word": _waits(HEAD + b"\r\n", piece("word ")),
    "drips-a-head": _drips(b"H"),
    "only-comments": _drips(b": wait\n\n", first=HEAD + b"\r\n"),
}
"""The client hears of it when the server has been silent for its patience; it may leave before."""
_MANNERS = {**REFUSED, **BROKEN, **HANGING}


@contextlib.contextmanager
def bad_upstream(*, elsewhere: int = 0) -> Iterator[Upstream]:
    """Answer until the block ends. Lists its models as it should, and embeds never."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        upstream = Upstream(port=listener.getsockname()[1], elsewhere=elsewhere)
        threading.Thread(target=_accept, args=(listener, upstream), daemon=True).start()
        try:
            yield upstream
        finally:
            upstream.stopping.set()
            # Wakes the thread that waits for the next connection.
            socket.create_connection(("127.0.0.1", upstream.port)).close()


def _accept(listener: socket.socket, upstream: Upstream) -> None:
    with contextlib.suppress(OSError):
        while not upstream.stopping.is_set():
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(connection, upstream), daemon=True).start()


def _serve(connection: socket.socket, upstream: Upstream) -> None:
    with connection, contextlib.suppress(OSError, ValueError):
        head, body = _request(connection)
        upstream.received.append(head + body)
        method, path, _ = head.split(b" ", 2)
        if path == b"/v1/models":
            models = [{"id": name, "object": "model"} for name in [*_MANNERS, "embedding"]]
            _whole(connection, json.dumps({"data": models}).encode())
        elif method == b"GET" or not path.endswith((b"/completions", b"/embeddings")):
            _whole(connection, b'{"error": "not here"}', status=b"404 Not Found")
        elif path.endswith(b"/embeddings"):
            upstream.stopping.wait()
        else:
            _MANNERS[json.loads(body)["model"]](upstream, connection)


def _whole(connection: socket.socket, body: bytes, *, status: bytes = b"200 OK") -> None:
    connection.sendall(b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))


def _request(connection: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < length:
        body += _more(connection)
    return head, body


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionAbortedError
    return data
