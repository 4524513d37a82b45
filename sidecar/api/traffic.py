"""Which clients ask, and what came of it: counts and routes, never a path, a query or a word of what was said.

Kept in memory, a bounded number of the latest, for the console. A client is told by its key's name, which it has
proved, and by what its program says of itself, which proves nothing. Who has no right key gets no place of its own:
anybody could take all that there are.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sidecar.api.paths import canonical_path
from sidecar.api.programs import OTHER, program_name
from sidecar.api.sender import Sender

RECENT = 100
"""Requests that are remembered one by one."""
MAX_CLIENTS = 32
"""Clients that are told apart; the rest are one."""
MAX_PROGRAMS = 8
"""Programs that are told apart of one key."""
_REFUSED = frozenset({401, 403, 421})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ASKED = "sidecar.asked"


class _Place(NamedTuple):
    """What one row of the list is of."""

    program: str
    key: str | None
    scope: str | None


_NOBODYS = _Place(OTHER, None, None)


@dataclass(slots=True, kw_only=True, eq=False)
class Asked:
    """One request under way. Where it was led, and with whose key, is told from within."""

    program: str
    is_consoles_path: bool
    is_same_site: bool
    """Says a browser, of a page of ours."""
    route: str | None = None
    sender: Sender | None = None

    @property
    def is_consoles(self) -> bool:
        """Whether it is about the console: its page looks every few seconds, and nobody wants to read that."""
        # Without a key there is only what a browser says. It opens what is open to everyone, and all where no key is
        # asked for.
        nameless = self.sender is None or self.sender.name is None
        is_session = self.sender is not None and self.sender.is_session
        return self.is_consoles_path or is_session or (nameless and self.is_same_site)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request that has ended. `status` 0 is a client that left before an answer; `route` `None` was led nowhere;
    `key` `None` is none that is right, or none that is asked for.
    """

    at: float
    method: str
    route: str | None
    status: int
    program: str
    key: str | None
    scope: str | None
    milliseconds: float


@dataclass(slots=True, kw_only=True)
class _Client:
    requests: int = 0
    refused: int = 0
    """Answered with 401 or 403: a wrong key, one for less, or a page that is not allowed."""
    failed: int = 0
    """Answered with another 4xx or 5xx."""
    last: float | None = None


class Traffic:
    """Counts by client and the latest requests. `clock` gives seconds since the epoch, `timer` any seconds."""

    def __init__(
        self, *, clock: Callable[[], float] = time.time, timer: Callable[[], float] = time.perf_counter
    ) -> None:
        self._clock = clock
        self._timer = timer
        self._since = clock()
        self._clients: dict[_Place, _Client] = {}
        self._running: set[Asked] = set()
        self._recent: deque[Seen] = deque(maxlen=RECENT)

    def layer(self, app: ASGIApp) -> ASGIApp:
        """Watch an application from the outside, what it refuses included."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await self._watch(app, scope, receive, send)
            else:
                await app(scope, receive, send)

        return watched

    async def _watch(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        asked, status, begun = _asked(scope), 0, self._timer()
        self._running.add(asked)

        async def send_and_note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await app({**scope, _ASKED: asked}, receive, send_and_note)
        finally:
            self._running.discard(asked)
            # What is refused is told, whatever it says of itself: it need not be the console's page.
            if status in _REFUSED or not asked.is_consoles:
                self._note(asked, scope["method"], status, milliseconds=(self._timer() - begun) * 1000)

    def _note(self, asked: Asked, method: str, status: int, *, milliseconds: float) -> None:
        now, place = self._clock(), self._place_of(asked)
        client = self._clients.setdefault(place, _Client())
        client.requests += 1
        client.refused += status in (401, 403)
        client.failed += status >= 400 and status not in (401, 403)
        client.last = now
        self._recent.append(
            Seen(
                at=now,
                method=method if method in _METHODS else OTHER,
                route=asked.route,
                status=status,
                program=asked.program,
                key=place.key,
                scope=place.scope,
                milliseconds=milliseconds,
            )
        )

    def _place_of(self, asked: Asked) -> _Place:
        """The row that a request belongs into: its own as long as there is room."""
        if asked.sender is None:
            return _NOBODYS
        name, scope = asked.sender.name, asked.sender.scope.title
        place = _Place(asked.program, name, scope)
        of_key = sum((each.key, each.scope) == (name, scope) for each in self._clients)
        if place in self._clients or (len(self._clients) < MAX_CLIENTS and of_key < MAX_PROGRAMS):
            return place
        rest = place._replace(program=OTHER)
        return rest if rest in self._clients or len(self._clients) < MAX_CLIENTS else _NOBODYS

    def told(self) -> dict[str, Any]:
        """The JSON of `GET /console/requests`: clients by when they last asked, requests from the latest on. Times in
        seconds since the epoch. A client's `key` is `null` where none was right, or none is asked for; the server's
        own has the scope `owner`.
        """
        # One that has not been let in yet is nobody's.
        running = [self._place_of(asked) for asked in self._running if asked.sender and not asked.is_consoles]
        places = dict.fromkeys([*running, *self._clients])
        clients = [(place, self._clients.get(place, _Client())) for place in places]
        # One that asks for the first time asks now.
        clients.sort(key=lambda pair: -math.inf if pair[1].last is None else -pair[1].last)
        return {
            "since": round(self._since, 3),
            "clients": [
                {
                    "name": place.program,
                    "key": place.key,
                    "scope": place.scope,
                    "requests": client.requests,
                    "refused": client.refused,
                    "failed": client.failed,
                    "running": running.count(place),
                    "last": None if client.last is None else round(client.last, 3),
                }
                for place, client in clients
            ],
            "recent": [
                {
                    "at": round(seen.at, 3),
                    "method": seen.method,
                    "route": seen.route,
                    "status": seen.status,
                    "client": seen.program,
                    "key": seen.key,
                    "scope": seen.scope,
                    "milliseconds": round(seen.milliseconds, 1),
                }
                for seen in reversed(self._recent)
            ],
        }


def note_sender(scope: Scope, sender: Sender) -> None:
    """Tell the traffic whose key a request came with."""
    asked = scope.get(_ASKED)
    if isinstance(asked, Asked):
        asked.sender = sender


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


def _asked(scope: Scope) -> Asked:
    path = canonical_path(scope["path"])
    return Asked(
        program=program_name(scope["headers"]),
        is_consoles_path=path == "/" or path.startswith("/console/"),
        is_same_site=any(name == b"sec-fetch-site" and value == b"same-origin" for name, value in scope["headers"]),
    )
