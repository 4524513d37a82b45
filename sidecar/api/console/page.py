"""The page's files as they lie in the package, open to everyone: they hold nothing of anybody's.

Every file has a route of its own, so that what is open is a list and no pattern. The headers leave the page no way to
run or load what is not one of these files, whatever a note or a model says.
"""

from __future__ import annotations

import asyncio
from functools import partial
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

PAGE = "/"
LANGUAGES = ("en", "pt", "es", "it", "fr")
_INDEX = "index.html"
_FILES = (
    "style.css",
    "parts.css",
    "icon.svg",
    "main.js",
    "ask.js",
    "clients.js",
    "conversation.js",
    "dom.js",
    "inline.js",
    "keyboard.js",
    "looks.js",
    "markdown.js",
    "models.js",
    "overview.js",
    "search.js",
    "server.js",
    "sign_in.js",
    "store.js",
    "stream.js",
    "texts.js",
    "turn.js",
    *(f"texts/{language}.json" for language in LANGUAGES),
)
FILES = {PAGE: _INDEX, **{f"/console/{name}": name for name in _FILES}}
"""The files below `static/` by the path at which each is."""
PATHS = frozenset(FILES)
_KINDS = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
}
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
)
HEADERS = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    # A browser may look names of links up before anybody clicks, which would tell a word in such a name to its owner.
    "x-dns-prefetch-control": "off",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""Beside those that the guard gives to every answer."""


def routes() -> list[Route]:
    """A route for each file."""
    return [Route(path, partial(_page if path == PAGE else _file, name)) for path, name in FILES.items()]


async def _page(name: str, _request: Request) -> ASGIApp:
    """Give the console, a page that signs in with the link that `sidecar console` prints."""
    return await _served(name)


async def _file(name: str, _request: Request) -> ASGIApp:
    """Give one of the console's own files."""
    return await _served(name)


async def _served(name: str) -> Response:
    # Read each time: a page that is looked at now and then should not stay in an idle server's memory.
    content = await asyncio.to_thread(_read, name)
    return Response(content, media_type=_KINDS[name.rpartition(".")[2]], headers=HEADERS)


def _read(name: str) -> bytes:
    return resources.files(__package__).joinpath("static", *name.split("/")).read_bytes()
