"""A server elsewhere that begins every answer and ends none."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Upstream:
    """`hangs` says a word and waits; `floods` says more than anybody reads."""

    url: str
    stopping: threading.Event
    flooding: int = 0
    """Answers of which a megabyte has been taken off its hands."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    upstream: Upstream


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        found = self.path == "/v1/models"
        models = [{"id": name, "object": "model", "owned_by": "test"} for name in ("hangs", "floods")]
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(json.dumps({"data": models} if found else {"error": "not here"}).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        with contextlib.suppress(OSError):
            self._begin(body)

    def _begin(self, body: Any) -> None:
        upstream = self.server.upstream
        if body["model"] == "floods":
            self._flood()
        self.wfile.write(_piece("word"))
        self.wfile.flush()
        upstream.stopping.wait()

    def _flood(self) -> None:
        piece = _piece("word " * 2000)
        for sent in range(5000):
            self.wfile.write(piece)
            if sent * len(piece) > 2**20:
                break
        self.server.upstream.flooding += 1
        while not self.server.upstream.stopping.is_set():
            self.wfile.write(piece)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's name
        """Say nothing."""


def _piece(text: str) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return b"data: " + json.dumps({"object": "chat.completion.chunk", "choices": [choice]}).encode() + b"\n\n"


@contextlib.contextmanager
def hanging_upstream() -> Iterator[Upstream]:
    """Answer until the block ends."""
    server = _Server(("127.0.0.1", 0), _Handler)
    upstream = server.upstream = Upstream(f"http://127.0.0.1:{server.server_address[1]}", threading.Event())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield upstream
    finally:
        upstream.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()
