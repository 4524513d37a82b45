"""Marks looked for in a text that is still coming: the first one, and what may yet become one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

HELD_SPACE = 64
"""Blank characters held back, since those before and after a call or a thought belong to neither."""


def first_mark(text: str, marks: Sequence[str], *, allowed: Callable[[str, int], bool]) -> tuple[int, str] | None:
    """Find the mark that comes first, of those at one place the longest; `allowed` says whether it counts there."""
    found = [(at, -len(mark), mark) for mark in marks if (at := text.find(mark)) >= 0 and allowed(mark, at)]
    at, _, mark = min(found, default=(-1, 0, ""))
    return (at, mark) if at >= 0 else None


def held_back(text: str, marks: Sequence[str]) -> int:
    """Characters at the end of `text` that may begin a mark, with the blank ones before them."""
    longest = 0
    for mark in marks:
        for length in range(min(len(mark) - 1, len(text)), longest, -1):
            if text.endswith(mark[:length]):
                longest = length
                break
    return len(text) - without_space(text, len(text) - longest) if marks else 0


def without_space(text: str, end: int) -> int:
    """`end`, moved before at most so many blank characters as are held back."""
    begin = max(0, end - HELD_SPACE)
    return begin + len(text[begin:end].rstrip())
