"""The upstream servers that the settings name: opened, asked for their models again and again, and told about."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sidecar.config import Config
from sidecar.errors import ConfigError, SidecarError
from sidecar.upstream.server import Upstream

_AGAIN = 300.0
_AGAIN_UNREACHED = 30.0
_DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstreams:
    """The server of the setting `upstream`, and those of the table `upstreams` by their names."""

    default: Upstream | None = None
    named: Mapping[str, Upstream] = field(default_factory=dict)

    def all(self) -> Mapping[str, Upstream]:
        """Every server by the name that status tells, the default one first."""
        return {**({_DEFAULT: self.default} if self.default else {}), **self.named}

    def find(self, model: str) -> tuple[Upstream, str] | None:
        """The server that a setting means by `NAME/MODEL` or `MODEL`, and the model's own name; a server's name goes
        before a slash in a model's.
        """
        name, slash, rest = model.partition("/")
        if slash and rest and name in self.named:
            return self.named[name], rest
        return (self.default, model) if self.default else None

    def lacks(self, model: str) -> bool:
        """Whether the server that `find` gives is known not to have the model."""
        found = self.find(model)
        listed = {each.id for each in found[0].known_models()} if found is not None else set()
        return bool(listed) and found is not None and not {found[1], f"{found[1]}:latest"} & listed

    async def refresh(self) -> None:
        """Ask every server what it is and which models it has; those that are away stay as they were."""
        await asyncio.gather(*(_ask(upstream) for upstream in self.all().values()))

    async def keep_fresh(self, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Ask until cancelled: every five minutes, twice a minute while one has not been reached."""
        while True:
            await self.refresh()
            away = any(upstream.health.reached is False for upstream in self.all().values())
            await sleep(_AGAIN_UNREACHED if away else _AGAIN)

    def status(self) -> list[dict[str, Any]]:
        """The JSON for `GET /vault/status`: no keys, no passwords. Instant."""
        return [_status(name, upstream) for name, upstream in self.all().items()]

    async def aclose(self) -> None:
        """Close every connection. Idempotent."""
        for upstream in self.all().values():
            await upstream.aclose()


def open_upstreams(config: Config) -> Upstreams:
    """Open the servers without asking them anything. Raises ConfigError, also for one elsewhere in offline mode."""
    if config.upstream is not None and _DEFAULT in config.upstreams:
        raise ConfigError(
            f"A server in `upstreams` is called '{_DEFAULT}', as the one in `upstream` is.",
            hint="Give it another name.",
        )
    upstreams = Upstreams(
        default=None if config.upstream is None else Upstream(config.upstream, api_key=config.upstream_key),
        named={
            name: Upstream(server["url"], api_key=server.get("key"), name=name)
            for name, server in config.upstreams.items()
        },
    )
    if config.offline:
        _refuse_elsewhere(upstreams.all())
    return upstreams


def clashes(upstreams: Upstreams, vaults: Iterable[str]) -> list[str]:
    """Say which servers have the name of a vault, which wins: an id that begins with it means the vault."""
    return [
        f"The upstream server '{name}' has the name of a vault, so its models cannot be asked for as {name}/…; give it"
        " another name in the settings."
        for name in vaults
        if name in upstreams.named
    ]


def _refuse_elsewhere(upstreams: Mapping[str, Upstream]) -> None:
    for name, upstream in upstreams.items():
        if not upstream.on_this_machine:
            setting = "upstream" if name == _DEFAULT else f"upstreams.{name}"
            raise ConfigError(
                f"The server in `{setting}` ({upstream.url}) is not on this machine, and `offline` is set.",
                hint="Take one of the two out of the settings, or give a server on 127.0.0.1.",
            )


async def _ask(upstream: Upstream) -> None:
    with contextlib.suppress(SidecarError):
        await upstream.kind()
        await upstream.models()


def _status(name: str, upstream: Upstream) -> dict[str, Any]:
    health = upstream.health
    return {
        "name": name,
        "url": upstream.url,
        "kind": upstream.known_kind,
        "on_this_machine": upstream.on_this_machine,
        "reached": health.reached,
        "last_reached": None if health.last_reached is None else round(health.last_reached),
        "problem": health.problem,
        "models": len(upstream.known_models()),
        "notices": list(upstream.notices),
    }
