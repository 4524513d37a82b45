"""The whole application over a real vault, called without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from openai import AsyncOpenAI

from sidecar.api.app import create_app
from sidecar.config import Config
from sidecar.runtime.runtime import Runtime, open_runtime


@dataclass(slots=True, kw_only=True)
class VaultServer:
    """An open runtime with clients of its application."""

    runtime: Runtime
    http: httpx2.AsyncClient
    openai: AsyncOpenAI

    async def look(self, *, accept_removals: bool = False) -> None:
        """Bring every index up to date with its folder."""
        for vault in self.runtime.vaults.values():
            await vault.index(accept_removals=accept_removals, measure=False)

    async def search(self, store: str, query: Any, **fields: Any) -> list[dict[str, Any]]:
        """The results of a search."""
        answer = await self.http.post(f"/v1/vector_stores/{store}/search", json={"query": query, **fields})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["data"]
        return found


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder, which is returned."""
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


@asynccontextmanager
async def serving(*vaults: Path, data_dir: Path, **settings: Any) -> AsyncIterator[VaultServer]:
    """Open the vaults, index them and serve; nothing is watched."""
    config = Config(vaults=vaults, data_dir=data_dir, auth=False, **{"embedding_model": "none", **settings})
    url = f"http://127.0.0.1:{config.port}"
    async with open_runtime(config) as runtime:
        transport = httpx2.ASGITransport(app=create_app(runtime))
        async with (
            httpx2.AsyncClient(base_url=url, transport=transport, timeout=30) as http,
            AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, http_client=http) as openai,
        ):
            server = VaultServer(runtime=runtime, http=http, openai=openai)
            await server.look()
            yield server
