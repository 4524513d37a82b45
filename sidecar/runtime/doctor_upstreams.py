"""The doctor's look at the upstream servers: what each is, whether it answers, and how much it reads at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sidecar.config import Config
from sidecar.runtime.doctor_checks import Check, check
from sidecar.runtime.status_words import counted
from sidecar.runtime.upstreams import Upstreams, open_upstreams
from sidecar.upstream.kind import NAMES
from sidecar.upstream.server import Upstream

PATIENCE = 3.0
"""Seconds for all servers together."""
_SHORT = 8192
"""Tokens under which answers from notes are cut short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedServer:
    """What a server showed when it was asked just now. Lengths in tokens."""

    status: Mapping[str, Any]
    """As in `GET /vault/status`."""
    model: str | None = None
    """The configured chat model, when this server has it."""
    context_length: int | None = None
    """With which it runs that model; `None` when it does not say."""


async def ask_servers(config: Config, *, patience: float = PATIENCE) -> tuple[AskedServer, ...]:
    """Ask the configured servers what they are. Raises ConfigError for a server elsewhere in offline mode."""
    upstreams = open_upstreams(config)
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await upstreams.refresh()
        found = _chat_model(config, upstreams)
        length = await _window(*found, patience=patience) if found is not None else None
        asked = []
        for status, server in zip(upstreams.status(), upstreams.all().values(), strict=True):
            mine = found is not None and found[0] is server
            asked.append(
                AskedServer(
                    status=status,
                    model=found[1] if found is not None and mine else None,
                    context_length=length if mine else None,
                )
            )
        return tuple(asked)
    finally:
        await upstreams.aclose()


def examine_upstreams(servers: Sequence[AskedServer]) -> list[dict[str, Any]]:
    """Give the facts about each server."""
    return [
        {**server.status, "model": server.model, "context_length": server.context_length, "checks": [*_checks(server)]}
        for server in servers
    ]


def _chat_model(config: Config, upstreams: Upstreams) -> tuple[Upstream, str] | None:
    """The server and the name of the configured chat model, or of the first that the default server lists."""
    if config.model is not None:
        found = upstreams.find(config.model)
        listed = {model.id for model in found[0].known_models()} if found is not None else set()
        return found if found is not None and {found[1], f"{found[1]}:latest"} & listed else None
    if upstreams.default is None:
        return None
    first = next((model.id for model in upstreams.default.known_models() if model.kind != "embedding"), None)
    return None if first is None else (upstreams.default, first)


async def _window(server: Upstream, model: str, *, patience: float) -> int | None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            return await server.context_length(model)
    return None


def _checks(server: AskedServer) -> Iterator[Check]:
    status = server.status
    if not status["reached"]:
        problem = status["problem"] or "It did not answer in time."
        yield check(
            "warning", f"not reached: {problem}", "Start it, or check `upstream` and `upstreams` in the settings."
        )
        return
    kind = NAMES[status["kind"]] if status["kind"] else "of an unknown kind"
    where = "on this machine" if status["on_this_machine"] else "on another machine: questions and passages go there"
    yield check("ok", f"{kind}, {where}, {counted(status['models'], 'model')}")
    if server.model is not None and server.context_length is not None:
        short = server.context_length < _SHORT
        text = f"{server.model} reads {server.context_length:,} tokens at once"
        hint = f"Answers from notes want {_SHORT:,}: raise the context length in that program." if short else None
        yield check("warning" if short else "ok", text, hint)
    elif server.model is not None:
        yield check("note", f"{server.model}: the server does not say how much it reads at once")
    for notice in status["notices"]:
        yield check("warning", notice)
