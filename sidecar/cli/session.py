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
from sidecar.errors import AlreadyRunningError, SidecarError
from sidecar.runtime import datafolder
from sidecar.runtime.proof import new_nonce, proves


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
        """The name under which the server has the first of `paths`: a folder, or that name where no such folder is;
        `None` for no path. Raises AlreadyRunningError when it has no such vault: nobody else can open one meanwhile.
        """
        if not paths:
            return None
        status = await self.json("GET", "/vault/status")
        names = {Path(vault["path"]): str(vault["name"]) for vault in status["vaults"]}
        folder = paths[0]
        if (name := names.get(folder.resolve())) is not None:
            return name
        if folder.name in names.values() and not folder.exists():
            return folder.name
        raise AlreadyRunningError(
            f"The running Sidecar does not have the vault {folder}. It has {', '.join(names.values()) or 'none'}.",
            hint="For another folder stop it, or add --data-dir with a folder of its own.",
        )


@asynccontextmanager
async def running_server(config: Config) -> AsyncIterator[RunningServer | None]:
    """The server that uses this data folder, `None` when none answers."""
    facts = datafolder.read_runtime_file(config)
    # A server that was killed leaves its file, and whoever took its port, or its number as a process, since.
    if not facts or not isinstance(facts.get("url"), str) or not _runs(facts.get("pid")):
        yield None
        return
    # One that asks for none is sent none: nothing would prove that it is ours.
    token = datafolder.read_token(config) if facts.get("token_file") else None
    async with httpx2.AsyncClient(base_url=facts["url"], trust_env=False, timeout=300) as client:
        ours = await _is_ours(client, token)
        if ours and token:
            client.headers["authorization"] = f"Bearer {token}"
        yield RunningServer(client=client) if ours else None


async def _is_ours(client: httpx2.AsyncClient, token: str | None) -> bool:
    """Whether a Sidecar answers, one that holds the token where there is one: asked before it is sent."""
    nonce = new_nonce()
    try:
        response = await client.get("/healthz", params={"nonce": nonce}, timeout=2)
        answer = response.json() if response.status_code == 200 else None
    except (httpx2.HTTPError, ValueError):
        return False
    if not isinstance(answer, dict):
        return False
    return token is None or proves(answer.get("proof"), token, nonce, port=client.base_url.port or 80)


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
