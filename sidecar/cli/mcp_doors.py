"""Where `sidecar mcp` finds the notes, anew for each call: at the running server, or in vaults that it opens itself.

What runs here: with no server, one call at a time has the vaults open, and closes them after it, so that a server, or
another client's `sidecar mcp`, can have the data folder next. Those who come at the same moment wait for each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar import __version__
from sidecar.cli.session import RunningServer, error_message, lost_connections, running_server
from sidecar.config import Config
from sidecar.errors import AlreadyRunningError, RequestError, SidecarError

_CALLERS_FAULT = frozenset({400, 404, 422})
_PATIENCE = 30.0
"""Seconds to wait for whoever has the data folder and is no server yet, or another client's call."""
_RETRY = 0.2
_TO_INDEX = 40.0
"""Seconds for the index of vaults that are opened for a call; what is not in it by then comes with a later one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerDoor:
    """A server that was found, with the names of the vaults that may be asked."""

    server: RunningServer
    vaults: tuple[str, ...] | None

    async def ask(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> Any:
        """As `Door.ask`."""
        with lost_connections():
            response = await self.server.client.request(method, path, params=params, json=body)
        if response.status_code in _CALLERS_FAULT:
            raise RequestError(error_message(response))
        if response.status_code >= 400:
            raise SidecarError(error_message(response))
        return response.json()


class NearestServer:
    """Opens the door of the running server, or else of a runtime that lives for one call. `only` are the vaults that
    may be asked, all of them when there are none.
    """

    def __init__(self, config: Config, *, only: Sequence[Path]) -> None:
        self._config = config
        self._only = tuple(path.resolve() for path in only)
        self._alone = asyncio.Lock()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[ServerDoor]:
        """Raises SidecarError when nothing can be asked."""
        async with AsyncExitStack() as stack:
            yield await self._found(stack)

    async def _found(self, stack: AsyncExitStack) -> ServerDoor:
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE
        while True:
            if (door := await self._at_the_server(stack)) is not None:
                return door
            try:
                return await self._by_itself(stack)
            except AlreadyRunningError:
                # A server that has not bound its port yet, or another client's call.
                if loop.time() > until:
                    raise
            await asyncio.sleep(_RETRY)

    async def _at_the_server(self, stack: AsyncExitStack) -> ServerDoor | None:
        server = await stack.enter_async_context(running_server(self._config))
        if server is None:
            return None
        _refuse_other_versions(await server.json("GET", "/readyz"))
        server.client.headers["user-agent"] = f"sidecar-mcp/{__version__}"
        return ServerDoor(server=server, vaults=await self._names(server))

    async def _by_itself(self, stack: AsyncExitStack) -> ServerDoor:
        # Only now: what a running server answers does without all that indexes.
        from sidecar.cli.mcp_alone import served_here

        async with AsyncExitStack() as undo:
            await undo.enter_async_context(self._alone)
            server = await undo.enter_async_context(served_here(self._config, index_within=_TO_INDEX))
            names = await self._names(server)
            stack.push_async_exit(undo.pop_all())
            return ServerDoor(server=server, vaults=names)

    async def _names(self, server: RunningServer) -> tuple[str, ...] | None:
        """What the server calls the vaults that may be asked, `None` for all. Raises SidecarError for one that it does
        not have.
        """
        names = [await server.vault_at([path]) for path in self._only]
        return tuple(name for name in names if name is not None) or None


def _refuse_other_versions(told: Mapping[str, Any]) -> None:
    """An older server would pass over the word that keeps notes here."""
    if told.get("version") != __version__:
        raise SidecarError(
            f"The running server is version {told.get('version')}, and this command {__version__}.",
            hint="Restart the server: `sidecar service restart`, or stop it and run `sidecar serve`.",
        )
