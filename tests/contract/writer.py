"""A chat model that does what its last message says: for answers that no real model gives when asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "obedient"


class _Writer(BaseHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._json(200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if not self.path.endswith("/chat/completions"):
            # Sidecar asks what kind of server this is.
            self._json(404, {"error": {"message": "There is nothing at this path."}})
            return
        told = asked["messages"][-1]["content"]
        if "refuse" in told:
            self._json(503, {"error": {"message": "The writer rests.", "type": "server_error"}})
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self._say({"reasoning_content": "Let me think."})
        self._say({"content": "As you wish."})
        if "break" in told:
            self.close_connection = True
            return
        self._say({}, finish="stop")
        self.wfile.write(b"data: [DONE]\n\n")

    def _say(self, delta: dict[str, Any], *, finish: str | None = None) -> None:
        chunk = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        self.wfile.write(b"data: " + json.dumps(chunk).encode("ascii") + b"\n\n")
        self.wfile.flush()

    def _json(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode("ascii")
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def writer() -> Iterator[str]:
    """Run it, and give its base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Writer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
