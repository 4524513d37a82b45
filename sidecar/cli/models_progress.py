"""How far a pull has come: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from sidecar.cli.output import printable
from sidecar.cli.terminal import stderr
from sidecar.models.disk import as_size
from sidecar.models.download import Progress as Step
from sidecar.models.pull import OnFile, PlannedFile, PullPlan

_LINE_EVERY = 10.0
"""Seconds between lines of progress where there is no terminal."""


@contextmanager
def shown_progress(plan: PullPlan) -> Iterator[OnFile]:
    """Give what is to be called with each step."""
    console = stderr()
    if not console.is_terminal:
        yield _Lines(time.monotonic).show
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[tuple[Path, str], Any] = {}

        def show(file: PlannedFile, step: Step) -> None:
            key = (file.target, step.phase)
            if key not in tasks:
                for task in tasks.values():
                    bars.update(task, visible=False)
                # What was here before is no part of the rate.
                start = 0 if step.phase == "checking" else file.here
                tasks[key] = bars.add_task(
                    escape(_labelled(plan, file, step)), total=step.total, completed=min(start, step.done)
                )
            bars.update(tasks[key], total=step.total, completed=step.done)

        yield show


def _labelled(plan: PullPlan, file: PlannedFile, step: Step) -> str:
    number = f" {plan.files.index(file) + 1}/{len(plan.files)}" if len(plan.files) > 1 else ""
    return ("Checking what is here" if step.phase == "checking" else "Fetching") + number


class _Lines:
    """Lines of progress for logs: at the start, every ten seconds, and at the end."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = -_LINE_EVERY
        self._begun = clock()
        self._first: int | None = None

    def show(self, file: PlannedFile, step: Step) -> None:
        now = self._clock()
        ended = step.total is not None and step.done >= step.total
        if step.phase == "checking" or (now - self._last < _LINE_EVERY and not ended):
            return
        if self._first is None:
            self._first, self._begun = step.done, now
        self._last = now
        taken = now - self._begun
        rate = f", {as_size((step.done - self._first) / taken)}/s" if taken > 1 and step.done > self._first else ""
        of = f" of {as_size(step.total)}" if step.total is not None else ""
        click.echo(f"{printable(file.target.name)}: {as_size(step.done)}{of}{rate}", err=True)
