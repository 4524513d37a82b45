"""Which clients ask, and what came of it: counts and routes, never a path, a query or a word of what was said.

Kept in memory, a bounded number of the latest, for the console. It is told by what a client says of itself, so it helps
to see whether a client arrives and proves nothing about who it is.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sidecar.api.cors import Headers

RECENT = 100
"""Requests that are remembered one by one."""
MAX_CLIENTS = 32
"""Clients that are told apart; the rest are one."""
OTHER = "other"
_NAME_LENGTH = 32
_READ = 400
"""Characters of a User-Agent that are looked at."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ASKED = "sidecar.asked"
_PRODUCT = re.compile(r"[A-Za-z0-9._-]+")
_FAMILIES: Sequence[tuple[str, str]] = (
    # What stands first counts: Obsidian is Electron, which is Chrome, which says that it is Safari.
    ("obsidian/", "Obsidian"),
    ("openai/python", "OpenAI (Python)"),
    ("asyncopenai/python", "OpenAI (Python)"),
    ("openai/js", "OpenAI (JavaScript)"),
    ("openwebui", "Open WebUI"),
    ("open webui", "Open WebUI"),
    ("ai-sdk/", "AI SDK"),
    ("python-httpx", "HTTPX"),
    ("python-requests/", "Requests"),
    ("aiohttp/", "aiohttp"),
    ("electron/", "Electron"),
    ("edg/", "Edge"),
    ("firefox/", "Firefox"),
    ("chrome/", "Chrome"),
    ("safari/", "Safari"),
)


@dataclass(slots=True, kw_only=True)
class Asked:
    """One request under way. Where it was led is told from within."""

    route: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request that has ended. `status` 0 is a client that left before an answer; `route` `None` was led nowhere."""

    at: float
    method: str
    route: str | None
    status: int
    client: str
    milliseconds: float


@dataclass(slots=True, kw_only=True)
class _Client:
    requests: int = 0
    refused: int = 0
    """Answered with 401 or 403: a wrong key, or a page that is not allowed."""
    failed: int = 0
    """Answered with another 4xx or 5xx."""
    running: int = 0
    last: float = 0.0


class Traffic:
    """Counts by client and the latest requests. `clock` gives seconds since the epoch, `timer` any seconds."""

    def __init__(
        self, *, clock: Callable[[], float] = time.time, timer: Callable[[], float] = time.perf_counter
    ) -> None:
        self._clock = clock
        self._timer = timer
        self._since = clock()
        self._clients: dict[str, _Client] = {}
        self._recent: deque[Seen] = deque(maxlen=RECENT)

    def layer(self, app: ASGIApp) -> ASGIApp:
        """Watch an application from the outside, what it refuses included."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or _is_consoles(scope):
                await app(scope, receive, send)
                return
            await self._watch(app, scope, receive, send)

        return watched

    def _named(self, headers: Headers) -> str:
        name = client_name(headers)
        return name if name in self._clients or len(self._clients) < MAX_CLIENTS else OTHER

    async def _watch(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        name, asked, status, begun = self._named(scope["headers"]), Asked(), 0, self._timer()
        client = self._clients.setdefault(name, _Client())
        client.running += 1

        async def send_and_note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await app({**scope, _ASKED: asked}, receive, send_and_note)
        finally:
            client.running -= 1
            client.requests += 1
            client.refused += status in (401, 403)
            client.failed += status >= 400 and status not in (401, 403)
            client.last = self._clock()
            self._recent.append(
                Seen(
                    at=client.last,
                    method=scope["method"] if scope["method"] in _METHODS else OTHER,
                    route=asked.route,
                    status=status,
                    client=name,
                    milliseconds=(self._timer() - begun) * 1000,
                )
            )

    def told(self) -> dict[str, Any]:
        """The JSON of `GET /console/requests`: clients by when they last asked, requests from the latest on. Times in
        seconds since the epoch.
        """
        clients = sorted(self._clients.items(), key=lambda pair: -pair[1].last)
        return {
            "since": round(self._since, 3),
            "clients": [
                {
                    "name": name,
                    "requests": client.requests,
                    "refused": client.refused,
                    "failed": client.failed,
                    "running": client.running,
                    "last": round(client.last, 3) if client.last else None,
                }
                for name, client in clients
            ],
            "recent": [
                {
                    "at": round(seen.at, 3),
                    "method": seen.method,
                    "route": seen.route,
                    "status": seen.status,
                    "client": seen.client,
                    "milliseconds": round(seen.milliseconds, 1),
                }
                for seen in reversed(self._recent)
            ],
        }


def note_route(app: ASGIApp) -> ASGIApp:
    """Tell the traffic which route a request was led to: its template, as a path may name a note."""

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        finally:
            asked = scope.get(_ASKED)
            if isinstance(asked, Asked):
                asked.route = getattr(scope.get("route"), "path", None)

    return noted


def client_name(headers: Headers) -> str:
    """What a client calls itself, in short: the family of its User-Agent, 32 characters at most."""
    sent = next((value for name, value in headers if name == b"user-agent"), b"")[:_READ].decode("latin-1")
    lowered = sent.lower()
    known = next((name for mark, name in _FAMILIES if mark in lowered), None)
    if known is not None:
        return known
    product = _PRODUCT.match(sent)
    return product[0][:_NAME_LENGTH] if product else OTHER


def _is_consoles(scope: Scope) -> bool:
    """Whether it is about the console: its page looks every few seconds, and nobody wants to read that."""
    if scope["path"] == "/" or scope["path"].startswith("/console/"):
        return True
    return any(name == b"sec-fetch-site" and value == b"same-origin" for name, value in scope["headers"])
