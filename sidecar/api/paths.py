"""One spelling for every path, settled before anything else looks at it.

Clients build URLs from what users type: with `/v1`, without it, with it twice, with doubled or trailing slashes. A
redirect would lose a CORS preflight, so the path is rewritten in place.
"""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

_SLASHES = re.compile("/{2,}")
_OPENAI = frozenset(
    {
        "models",
        "chat",
        "completions",
        "embeddings",
        "responses",
        "vector_stores",
        "files",
        "rerank",
        "tokenize",
        "detokenize",
    }
)
"""First parts of the paths that live under `/v1`."""


def canonical_path(path: str) -> str:
    """Return the spelling that the routes use. Only OpenAI's own paths move in and out of `/v1`."""
    path = "/" + _SLASHES.sub("/", path).strip("/")
    rest = path
    while rest.startswith("/v1/"):
        rest = rest.removeprefix("/v1")
    first = rest.split("/", 2)[1]
    return f"/v1{rest}" if first in _OPENAI else path


class CanonicalPath:
    """Rewrites `scope["path"]`; answers nothing itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": canonical_path(scope["path"])}
        await self._app(scope, receive, send)
