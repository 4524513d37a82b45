"""Servers that already run on this machine, found at the ports they usually have and told apart by what they answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sidecar.errors import UpstreamError
from sidecar.upstream.kind import NAMES, ServerKind
from sidecar.upstream.listing import UpstreamModel
from sidecar.upstream.server import Upstream

KNOWN_PORTS: tuple[int, ...] = (11434, 1234, 8080, 8000, 1337, 5001, 5000)
"""Where Ollama, LM Studio, llama-server and LocalAI, vLLM, Jan, KoboldCpp and text-generation-webui listen unasked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundServer:
    """A server that listed its models."""

    name: str
    kind: ServerKind
    base_url: str
    models: tuple[UpstreamModel, ...]


async def find_local(*, ports: Sequence[int] = KNOWN_PORTS, timeout: float = 0.3) -> tuple[FoundServer, ...]:
    """Ask each port of 127.0.0.1 for its models, all at once; `timeout` is in seconds for the whole. Order of `ports`.

    No key is sent: whoever holds the port is not known yet. A server that wants one is therefore not found.
    """
    found = await asyncio.gather(*(_ask(port, timeout=timeout) for port in ports))
    return tuple(server for server in found if server is not None)


async def _ask(port: int, *, timeout: float) -> FoundServer | None:
    base_url = f"http://127.0.0.1:{port}/v1"
    upstream = Upstream(base_url, api_key=None, connect_timeout=timeout, read_timeout=timeout, retries=0)
    try:
        async with asyncio.timeout(timeout):
            models = await upstream.models()
            kind = await upstream.kind()
    except (UpstreamError, TimeoutError):
        return None
    finally:
        await upstream.aclose()
    return FoundServer(
        name=f"a server on port {port}" if kind == "openai" else NAMES[kind],
        kind=kind,
        base_url=base_url,
        models=models,
    )
