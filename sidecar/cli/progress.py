"""How far the indexing of vaults is, shown while a command waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from sidecar.cli.console import stderr
from sidecar.cli.output import printable
from sidecar.runtime.vaults import OpenVault

T = TypeVar("T")


class _RateColumn(ProgressColumn):
    """How many files are dealt with in a second; nothing until that is known."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="progress.data.speed")


async def with_progress(vaults: list[OpenVault], work: Awaitable[T]) -> T:
    """Await `work` while showing how far the indexing of the vaults is, when standard error is a terminal."""
    task = asyncio.ensure_future(work)
    console = stderr()
    if not console.is_terminal:
        return await task
    columns = (
        SpinnerColumn(),
        # A vault's name is no markup, whatever brackets are in it.
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bars = {vault.name: progress.add_task(printable(vault.name), total=None) for vault in vaults}
        try:
            while not task.done():
                for vault in vaults:
                    now = vault.indexer.progress
                    progress.update(
                        bars[vault.name],
                        description=printable(f"{vault.name}: {now.phase}"),
                        total=now.total or None,
                        completed=now.done,
                    )
                await asyncio.wait({task}, timeout=0.1)
        finally:
            # Whoever is told to stop meanwhile, or whose terminal is gone, leaves nothing running.
            task.cancel()
    return await task
