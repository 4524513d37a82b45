"""The server itself: where its API lies, which program it is, what models it has, and its answers as they arrive."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing
from typing import Any

from sidecar.errors import UpstreamError
from sidecar.offline.address import is_this_machine
from sidecar.upstream import counting, streams, windows
from sidecar.upstream.address import checked_key, normalised, usual_name
from sidecar.upstream.kind import NAMES, Recognised, ServerKind, recognise
from sidecar.upstream.listing import OllamaModel, UpstreamModel, model_list, named_elsewhere, with_tags
from sidecar.upstream.location import locate
from sidecar.upstream.transport import Health, Json, Transport

log = logging.getLogger(__name__)

_FRESH = 60.0
_RECOGNISED_FRESH = 600.0
_MAX_NOTICES = 20


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
        root, self._with_v1 = normalised(base_url)
        self._host, self._clock, self._named = root.host, clock, name is not None
        self._transport = Transport(
            root,
            key=checked_key(api_key),
            name=name or usual_name(root.host, root.port) or root.netloc.decode("ascii"),
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            retries=retries,
            sleep=sleep,
            jitter=jitter,
        )
        self._locating, self._recognising = asyncio.Lock(), asyncio.Lock()
        self._prefix: tuple[str, float] | None = None
        self._recognised: tuple[Recognised, float] | None = None
        self._models: tuple[tuple[UpstreamModel, ...], float] | None = None
        self._windows: dict[str, tuple[int | None, float]] = {}
        self._shown: dict[str, tuple[OllamaModel, float]] = {}
        self._notices: list[str] = []

    @property
    def name(self) -> str:
        """What messages call it: the name it was given, the program's once it is recognised, or host and port."""
        return self._transport.name

    @property
    def url(self) -> str:
        """The server's root without `/v1`, slash or password; the same for every way of writing the base URL."""
        return self._transport.url

    @property
    def on_this_machine(self) -> bool:
        """False when what it is sent leaves this machine."""
        return is_this_machine(self._host)

    @property
    def health(self) -> Health:
        """What the last requests showed. Instant."""
        return self._transport.health

    @property
    def known_kind(self) -> ServerKind | None:
        """The kind as last recognised, without asking."""
        return self._recognised[0].kind if self._recognised else None

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know about this server, oldest first."""
        return tuple(self._notices)

    def notice(self, text: str) -> None:
        """Remember and log what the user should know; the same text once."""
        if text not in self._notices:
            log.warning("%s", text)
            self._notices = [*self._notices[1 - _MAX_NOTICES :], text]

    def runs_elsewhere(self, model: str) -> bool:
        """Whether the server is known to pass what this model is sent on to another machine, as Ollama does for its
        cloud models. Instant.
        """
        shown = self._shown.get(model)
        listed = any(each.elsewhere for each in self.known_models() if each.id in (model, f"{model}:latest"))
        # By its name also where it is not listed: Ollama fetches such a model's card when it is asked for.
        return listed or named_elsewhere(model) or (shown is not None and shown[0].elsewhere)

    async def kind(self) -> ServerKind:
        """Find out which program it is, once. Raises UpstreamError when it cannot be reached."""
        return (await self._recognise()).kind

    async def refuses_long(self) -> bool:
        """Whether it refuses a prompt that is too long instead of cutting it. Raises UpstreamError."""
        return (await self._recognise()).refuses_long

    async def models(self) -> tuple[UpstreamModel, ...]:
        """List the models in the server's order, at most a minute old. Raises UpstreamError."""
        prefix = await self._located()
        async with self._locating:
            if self._models is None or self._models[1] < self._clock():
                listed = model_list(await self._transport.get(f"{prefix}/models"))
                if listed is None:
                    raise self._transport.unlisted()
                if {model.owner for model in listed} != {model.owner for model in self.known_models()}:
                    self._recognised = None
                await self._remember(listed)
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

    async def show(self, model: str) -> OllamaModel:
        """Ask Ollama about a model, at most a minute old. Never raises."""
        known = self._shown.get(model)
        if known is None or known[1] < self._clock():
            known = self._shown[model] = (await windows.show(model, self._transport), self._clock() + _FRESH)
        return known[0]

    async def count_prompt(self, model: str, body: Mapping[str, Any]) -> int | None:
        """Count the tokens of `messages` and `tools` exactly; `None` where the server cannot. Raises UpstreamError."""
        return await counting.count_prompt(model, body, self._transport, kind=await self.kind())

    async def post_json(self, path: str, body: Mapping[str, Any]) -> Json:
        """Post below the API's root (`embeddings`) or to one of Ollama's own (`/api/embed`). Raises UpstreamError."""
        with self._doubting():
            return await streams.post_json(self._transport, await self._address(path), body)

    async def stream_events(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[Json, None]:
        """Post and give each event as it arrives; a server that answers with plain JSON gives one.

        Closing the generator closes the connection. Raises UpstreamError, also for an error inside the stream.
        """
        with self._doubting():
            async with aclosing(streams.events(self._transport, await self._address(path), body)) as events:
                async for event in events:
                    yield event

    async def stream_lines(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[Json, None]:
        """Post and give each line's JSON object as it arrives. Else as `stream_events`."""
        with self._doubting():
            async with aclosing(streams.objects(self._transport, await self._address(path), body)) as objects:
                async for found in objects:
                    yield found

    async def aclose(self) -> None:
        """Close every connection. Idempotent."""
        await self._transport.aclose()

    @contextlib.contextmanager
    def _doubting(self) -> Iterator[None]:
        """Recognise the server anew after it lacked a path: another one may have come to its port."""
        try:
            yield
        except UpstreamError as exc:
            if exc.status in (404, 405):
                self._prefix = self._recognised = None
            raise

    async def _address(self, path: str) -> str:
        own = path.startswith("/api/")
        return f"{self._transport.root}{path}" if own else f"{await self._located()}/{path.lstrip('/')}"

    async def _located(self) -> str:
        if self._prefix is None or self._prefix[1] < self._clock():
            async with self._locating:
                if self._prefix is None or self._prefix[1] < self._clock():
                    self._prefix = await self._locate()
        return self._prefix[0]

    async def _locate(self) -> tuple[str, float]:
        prefix, listed = await locate(self._transport, with_v1=self._with_v1)
        if listed is not None:
            await self._remember(listed)
        return prefix, math.inf if listed is not None else self._clock() + _FRESH

    async def _remember(self, models: tuple[UpstreamModel, ...]) -> None:
        if self.known_kind == "ollama":
            models = with_tags(models, await self._transport.peek("/api/tags"))
        self._models = (models, self._clock() + _FRESH)

    async def _recognise(self) -> Recognised:
        async with self._recognising:
            if self.health.reached is False:
                # A server that went away may come back as another one.
                self._prefix = self._recognised = None
                self._windows.clear()
                self._shown.clear()
            if self._recognised is not None and self._recognised[1] >= self._clock():
                return self._recognised[0]
            await self._located()
            found = await recognise(self.known_models(), self._transport.peek)
            # Not for good: another program may come to the same port between two requests.
            self._recognised = (found, self._clock() + _RECOGNISED_FRESH)
            await self._know(found.kind)
            return found

    async def _know(self, kind: ServerKind) -> None:
        if kind != "openai" and not self._named:
            self._transport.name = NAMES[kind]
        if kind == "ollama":
            await self._remember(self.known_models())

    async def _ask_window(self, model: str) -> int | None:
        try:
            listed = [entry.context_length for entry in await self.models() if entry.id == model]
        except UpstreamError as exc:
            if exc.status is None:
                raise
            listed = []
        if listed and listed[0]:
            return listed[0]
        return await windows.window_of(model, self._transport, kind=await self.kind())
