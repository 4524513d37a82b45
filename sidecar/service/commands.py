"""Commands of the system's own programs: what is run, and what came of it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

_DEADLINE = 330.0
"""Seconds: a service that is started has five minutes until it must be ready."""
NOT_FOUND = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program and its arguments. `optional`: that it fails is no failure. `tries`: how often it is run, a second
    apart, until it succeeds.
    """

    words: tuple[str, ...]
    optional: bool = False
    tries: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The exit code, and what was written to standard output and standard error."""

    code: int
    output: str = ""
    errors: str = ""


Runner: TypeAlias = Callable[[tuple[str, ...]], Outcome]


def run_here(words: tuple[str, ...]) -> Outcome:
    """Run a program of this machine and wait for its end: 127 for one that is missing, 124 for one that hangs."""
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_DEADLINE,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        return Outcome(code=NOT_FOUND, errors=f"{words[0]} is not installed")
    except subprocess.TimeoutExpired:
        return Outcome(code=124, errors=f"{words[0]} did not end")
    except OSError as error:
        return Outcome(code=126, errors=f"{words[0]} cannot be run: {error.strerror or error}")
    return Outcome(code=done.returncode, output=done.stdout, errors=done.stderr)
