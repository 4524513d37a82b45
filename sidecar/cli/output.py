"""What commands print: rich on terminals, plain in pipes, JSON on request; complaints go to standard error."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from sidecar.errors import SidecarError
from sidecar.runtime import OpenVault

T = TypeVar("T")


def stdout() -> Console:
    """The console for facts. Plain text where standard output is no terminal."""
    return Console(highlight=False, soft_wrap=True)


def stderr() -> Console:
    """The console for progress and notices."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def complain(error: SidecarError) -> None:
    """Say what went wrong and what to do about it."""
    click.echo(f"{click.style('Error:', fg='red', bold=True)} {error.message}", err=True)
    if error.hint:
        click.echo(f"{click.style('Hint:', fg='yellow')} {error.hint}", err=True)


def print_json(facts: Any) -> None:
    """Facts as one JSON document on standard output."""
    click.echo(json.dumps(facts, ensure_ascii=False, indent=2))


def set_up_logging(level: str) -> None:
    """Log to standard error. No level writes note text."""
    logging.basicConfig(
        level=level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    for noisy in ("httpcore2", "httpx2", "markdown_it", "watchfiles", "asyncio", "filelock", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


async def with_progress(vaults: list[OpenVault], work: Awaitable[T]) -> T:
    """Await `work` while showing how far the indexing of the vaults is, when standard error is a terminal."""
    task = asyncio.ensure_future(work)
    console = stderr()
    if not console.is_terminal:
        return await task
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bars = {vault.name: progress.add_task(vault.name, total=None) for vault in vaults}
        while not task.done():
            for vault in vaults:
                now = vault.indexer.progress
                progress.update(
                    bars[vault.name],
                    description=f"{vault.name}: {now.phase}",
                    total=now.total or None,
                    completed=now.done,
                )
            await asyncio.wait({task}, timeout=0.1)
    return await task
