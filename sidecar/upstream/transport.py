"""Requests to one server: the connection pool, the retries, the limits, and how its failures are worded.

Requests run on the event loop, any number at once. One is repeated only while nothing of its answer has arrived.
Missing on purpose: proxies, certificates and credentials from the environment, redirects, compression.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx2

from sidecar.errors import UpstreamError
from sidecar.upstream.problem import Problem, problem_in, problem_in_text

Json: TypeAlias = dict[str, Any]

_PROBE_TIMEOUT = 5.0
_PROBE_DEADLINE = 10.0
"""Seconds for the whole of a small answer: one that drips is never silent for long."""
_RETRIED = frozenset({429, 502, 503})
_LONGEST_WAIT = 5.0
_MAX_BODY = 64 * 2**20
_MAX_ERROR = 64 * 2**10


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What the last requests showed."""

    reached: bool | None = None
    """`None` before the first request."""
    last_reached: float | None = None
    """In seconds since the epoch."""
    problem: str | None = None
    """The last failure of the connection, the key or the server; `None` once a request went well again."""


class Transport:
    """A connection pool to one server."""

    def __init__(
        self,
        root: httpx2.URL,
        *,
        key: str,
        name: str,
        connect_timeout: float = 5.0,
        read_timeout: float = 300.0,
        retries: int = 2,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Times are in seconds; `read_timeout` is the longest silence, prefill included. `now` is the time of day."""
        self.name = name
        self.root = str(root).rstrip("/")
        self.url = str(root.copy_with(userinfo=b"")).rstrip("/")
        self.health = Health()
        self._key = key
        self._connect_timeout, self._retries = connect_timeout, retries
        self.patience = read_timeout
        self._sleep, self._jitter, self._now = sleep, jitter, now
        # identity: a compressing relay would hold tokens back, and a small body could unpack to a huge one.
        headers = {"accept-encoding": "identity", "user-agent": "sidecar"}
        self._client = httpx2.AsyncClient(
            headers=headers | ({"authorization": f"Bearer {key}"} if key else {}),
            timeout=httpx2.Timeout(read_timeout, connect=connect_timeout, pool=None),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=8),
            # Reading the trusted certificates costs 20 ms, and http:// never needs them: redirects are off.
            verify=root.scheme == "https",
            trust_env=False,
            follow_redirects=False,
        )

    async def aclose(self) -> None:
        """Close every connection. Idempotent."""
        await self._client.aclose()

    async def get(self, url: str, body: Json | None = None, *, retries: int | None = None) -> Json:
        """Ask for a small JSON object, with POST when there is a body. Raises UpstreamError."""
        method = "GET" if body is None else "POST"
        async with (
            self.opened(method, url, body, retries=retries, timeout=_PROBE_TIMEOUT) as response,
            self.within(_PROBE_DEADLINE),
        ):
            return self.parsed(await read(response))

    async def peek(self, path: str, body: Json | None = None) -> Json | None:
        """Ask for what the server may not have; `None` when it has not, or says that it failed. Never raises."""
        before = self.health
        try:
            found = await self.get(f"{self.root}{path}", body, retries=0)
        except UpstreamError:
            # That a path hangs or fails says nothing about the requests that matter.
            self.health = before
            return None
        return None if problem_in(found) else found

    @asynccontextmanager
    async def opened(
        self,
        method: str,
        url: str,
        body: Mapping[str, Any] | None,
        *,
        retries: int | None = None,
        timeout: float | None = None,
    ) -> AsyncIterator[httpx2.Response]:
        """Send, and give the answer unread; closes the connection at the end. Raises UpstreamError."""
        tries = self._retries if retries is None else retries
        response = await self._send(
            self._request(method, url, body, timeout), retries=tries, deadline=timeout or self.patience
        )
        try:
            self._check_plain(response)
            yield response
        except httpx2.HTTPError as exc:
            raise self._broken(exc) from exc
        finally:
            await response.aclose()

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """Bound a wait for something of use, however many bytes of none come meanwhile. Raises UpstreamError."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as exc:
            raise self._silent() from exc

    def parsed(self, text: str) -> Json:
        """Read a JSON object. Raises UpstreamError."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as exc:
            raise UpstreamError(f"{self.name} answered with something that is not JSON.", status=200) from exc
        if not isinstance(value, dict):
            raise UpstreamError(f"{self.name} answered with JSON that is not an object.", status=200)
        return value

    def error(self, what: str, problem: Problem, *, status: int | None) -> UpstreamError:
        """Word a failure that the server told."""
        # Some servers repeat the wrong key in their message, which goes to clients and logs.
        message = problem.message.replace(self._key, "…") if self._key else problem.message
        return UpstreamError(f"{self.name} {what}: {message}", status=status, code=problem.code, hint=self.hint(status))

    def unlisted(self) -> UpstreamError:
        """Word that the answer was no list of models."""
        return UpstreamError(f"{self.name} does not list its models.", status=200, hint=self.hint(404))

    def hint(self, status: int | None) -> str | None:
        """What to do about a status."""
        if status in (401, 403):
            return f"Check the API key for {self.name}."
        if status == 404 or (status is not None and 300 <= status < 400):
            return f"Check the base URL ({self.url}) and the model's name."
        if status == 429:
            return f"{self.name} is busy; try again in a moment."
        return f"See the log of {self.name}." if status is not None and status >= 500 else None

    def _request(
        self, method: str, url: str, body: Mapping[str, Any] | None, timeout: float | None
    ) -> Callable[[], httpx2.Request]:
        # ASCII with escapes: a lone surrogate in a message has no UTF-8.
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode("ascii")
        headers = {} if content is None else {"content-type": "application/json"}
        limits = self._client.timeout
        if timeout is not None:
            limits = httpx2.Timeout(timeout, connect=self._connect_timeout, pool=None)
        return lambda: self._client.build_request(method, url, content=content, headers=headers, timeout=limits)

    def _check_plain(self, response: httpx2.Response) -> None:
        # It was asked for none. A kilobyte of it may hold a megabyte, and two packings inside each other a terabyte.
        if (coding := response.headers.get("content-encoding", "identity").strip().lower()) not in ("", "identity"):
            raise UpstreamError(f"{self.name} sent a compressed answer ({coding[:40]}), which it was not asked for.")

    async def _send(self, request: Callable[[], httpx2.Request], *, retries: int, deadline: float) -> httpx2.Response:
        for attempt in range(retries + 1):
            wait = 0.25 * 2**attempt * (0.5 + self._jitter())
            try:
                # Connecting has a limit of its own.
                async with self.within(deadline + self._connect_timeout):
                    response = await self._client.send(request(), stream=True)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as exc:
                error = self._unreachable(exc)
            except httpx2.HTTPError as exc:
                raise self._broken(exc) from exc
            else:
                if response.is_success:
                    self.health = Health(reached=True, last_reached=self._now())
                    return response
                error = await self._refused(response)
                wait = _retry_after(response) or wait
                if response.status_code not in _RETRIED or wait > _LONGEST_WAIT:
                    raise error
            if attempt < retries:
                await self._sleep(wait)
        raise error

    async def _refused(self, response: httpx2.Response) -> UpstreamError:
        text = ""
        with contextlib.suppress(httpx2.HTTPError, UpstreamError):
            self._check_plain(response)
            async with self.within(_PROBE_DEADLINE):
                text = await read(response, limit=_MAX_ERROR)
        await response.aclose()
        if response.has_redirect_location:
            problem = Problem(message=f"a redirect to {response.headers['location']}")
        else:
            problem = problem_in_text(text)
        error = self.error(f"answered {response.status_code}", problem, status=response.status_code)
        ill = response.status_code in (401, 403, 429) or response.status_code >= 500
        # What else it refuses is about one request: a path that it does not have, a model, a parameter.
        self.health = Health(
            reached=True, last_reached=self._now(), problem=error.message if ill else self.health.problem
        )
        return error

    def _unreachable(self, exc: Exception) -> UpstreamError:
        hint = f"Is {self.name} running at {self.url}?"
        error = UpstreamError(f"{self.name} cannot be reached at {self.url}.", hint=hint)
        error.__cause__ = exc
        return self._noted(error)

    def _broken(self, exc: httpx2.HTTPError) -> UpstreamError:
        if isinstance(exc, httpx2.TimeoutException):
            return self._silent()
        reason = str(exc) or type(exc).__name__
        return self._noted(
            UpstreamError(f"The connection to {self.name} broke: {reason}.", hint=f"See the log of {self.name}.")
        )

    def _silent(self) -> UpstreamError:
        return self._noted(
            UpstreamError(f"{self.name} said nothing for too long.", hint="Is it loading or overloaded?")
        )

    def _noted(self, error: UpstreamError) -> UpstreamError:
        self.health = Health(reached=False, last_reached=self.health.last_reached, problem=error.message)
        return error


async def read(response: httpx2.Response, *, limit: int = _MAX_BODY) -> str:
    """Read a whole answer of at most `limit` bytes. Raises UpstreamError."""
    body = bytearray()
    async with aclosing(response.aiter_bytes()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > limit:
                raise UpstreamError(f"The upstream's answer is larger than {limit // 2**10} KiB.", status=200)
    return body.decode("utf-8", "replace")


def _retry_after(response: httpx2.Response) -> float | None:
    for header, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        with contextlib.suppress(ValueError):
            wait = float(response.headers.get(header, "")) * unit
            if wait >= 0:
                return wait
    return None
