"""How the tools reach the notes: one request at a time to the routes of a server, wherever that is."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from sidecar.errors import RequestError


class Door(Protocol):
    """A server that answers for as long as a call takes.

    `vaults` are the names of those that may be asked, `None` for all that it has.
    """

    @property
    def vaults(self) -> tuple[str, ...] | None: ...

    async def ask(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> Any:
        """The JSON of one answer. Raises RequestError for what the caller did wrong, SidecarError for all else."""
        ...


class Doors(Protocol):
    """Finds the server anew for each call: one may have started or ended since the last."""

    def opened(self) -> AbstractAsyncContextManager[Door]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What one call may see. `elsewhere`: its client's model runs on another machine; said in every request, here."""

    door: Door
    elsewhere: bool

    def vault(self, name: str | None) -> str | None:
        """The name to ask by. Raises RequestError for a vault that was not offered."""
        offered = self.door.vaults
        if offered is None:
            return name
        if name is None:
            return offered[0]
        if name not in offered:
            raise RequestError(f"There is no vault {name!r}. Vaults: {', '.join(offered)}.", param="vault")
        return name

    async def search(self, body: Mapping[str, Any], *, vault: str | None) -> Any:
        asked = {**body, "vault": self.vault(vault), "elsewhere": self.elsewhere}
        return await self.door.ask("POST", "/vault/search", body=asked)

    async def related(self, path: str, *, vault: str | None, limit: int) -> Any:
        params = {"path": path, "limit": str(limit)}
        return await self.door.ask("GET", "/vault/related", params=params | self._params(vault))

    async def note(self, path: str, *, vault: str | None) -> Any:
        return await self.door.ask("GET", f"/vault/notes/{quote(path, safe='/')}", params=self._params(vault))

    async def answer(self, question: str, *, vault: str | None) -> Any:
        options = {"name": self.vault(vault), "elsewhere": self.elsewhere}
        body = {"model": "vault", "messages": [{"role": "user", "content": question}], "vault": options}
        return await self.door.ask("POST", "/v1/chat/completions", body=body)

    async def status(self) -> Any:
        return await self.door.ask("GET", "/vault/status")

    async def ready(self) -> bool:
        """Whether every vault has been gone through."""
        return bool((await self.door.ask("GET", "/readyz"))["ready"])

    def _params(self, vault: str | None) -> dict[str, str]:
        name = self.vault(vault)
        return {"elsewhere": "true" if self.elsewhere else "false"} | ({} if name is None else {"vault": name})
