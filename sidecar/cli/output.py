"""What commands print: plain text and marks, JSON on request; complaints go to standard error."""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Any

import click

from sidecar.errors import SidecarError
from sidecar.logs.crashes import log_crashes
from sidecar.logs.lines import set_up

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


def complain(error: SidecarError) -> None:
    """Say what went wrong and what to do about it."""
    _say("Error:", error.message, fg="red", bold=True)
    if error.hint:
        _say("Hint:", error.hint, fg="yellow")


def notice(text: str) -> None:
    """Say on standard error what the user should know, beside what was asked for."""
    _say("Note:", text, fg="yellow")


def _say(label: str, text: str, **style: Any) -> None:
    """A labelled paragraph on standard error; broken between words where that is a terminal."""
    text = printable_text(text)
    # Without a window, as under pythonw, there is none.
    if sys.stderr is not None and sys.stderr.isatty():
        text = "\n".join(_broken(line, taken=len(label) + 1) for line in text.split("\n"))
    click.echo(f"{click.style(label, **style)} {text}", err=True)


def _broken(line: str, *, taken: int) -> str:
    """A line in lines as wide as the terminal; `taken` columns of the first are spoken for."""
    if taken + len(line) <= _width():
        return line
    blank = " " * taken
    filled = textwrap.fill(line, _width(), initial_indent=blank, break_long_words=False, break_on_hyphens=False)
    return filled.removeprefix(blank)


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
    width = _width()
    blank = " " * (len(first) if taken is None else taken)
    lines = textwrap.wrap(
        text, width, initial_indent=blank, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    click.echo("\n".join([first + lines[0][len(blank) :], *lines[1:]]) if lines else first.rstrip())


def _width() -> int:
    return min(shutil.get_terminal_size().columns, _MAX_WIDTH)


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
    click.echo(json.dumps(facts, ensure_ascii=not _can_show("é旅😀"), indent=2))


def escape_what_cannot_be_written() -> None:
    """Have standard output and error write escapes for what their encoding has not, as a pipe's on Windows has no
    Japanese and UTF-8 no names that are no text; else the program would end there.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def set_up_logging(level: str) -> None:
    """Log to standard error. No level writes note text."""
    set_up(level)
    log_crashes()
