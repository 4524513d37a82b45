"""An upstream server that fails at whatever it is given to read, and repeats it in the error, as some do."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "echo"


@contextlib.contextmanager
def echoing_upstream() -> Iterator[str]:
    """Give the base URL of a server that runs until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        models = {"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "test"}]}
        known = self.path == "/v1/models"
        self._send(json.dumps(models if known else {"error": {"message": "no"}}).encode(), status=200 if known else 404)

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        if self.path == "/v1/embeddings" and '"dimensions"' in asked:
            # Asked for once, before there is anything to quote.
            self._send(json.dumps({"data": [{"index": 0, "embedding": [0.5] * 8}]}).encode(), status=200)
            return
        message = {"error": {"message": f"cannot do: {asked}", "code": asked[-200:], "type": "invalid_request_error"}}
        self._send(json.dumps(message, ensure_ascii=False).encode(), status=422)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's name
        """Say nothing."""

    def _send(self, body: bytes, *, status: int) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
