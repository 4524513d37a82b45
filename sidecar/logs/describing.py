"""An exception as a log may show it: what it is and where it came through, never what it says.

The message of an exception quotes what was worked on (`KeyError: 'a line of a note'`), and a usual traceback shows
lines of code with it. Types, numbers and places are enough to find a mistake by.
"""

from __future__ import annotations

import traceback
from itertools import islice
from types import TracebackType

_MOST_CAUSES = 8
_MOST_IN_GROUP = 4
_FIRST, _LAST = 6, 30
# Numbers that libraries put on their exceptions: of the system, of SQLite, of a process, of an upstream.
_NUMBERS = ("errno", "result", "extendedresult", "exit_code", "status")


def described(error: BaseException) -> list[str]:
    """Tell an exception and what caused it, in lines: type and numbers, then module, line and function of each frame,
    the outermost first.
    """
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < _MOST_CAUSES:
        lines += _one(current, prefix="caused by " if seen else "")
        seen.add(id(current))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return lines


def named(error: BaseException) -> str:
    """The type of an exception and its numbers."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    # A library's `code` may be a word of its own; a number quotes nothing.
    numbers = ((number, getattr(error, number, None)) for number in _NUMBERS)
    told = ", ".join(f"{key} {value}" for key, value in numbers if type(value) is int)
    return f"{name} ({told})" if told else name


def _one(error: BaseException, *, prefix: str) -> list[str]:
    lines = [prefix + named(error), *_frames(error.__traceback__)]
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions[:_MOST_IN_GROUP]:
            lines += [f"  {line}" for line in _one(each, prefix="of ")]
    return lines


def _frames(trace: TracebackType | None) -> list[str]:
    total = sum(1 for _ in traceback.walk_tb(trace))
    lines = []
    for place, (frame, line) in enumerate(islice(traceback.walk_tb(trace), total)):
        if place < _FIRST or place >= total - _LAST:
            module = frame.f_globals.get("__name__", "?")
            lines.append(f"  {module}:{line} {frame.f_code.co_qualname}")
        elif place == _FIRST:
            lines.append(f"  and {total - _FIRST - _LAST} more")
    return lines
