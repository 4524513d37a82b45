"""What commands print: rich on terminals, plain in pipes, JSON on request; complaints go to standard error."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from sidecar import logs
from sidecar.errors import SidecarError
from sidecar.runtime import OpenVault

T = TypeVar("T")

_MAX_WIDTH = 100
# Control characters, half characters, line separators, and what turns the direction of writing for all that follows.
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_STEERING_IN_TEXT = re.compile(rf"(?![\t\n]){_STEERING.pattern}")
_MARKS = {
    "ok": ("✓", "+", "green"),
    "note": ("·", "-", None),
    "warning": ("!", "!", "yellow"),
    "error": ("✗", "x", "red"),
}


def stdout() -> Console:
    """The console for facts. Plain text where standard output is no terminal."""
    return Console(highlight=False, soft_wrap=True)


def stderr() -> Console:
    """The console for progress and notices."""
    return _Notices(stderr=True, highlight=False, soft_wrap=True)


class _Notices(Console):
    """Falls silent where nobody reads any longer: rich would end the program, and with it a server."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        # What could not be written would be tried again at the end, and make that a failure.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stderr.fileno())
        os.close(nowhere)


def complain(error: SidecarError) -> None:
    """Say what went wrong and what to do about it."""
    click.echo(f"{click.style('Error:', fg='red', bold=True)} {printable_text(error.message)}", err=True)
    if error.hint:
        click.echo(f"{click.style('Hint:', fg='yellow')} {printable_text(error.hint)}", err=True)


def print_check(level: str, text: str, hint: str | None) -> None:
    """One finding with its mark, and under it what to do; ASCII where the terminal has no other characters."""
    beautiful, plain, colour = _MARKS[level]
    mark, arrow = (beautiful, "→") if _can_show("✓✗·→") else (plain, "->")
    print_wrapped(text, first=f"  {click.style(mark, fg=colour)} ", rest="    ", taken=4)
    if hint:
        print_wrapped(hint, first=f"    {arrow} ", rest=" " * (5 + len(arrow)), taken=5 + len(arrow))


def print_wrapped(text: str, *, first: str, rest: str, taken: int | None = None) -> None:
    """A paragraph, within the width of a terminal; one line in a pipe, where a program may look for it.

    `taken` is how many columns `first` fills, when colours are in it.
    """
    text = printable(text)
    if not sys.stdout.isatty():
        click.echo(first + text)
        return
    width = min(shutil.get_terminal_size().columns, _MAX_WIDTH)
    blank = " " * (len(first) if taken is None else taken)
    lines = textwrap.wrap(
        text, width, initial_indent=blank, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    click.echo("\n".join([first + lines[0][len(blank) :], *lines[1:]]) if lines else first.rstrip())


def print_list(lines: Sequence[str], *, most: int, indent: str) -> None:
    """Some lines, and how many more there are."""
    for line in lines[:most]:
        click.echo(indent + printable(line))
    if len(lines) > most:
        click.echo(f"{indent}and {len(lines) - most:,} more (--json lists all)")


def printable(text: str) -> str:
    """Text for standard output: what would steer the terminal is escaped, as names of files may hold anything."""
    return _STEERING.sub(_escaped, text)


def printable_text(text: str) -> str:
    """Text of several lines for standard output, or a piece of one: as `printable`, with its line breaks and tabs."""
    # Half of Windows' line breaks; alone, it would write over what stands in the line.
    return _STEERING_IN_TEXT.sub(_escaped, text.replace("\r", ""))


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def _can_show(characters: str) -> bool:
    try:
        characters.encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def print_json(facts: Any) -> None:
    """Facts as one JSON document on standard output."""
    click.echo(json.dumps(facts, ensure_ascii=False, indent=2))


def set_up_logging(level: str) -> None:
    """Log to standard error. No level writes note text."""
    logs.set_up(level)
    logs.log_crashes()


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
        try:
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
        finally:
            # Whoever is told to stop meanwhile, or whose terminal is gone, leaves nothing running.
            task.cancel()
    return await task
