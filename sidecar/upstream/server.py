"""The server itself: where its API lies, its requests with their retries, and its answers as they arrive.

Requests run on the event loop, any number at once. One is repeated only while nothing of its answer has arrived.
Missing on purpose: proxies, certificates and credentials from the environment, redirects, compression.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeAlias

import httpx2

from sidecar.errors import ConfigError, UpstreamError
from sidecar.upstream.events import payloads
from sidecar.upstream.listing import (
    UpstreamModel,
    llama_server_window,
    lm_studio_window,
    model_list,
    ollama_window,
)
from sidecar.upstream.problem import Problem, problem_in, problem_in_text

Json: TypeAlias = dict[str, Any]

KNOWN_PORTS: tuple[tuple[str, int], ...] = (("Ollama", 11434), ("LM Studio", 1234))
_FRESH = 60.0
_PROBE_TIMEOUT = 5.0
_RETRIED = frozenset({429, 502, 503})
_LONGEST_WAIT = 5.0
_LAST_BYTES = 0.2
_MAX_BODY = 64 * 2**20
_MAX_ERROR = 64 * 2**10
_ENDPOINTS = ("/chat/completions", "/completions", "/embeddings", "/models", "/responses")


class Upstream:
    """A connection pool to one server. The base URL may end in `/v1`, in a slash, both or neither: the first request
    finds out which works.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None,
        name: str | None = None,
        connect_timeout: float = 5.0,
        read_timeout: float = 300.0,
        retries: int = 2,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Times are in seconds; `read_timeout` is the longest silence, prefill included. Raises ConfigError."""
        self._root, self._with_v1 = _normalised(base_url)
        self._key = _checked_key(api_key)
        self._name = name or _known_name(self._root)
        self._connect_timeout, self._retries = connect_timeout, retries
        self._sleep, self._jitter, self._clock = sleep, jitter, clock
        # identity: a compressing relay would hold tokens back, and a small body could unpack to a huge one.
        headers = {"accept-encoding": "identity", "user-agent": "sidecar"}
        self._client = httpx2.AsyncClient(
            headers=headers | ({"authorization": f"Bearer {self._key}"} if self._key else {}),
            timeout=httpx2.Timeout(read_timeout, connect=connect_timeout, pool=None),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=8),
            # Reading the trusted certificates costs 20 ms, and http:// never needs them: redirects are off.
            verify=self._root.scheme == "https",
            trust_env=False,
            follow_redirects=False,
        )
        self._locating = asyncio.Lock()
        self._prefix: tuple[str, float] | None = None
        self._models: tuple[tuple[UpstreamModel, ...], float] | None = None
        self._windows: dict[str, tuple[int | None, float]] = {}

    @property
    def name(self) -> str:
        """What messages call it: `Ollama`, `LM Studio`, or host and port."""
        return self._name

    @property
    def url(self) -> str:
        """The server's root without `/v1`, slash or password; the same for every way of writing the base URL."""
        return str(self._root.copy_with(userinfo=b"")).rstrip("/")

    async def models(self) -> tuple[UpstreamModel, ...]:
        """List the models in the server's order, at most a minute old. Raises UpstreamError."""
        prefix = await self._located()
        async with self._locating:
            if self._models is None or self._models[1] < self._clock():
                listed = model_list(await self._get(f"{prefix}/models"))
                if listed is None:
                    raise UpstreamError(f"{self._name} does not list its models.", status=200, hint=self._hint(404))
                self._remember(listed)
            return self.known_models()

    def known_models(self) -> tuple[UpstreamModel, ...]:
        """Give the list as last seen, however old, without asking; empty when it was never seen."""
        return self._models[0] if self._models else ()

    async def context_length(self, model: str) -> int | None:
        """Find the window the server runs `model` with, in tokens; `None` when it does not say. Never raises."""
        known = self._windows.get(model)
        if known is None or known[1] < self._clock():
            try:
                known = (await self._ask_window(model), self._clock() + _FRESH)
            except UpstreamError:
                return None
            self._windows[model] = known
        return known[0]

    async def post_json(self, path: str, body: Mapping[str, Any]) -> Json:
        """Post to a path below the API's root, for example `embeddings`. Raises UpstreamError."""
        async with self._opened("POST", f"{await self._located()}/{path.lstrip('/')}", body) as response:
            answer = self._parsed(await _read(response, limit=_MAX_BODY))
            if problem := problem_in(answer):
                # LM Studio answers 200 to a path it does not know.
                raise self._error("failed", problem, status=problem.status or response.status_code)
            return answer

    async def stream_events(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[Json, None]:
        """Post and give each event as it arrives; a server that answers with plain JSON gives one.

        Closing the generator closes the connection. Raises UpstreamError, also for an error inside the stream.
        """
        url, heard = f"{await self._located()}/{path.lstrip('/')}", False
        async with (
            self._opened("POST", url, body) as response,
            aclosing(response.aiter_bytes()) as chunks,
            aclosing(payloads(chunks)) as stream,
        ):
            async for payload in stream:
                heard = True
                if payload.strip() == "[DONE]":
                    await _drain(stream)
                    break
                event = self._parsed(payload)
                if problem := problem_in(event):
                    raise self._error("failed while answering", problem, status=problem.status)
                yield event
            if not heard:
                kind = response.headers.get("content-type", "nothing")
                raise UpstreamError(f"{self._name} answered with {kind} instead of events.", hint=self._hint(404))

    async def aclose(self) -> None:
        """Close every connection. Idempotent."""
        await self._client.aclose()

    async def _located(self) -> str:
        if self._prefix is None or self._prefix[1] < self._clock():
            async with self._locating:
                if self._prefix is None or self._prefix[1] < self._clock():
                    self._prefix = await self._locate()
        return self._prefix[0]

    async def _locate(self) -> tuple[str, float]:
        root = str(self._root).rstrip("/")
        for prefix in (f"{root}/v1", root) if self._with_v1 else (root, f"{root}/v1"):
            try:
                listed = model_list(await self._get(f"{prefix}/models"))
            except UpstreamError as exc:
                if exc.status is None or exc.status == 429 or exc.status >= 500:
                    raise
                continue
            if listed is not None:
                self._remember(listed)
                return prefix, math.inf
        # No list: a key without the right to list, or a server without one. The request itself will tell.
        return f"{root}/v1", self._clock() + _FRESH

    def _remember(self, models: tuple[UpstreamModel, ...]) -> None:
        self._models = (models, self._clock() + _FRESH)

    async def _ask_window(self, model: str) -> int | None:
        try:
            listed = [entry.context_length for entry in await self.models() if entry.id == model]
        except UpstreamError as exc:
            if exc.status is None:
                raise
            listed = []
        if listed and listed[0]:
            return listed[0]
        root = str(self._root).rstrip("/")
        if window := lm_studio_window(await self._peek(f"{root}/api/v0/models"), model):
            return window
        if shown := await self._peek(f"{root}/api/show", {"model": model}):
            return ollama_window(shown, await self._peek(f"{root}/api/ps"), model)
        return llama_server_window(await self._peek(f"{root}/props"))

    async def _peek(self, url: str, body: Json | None = None) -> Json | None:
        with contextlib.suppress(UpstreamError):
            found = await self._get(url, body, retries=0)
            return None if problem_in(found) else found
        return None

    async def _get(self, url: str, body: Json | None = None, *, retries: int | None = None) -> Json:
        method = "GET" if body is None else "POST"
        async with self._opened(method, url, body, retries=retries, timeout=_PROBE_TIMEOUT) as response:
            return self._parsed(await _read(response, limit=_MAX_BODY))

    @asynccontextmanager
    async def _opened(
        self,
        method: str,
        url: str,
        body: Mapping[str, Any] | None,
        *,
        retries: int | None = None,
        timeout: float | None = None,
    ) -> AsyncIterator[httpx2.Response]:
        tries = self._retries if retries is None else retries
        response = await self._send(self._request(method, url, body, timeout), retries=tries)
        try:
            yield response
        except httpx2.HTTPError as exc:
            raise self._broken(exc) from exc
        finally:
            await response.aclose()

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

    async def _send(self, request: Callable[[], httpx2.Request], *, retries: int) -> httpx2.Response:
        for attempt in range(retries + 1):
            wait = 0.25 * 2**attempt * (0.5 + self._jitter())
            try:
                response = await self._client.send(request(), stream=True)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as exc:
                error = self._unreachable(exc)
            except httpx2.HTTPError as exc:
                raise self._broken(exc) from exc
            else:
                if response.is_success:
                    return response
                error = await self._refused(response)
                wait = _retry_after(response) or wait
                if response.status_code not in _RETRIED or wait > _LONGEST_WAIT:
                    raise error
            if attempt < retries:
                await self._sleep(wait)
        raise error

    def _parsed(self, text: str) -> Json:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as exc:
            raise UpstreamError(f"{self._name} answered with something that is not JSON.", status=200) from exc
        if not isinstance(value, dict):
            raise UpstreamError(f"{self._name} answered with JSON that is not an object.", status=200)
        return value

    async def _refused(self, response: httpx2.Response) -> UpstreamError:
        text = ""
        with contextlib.suppress(httpx2.HTTPError, UpstreamError):
            text = await _read(response, limit=_MAX_ERROR)
        await response.aclose()
        if response.has_redirect_location:
            problem = Problem(message=f"a redirect to {response.headers['location']}")
        else:
            problem = problem_in_text(text)
        return self._error(f"answered {response.status_code}", problem, status=response.status_code)

    def _error(self, what: str, problem: Problem, *, status: int | None) -> UpstreamError:
        # Some servers repeat the wrong key in their message, which goes to clients and logs.
        message = problem.message.replace(self._key, "…") if self._key else problem.message
        return UpstreamError(
            f"{self._name} {what}: {message}", status=status, code=problem.code, hint=self._hint(status)
        )

    def _unreachable(self, exc: Exception) -> UpstreamError:
        hint = f"Is {self._name} running at {self.url}?"
        error = UpstreamError(f"{self._name} cannot be reached at {self.url}.", hint=hint)
        error.__cause__ = exc
        return error

    def _broken(self, exc: httpx2.HTTPError) -> UpstreamError:
        if isinstance(exc, httpx2.TimeoutException):
            return UpstreamError(f"{self._name} said nothing for too long.", hint="Is it loading or overloaded?")
        reason = str(exc) or type(exc).__name__
        return UpstreamError(f"The connection to {self._name} broke: {reason}.", hint=f"See the log of {self._name}.")

    def _hint(self, status: int | None) -> str | None:
        if status in (401, 403):
            return f"Check the API key for {self._name}."
        if status == 404 or (status is not None and 300 <= status < 400):
            return f"Check the base URL ({self.url}) and the model's name."
        if status == 429:
            return f"{self._name} is busy; try again in a moment."
        return f"See the log of {self._name}." if status is not None and status >= 500 else None


def _normalised(base_url: str) -> tuple[httpx2.URL, bool]:
    text = base_url.strip()
    try:
        url = httpx2.URL(text if "://" in text else f"http://{text}")
    except httpx2.InvalidURL as exc:
        raise ConfigError(f"'{text}' is not a URL: {exc}", hint="Example: http://127.0.0.1:11434/v1") from exc
    if url.scheme not in ("http", "https") or not url.host or len(text.split()) != 1:
        raise ConfigError(f"'{text}' is not an http URL.", hint="Example: http://127.0.0.1:11434/v1")
    if url.query or url.fragment:
        raise ConfigError(f"The upstream's URL has a query or fragment: '{text}'.", hint="Give the base URL alone.")
    if url.host == "0.0.0.0":  # noqa: S104  # what Ollama prints as its own address; Windows cannot connect to it
        url = url.copy_with(host="127.0.0.1")
    path = url.path.rstrip("/")
    for endpoint in _ENDPOINTS:
        path = path.removesuffix(endpoint).rstrip("/")
    root = path.removesuffix("/v1")
    return url.copy_with(path=root or "/"), root != path


def _checked_key(api_key: str | None) -> str:
    key = (api_key or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise ConfigError("The upstream's API key holds characters that a key cannot hold.", hint="Copy it again.")
    return key


def _known_name(root: httpx2.URL) -> str:
    if root.host in ("127.0.0.1", "localhost", "::1"):
        for name, port in KNOWN_PORTS:
            if root.port == port:
                return name
    return root.netloc.decode("ascii")


def _retry_after(response: httpx2.Response) -> float | None:
    for header, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        with contextlib.suppress(ValueError):
            wait = float(response.headers.get(header, "")) * unit
            if wait >= 0:
                return wait
    return None


async def _drain(stream: AsyncGenerator[str, None]) -> None:
    # Closing with the end of the answer unread looks to the server like a client that left. Some never end it, though.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LAST_BYTES):
            async for _ in stream:
                pass


async def _read(response: httpx2.Response, *, limit: int) -> str:
    body = bytearray()
    async with aclosing(response.aiter_bytes()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > limit:
                raise UpstreamError(f"The upstream's answer is larger than {limit // 2**10} KiB.", status=200)
    return body.decode("utf-8", "replace")
