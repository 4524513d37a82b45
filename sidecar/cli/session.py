"""Where a question goes: to the server that is running, or to a runtime opened for this one command."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil

from sidecar.config import Config
from sidecar.errors import SidecarError
from sidecar.runtime import datafolder


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """A Sidecar that answers on this machine."""

    client: httpx2.AsyncClient

    async def json(self, method: str, path: str, **options: Any) -> Any:
        """One request; an error of the server is raised as SidecarError with its message."""
        with lost_connections():
            response = await self.client.request(method, path, **options)
        if response.status_code >= 400:
            raise SidecarError(error_message(response))
        return response.json()

    async def vault_at(self, paths: Sequence[Path]) -> str | None:
        """The name under which the server has the folder, the first of `paths`; `None` when it has another vault."""
        status = await self.json("GET", "/vault/status")
        wanted = paths[0].resolve() if paths else None
        return next((vault["name"] for vault in status["vaults"] if Path(vault["path"]) == wanted), None)


@asynccontextmanager
async def running_server(config: Config) -> AsyncIterator[RunningServer | None]:
    """The server that uses this data folder, `None` when none answers."""
    facts = datafolder.read_runtime_file(config)
    # A server that was killed leaves its file, and whoever took its port since must not be sent the token.
    if not facts or not isinstance(facts.get("url"), str) or not _runs(facts.get("pid")):
        yield None
        return
    token = datafolder.read_token(config)
    async with httpx2.AsyncClient(base_url=facts["url"], trust_env=False, timeout=300) as client:
        try:
            alive = (await client.get("/healthz", timeout=2)).status_code == 200
        except httpx2.HTTPError:
            alive = False
        if token:
            client.headers["authorization"] = f"Bearer {token}"
        yield RunningServer(client=client) if alive else None


@contextmanager
def lost_connections() -> Iterator[None]:
    """Raise SidecarError for a server that ends or does not answer in the middle of a request."""
    try:
        yield
    except httpx2.HTTPError as error:
        raise SidecarError(
            f"The running server did not finish its answer ({type(error).__name__}).", hint="Is it still running?"
        ) from error


def _runs(pid: object) -> bool:
    return isinstance(pid, int) and not isinstance(pid, bool) and 0 < pid < 2**31 and psutil.pid_exists(pid)


def error_message(response: httpx2.Response) -> str:
    """What an error answer says."""
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"The server answered {response.status_code}."
