"""Errors as Ollama's clients show them: `{"error": "…"}`.

A layer around everything, because refusals come from everywhere: no key, a foreign page, a wrong path, too much work.
JavaScript clients show OpenAI's error object as `[object Object]`.
"""

from __future__ import annotations

import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_OLLAMA = "/api/"
_LM_STUDIO = "/api/v0/"


class OllamaErrors:
    """Rewrites error answers under Ollama's paths; status and headers stay. Paths are canonical already."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_ollamas(scope["path"]):
            send = _Rewriting(send)
        await self._app(scope, receive, send)


def _is_ollamas(path: str) -> bool:
    return path.startswith(_OLLAMA) and not path.startswith(_LM_STUDIO)


class _Rewriting:
    """Holds the start of an error back until its body says how long the new one is."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 400:
            self._start = message
            return
        if self._start is not None:
            start, self._start = self._start, None
            body = _rewritten(message.get("body", b""))
            kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
            length = (b"content-length", str(len(body)).encode("ascii"))
            await self._send({**start, "headers": [*kept, length]})
            message = {**message, "body": body}
        await self._send(message)


def _rewritten(body: bytes) -> bytes:
    """Take the message out of OpenAI's error, in which every error here is sent."""
    return json.dumps({"error": json.loads(body)["error"]["message"]}).encode("ascii")
