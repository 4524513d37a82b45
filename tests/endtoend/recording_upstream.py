"""A server that plays an upstream for a real Sidecar, at every address of this machine, and keeps what it is sent."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psutil

CHAT, EMBEDDING = "distant-chat", "distant-embed"
_DIMENSIONS = 8


@dataclass(slots=True)
class Recorded:
    """What has arrived so far."""

    port: int
    pieces: list[bytes] = field(default_factory=list)
    bodies: list[tuple[str, Any]] = field(default_factory=list)
    """Path and JSON of each request that had a body."""

    @property
    def bytes(self) -> bytes:
        return b"\n".join(self.pieces)

    def forget(self) -> None:
        self.pieces.clear()
        self.bodies.clear()

    def prompts(self) -> list[str]:
        """The whole text of each conversation that arrived, as JSON without escapes."""
        return [json.dumps(body["messages"], ensure_ascii=False) for _, body in self.bodies if "messages" in body]

    def embedded(self) -> list[str]:
        """The texts that arrived to be embedded."""
        return [text for path, body in self.bodies if path.endswith("/embeddings") for text in body["input"]]


def outside_address() -> str | None:
    """An address of this machine that is not loopback and leads to it; `None` when it has none."""
    found = [
        each.address
        for addresses in psutil.net_if_addrs().values()
        for each in addresses
        if each.family == socket.AF_INET and not each.address.startswith("127.")
    ]
    for address in found:
        with contextlib.suppress(OSError), socket.create_server((address, 0)) as probe:
            socket.create_connection(probe.getsockname(), timeout=2).close()
            return address
    return None


@contextlib.contextmanager
def recording_upstream() -> Iterator[Recorded]:
    """Answer until the block ends. A conversation is answered with one sentence, a text with a vector of its hash."""
    server = ThreadingHTTPServer(("", 0), _Handler)
    recorded = Recorded(server.server_address[1])
    _Handler.recorded[recorded.port] = recorded
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield recorded
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        del _Handler.recorded[recorded.port]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    recorded: dict[int, Recorded] = {}  # noqa: RUF012  # the servers of this process, by port

    def do_GET(self) -> None:
        self._keep(b"")
        if self.path == "/v1/models":
            models = [{"id": name, "object": "model", "owned_by": "test"} for name in (CHAT, EMBEDDING)]
            self._send(json.dumps({"object": "list", "data": models}).encode())
        else:
            self._send(b'{"error": {"message": "not here"}}', status=404)

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        self._keep(raw)
        body = json.loads(raw)
        self._mine.bodies.append((self.path, body))
        if self.path == "/v1/embeddings":
            data = [{"index": n, "embedding": _vector(text)} for n, text in enumerate(body["input"])]
            self._send(json.dumps({"data": data, "model": EMBEDDING}).encode())
        elif self.path == "/v1/chat/completions":
            self._answer(stream=bool(body.get("stream")))
        else:
            self._send(b'{"error": {"message": "not here"}}', status=404)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's name
        """Say nothing."""

    @property
    def _mine(self) -> Recorded:
        return self.recorded[self.server.server_address[1]]  # type: ignore[index]  # a TCP server's address is a pair

    def _keep(self, body: bytes) -> None:
        self._mine.pieces.append(f"{self.requestline}\n{self.headers}\n".encode() + body)

    def _answer(self, *, stream: bool) -> None:
        piece = {"index": 0, "delta" if stream else "message": {"role": "assistant", "content": "Understood."}}
        choices = [{**piece, "finish_reason": None if stream else "stop"}]
        body = {"id": "x", "object": "chat.completion", "created": 1, "model": CHAT, "choices": choices}
        if not stream:
            self._send(json.dumps(body).encode())
            return
        last = {**body, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        events = "".join(f"data: {json.dumps(each)}\n\n" for each in (body, last)) + "data: [DONE]\n\n"
        self._send(events.encode(), kind="text/event-stream")

    def _send(self, body: bytes, *, status: int = 200, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _vector(text: str) -> list[float]:
    return [byte / 255 + 0.01 for byte in hashlib.blake2b(text.encode(), digest_size=_DIMENSIONS).digest()]
