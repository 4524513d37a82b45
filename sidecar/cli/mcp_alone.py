"""A server within this process for as long as one call takes: the same application, with no socket before it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2

from sidecar.api.app import create_app
from sidecar.cli.alone import opened
from sidecar.cli.session import RunningServer
from sidecar.config import Config
from sidecar.hardware.heap import give_back
from sidecar.runtime.runtime import Runtime

_PATIENCE = 300.0


@asynccontextmanager
async def served_here(config: Config, *, index_within: float) -> AsyncIterator[RunningServer]:
    """Open the vaults, bring their index up to date, or as far as that gets in so many seconds, and answer.

    Raises as `open_runtime` and `choose_vaults`.
    """
    async with AsyncExitStack() as stack:
        # This process lives as long as its client: what a call took goes back to the system with it.
        stack.push_async_callback(asyncio.to_thread, give_back)
        runtime = await stack.enter_async_context(opened(config, patient=True))
        await _index(runtime, within=index_within)
        headers = {"authorization": f"Bearer {runtime.token}"} if runtime.token else {}
        transport = httpx2.ASGITransport(app=create_app(runtime))
        address = f"http://127.0.0.1:{runtime.port}"
        async with httpx2.AsyncClient(
            transport=transport, base_url=address, headers=headers, timeout=_PATIENCE
        ) as client:
            yield RunningServer(client=client)


async def _index(runtime: Runtime, *, within: float) -> None:
    work = [vault.index(accept_removals=False, measure=False) for vault in runtime.vaults.values()]
    if not work:
        return
    tasks = {asyncio.ensure_future(each) for each in work}
    try:
        done, _ = await asyncio.wait(tasks, timeout=within)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
