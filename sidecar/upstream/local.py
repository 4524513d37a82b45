"""Servers that already run on this machine, found by asking the ports they are known for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sidecar.errors import UpstreamError
from sidecar.upstream.listing import UpstreamModel
from sidecar.upstream.server import KNOWN_PORTS, Upstream


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundServer:
    """A server that listed its models."""

    name: str
    base_url: str
    models: tuple[UpstreamModel, ...]


async def find_local(
    *, ports: Sequence[tuple[str, int]] = KNOWN_PORTS, timeout: float = 0.3
) -> tuple[FoundServer, ...]:
    """Ask each port of 127.0.0.1 for its models, all at once; `timeout` is in seconds for the whole. Order of `ports`.

    No key is sent: whoever holds the port is not known yet.
    """
    found = await asyncio.gather(*(_ask(name, port, timeout=timeout) for name, port in ports))
    return tuple(server for server in found if server is not None)


async def _ask(name: str, port: int, *, timeout: float) -> FoundServer | None:
    base_url = f"http://127.0.0.1:{port}/v1"
    upstream = Upstream(base_url, api_key=None, name=name, connect_timeout=timeout, read_timeout=timeout, retries=0)
    try:
        async with asyncio.timeout(timeout):
            return FoundServer(name=name, base_url=base_url, models=await upstream.models())
    except (UpstreamError, TimeoutError):
        return None
    finally:
        await upstream.aclose()
