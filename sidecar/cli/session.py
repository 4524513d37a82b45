"""Where a question goes: to the server that is running, or to a runtime opened for this one command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from sidecar.config import Config
from sidecar.errors import SidecarError
from sidecar.runtime import datafolder


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """A Sidecar that answers on this machine."""

    client: httpx2.AsyncClient
    vaults: tuple[str, ...]

    async def json(self, method: str, path: str, **options: Any) -> Any:
        """One request; an error of the server is raised as SidecarError with its message."""
        response = await self.client.request(method, path, **options)
        if response.status_code >= 400:
            raise SidecarError(_message(response))
        return response.json()


@asynccontextmanager
async def running_server(config: Config) -> AsyncIterator[RunningServer | None]:
    """The server that uses this data folder, `None` when none answers."""
    facts = datafolder.read_runtime_file(config)
    token = datafolder.read_token(config)
    if not facts or not isinstance(facts.get("url"), str):
        yield None
        return
    headers = {"authorization": f"Bearer {token}"} if token else {}
    async with httpx2.AsyncClient(base_url=facts["url"], headers=headers, trust_env=False, timeout=300) as client:
        try:
            alive = (await client.get("/healthz", timeout=2)).status_code == 200
        except httpx2.HTTPError:
            alive = False
        yield RunningServer(client=client, vaults=tuple(facts.get("vaults", ()))) if alive else None


def _message(response: httpx2.Response) -> str:
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"The server answered {response.status_code}."
