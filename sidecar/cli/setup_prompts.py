"""One question on the terminal: with a default that Enter takes, and folders that Tab completes."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import click

from sidecar.cli.output import printable
from sidecar.setup.vaults import completions


def at_terminal() -> bool:
    """Whether somebody can be asked: both ends are a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def ask(question: str, default: str) -> str:
    """One line from the terminal, without the spaces around it. Raises click.Abort for Ctrl-C and the end of input."""
    shown = printable(default)
    typed = str(click.prompt(printable(question), default=shown, show_default=bool(default)))
    return default if typed == shown else typed.strip()


def confirm(question: str, *, default: bool) -> bool:
    """Yes or no. Raises click.Abort as `ask`."""
    return click.confirm(printable(question), default=default)


def tab_binding(library: str | None) -> str:
    """What has Tab complete, in the words of GNU Readline or of libedit, which macOS and uv's Pythons have instead.
    `library` is the documentation of Python's module, which tells the two apart.
    """
    return "bind ^I rl_complete" if "libedit" in (library or "") else "tab: complete"


@contextlib.contextmanager
def completing_folders() -> Iterator[None]:
    """Complete folders with Tab while the block runs, where the terminal's library is there."""
    try:
        import readline  # not on Windows
    except ImportError:
        yield
        return
    before, marks = readline.get_completer(), readline.get_completer_delims()
    readline.set_completer(lambda text, number: dict(enumerate(completions(text))).get(number))
    # A folder's name may hold a space.
    readline.set_completer_delims("")
    readline.parse_and_bind(tab_binding(readline.__doc__))
    try:
        yield
    finally:
        readline.set_completer(before)
        readline.set_completer_delims(marks)
