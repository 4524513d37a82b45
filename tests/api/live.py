"""A real server on a real socket, over the fake runtime."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from openai import AsyncOpenAI

from sidecar.api.address import bind
from sidecar.api.app import App, create_app
from sidecar.api.connection import Connection
from sidecar.api.server import serve
from tests.api.fakes import TOKEN, FakeRuntime


@dataclass(slots=True)
class Live:
    """A running server; `http` sends the right key, `bare` sends none."""

    runtime: FakeRuntime
    app: App
    port: int
    stop: asyncio.Event
    http: httpx2.AsyncClient
    bare: httpx2.AsyncClient
    openai: AsyncOpenAI

    async def send(self, request: bytes) -> bytes:
        """Send raw bytes on a connection of its own; returns all that comes back until the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            await writer.drain()
            async with asyncio.timeout(10):
                return await reader.read()
        finally:
            writer.close()

    async def chat(self, **fields: Any) -> httpx2.Response:
        body = {"model": "vault", "messages": [{"role": "user", "content": "Which river is longest?"}], **fields}
        return await self.http.post("/v1/chat/completions", json=body)


@asynccontextmanager
async def running(
    *,
    token: str | None = TOKEN,
    origins: frozenset[str] = frozenset({"app://obsidian.md"}),
    connection: type[Connection] = Connection,
    keys_folder: Path | None = None,
) -> AsyncIterator[Live]:
    sock = bind("127.0.0.1", 0)
    port: int = sock.getsockname()[1]
    runtime = FakeRuntime(port=port, token=token, origins=origins, keys_folder=keys_folder)
    app = create_app(runtime.as_runtime)
    started, stop = asyncio.Event(), asyncio.Event()
    server = asyncio.create_task(serve(app, sock, on_started=started.set, stop=stop, connection=connection))
    async with asyncio.timeout(5):
        await started.wait()
    url = f"http://127.0.0.1:{port}"
    key = {"authorization": f"Bearer {token}"} if token else {}
    try:
        async with (
            # Loading certificates that nothing here uses would cost more than most of these tests.
            httpx2.AsyncClient(base_url=url, headers=key, timeout=10, verify=False) as http,
            httpx2.AsyncClient(base_url=url, timeout=10, verify=False) as bare,
            httpx2.AsyncClient(timeout=10, verify=False) as inner,
            AsyncOpenAI(base_url=f"{url}/v1", api_key=token or "none", max_retries=0, http_client=inner) as openai,
        ):
            yield Live(runtime=runtime, app=app, port=port, stop=stop, http=http, bare=bare, openai=openai)
    finally:
        stop.set()
        async with asyncio.timeout(10):
            await server


async def until(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    """Wait for what nothing announces; fails after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # open files and counters have no event to wait for
            await asyncio.sleep(0.01)
