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
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from sidecar.cli.output import printable
from sidecar.cli.terminal import stderr
from sidecar.indexer.progress import Progress as VaultProgress
from sidecar.runtime.vaults import OpenVault

T = TypeVar("T")


class _RateColumn(ProgressColumn):
    """How many files or passages are dealt with in a second; nothing until that is known."""

    def render(self, task: Task) -> Text:
        # A large model on a slow machine embeds one passage in some seconds.
        return Text(_rate(task.speed) if task.speed else "", style="progress.data.speed")


def _rate(speed: float) -> str:
    return f"{speed:,.0f}/s" if speed >= 1 else f"{speed * 60:,.0f}/min"


def columns() -> tuple[ProgressColumn, ...]:
    """What stands in a bar's line."""
    return (
        SpinnerColumn(),
        # A vault's name is no markup, whatever brackets are in it.
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeRemainingColumn(),
    )


class VaultBars:
    """The bars of one vault: its files, and below them the passages that a model is given, for as long as there are
    some. Of these rate and time left are known only when they are counted by themselves.
    """

    def __init__(self, bars: Progress, name: str) -> None:
        self._bars = bars
        self._name = name
        self._files = bars.add_task(printable(name), total=None)
        self._passages: TaskID | None = None

    def show(self, now: VaultProgress) -> None:
        """Bring the bars up to date."""
        phase = "" if now.phase == "embedding" else f": {now.phase}"
        self._bars.update(
            self._files,
            description=printable(f"{self._name}{phase}"),
            total=now.total or None,
            completed=now.done,
            # With nothing new to read, an empty bar would run to and fro beside the one that tells something.
            visible=now.total > 0 or now.vectors_total == 0,
        )
        if now.vectors_total == 0:
            if self._passages is not None:
                self._bars.remove_task(self._passages)
                self._passages = None
            return
        if self._passages is None:
            self._passages = self._bars.add_task(printable(f"{self._name}: embedding"), total=now.vectors_total)
        self._bars.update(self._passages, total=now.vectors_total, completed=now.vectors_done)


async def with_progress(vaults: list[OpenVault], work: Awaitable[T]) -> T:
    """Await `work` while showing how far the indexing of the vaults is, when standard error is a terminal."""
    task = asyncio.ensure_future(work)
    console = stderr()
    if not console.is_terminal:
        return await task
    with Progress(*columns(), console=console, transient=True) as progress:
        bars = [VaultBars(progress, vault.name) for vault in vaults]
        try:
            while not task.done():
                for bar, vault in zip(bars, vaults, strict=True):
                    bar.show(vault.indexer.progress)
                await asyncio.wait({task}, timeout=0.1)
        finally:
            # Whoever is told to stop meanwhile, or whose terminal is gone, leaves nothing running.
            task.cancel()
    return await task
