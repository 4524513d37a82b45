"""Tasks: list items that begin with a box, whatever stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sidecar.notes.margins import line_around, margin_of
from sidecar.notes.note import Task
from sidecar.notes.spans import LineIndex

_BOX = re.compile(r"\[([^\n])\](?=[ \t\n]|\Z)")


def find_tasks(
    text: str, prose: str, lines: LineIndex, *, paragraphs: Iterable[tuple[int, int]] | None
) -> tuple[Task, ...]:
    """All tasks in order. `prose` is `text` with code and comments blanked out.

    `paragraphs` tell list items from lines that only look like one; `None` when no parser has looked. A task's span is
    its first line, from the list's mark on.
    """
    if "[" not in prose:
        return ()
    starts = None if paragraphs is None else {start for start, _ in paragraphs}
    return tuple(_tasks(text, prose, lines, starts))


def _tasks(text: str, prose: str, lines: LineIndex, starts: set[int] | None) -> Iterator[Task]:
    position = 0
    while box := _BOX.search(prose, position):
        start, end = line_around(prose, box.start(), after=position)
        # Nothing but marks may precede the box, so a second one on the line is none.
        position = end
        margin = margin_of(prose, start)
        if margin.end == box.start() and margin.opens_item and (starts is None or start in starts):
            yield Task(
                state=text[box.start(1)],
                text=text[box.end() : end].strip(),
                span=lines.span(_mark(margin.marks, start), end),
            )


def _mark(marks: str, start: int) -> int:
    """Offset of the last list mark: `-`, or the first figure of `10.`."""
    inner = marks.rstrip(" \t")
    return start + len(inner[:-1].rstrip("0123456789") if inner[-1] in ".)" else inner[:-1])
