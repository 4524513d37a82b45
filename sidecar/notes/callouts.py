"""Callouts: a quote whose first line begins with `[!type]`, at any depth."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sidecar.notes.margins import Margin, line_around, margin_of
from sidecar.notes.note import Block, Callout
from sidecar.notes.spans import LineIndex

_HEAD = re.compile(r"\[!([^\[\]\n]++)\]([+-]?)(?=[ \t\n]|\Z)[ \t]*+([^\n]*+)")


@dataclass(slots=True, kw_only=True)
class _Open:
    """A callout whose end has not been met."""

    start: int
    depth: int
    type: str
    title: str | None
    fold: Literal["+", "-"] | None


def find_callouts(text: str, prose: str, blocks: Sequence[Block], lines: LineIndex) -> tuple[Callout, ...]:
    """All callouts in order, each before those inside it. `prose` is `text` with code and comments blanked out.

    The span runs from the `>` that opens the quote to the end of its last line.
    """
    if "[!" not in prose:
        return ()
    # Words without a `>` still belong to a quote that they continue; only the parser of blocks knows where.
    ends = {block.span.start_line: block.span.end for block in blocks if block.kind in ("callout", "quote")}
    found: list[Callout] = []
    for opened, end in sorted(_Scanner(text, prose).scan(), key=lambda pair: pair[0].start):
        last = max(end, ends.get(lines.line_at(opened.start), 0)) if opened.depth == 1 else end
        span = lines.span(opened.start, last)
        found.append(Callout(type=opened.type, title=opened.title, fold=opened.fold, span=span))
    return tuple(found)


class _Scanner:
    """Goes from one `[!` to the next, and line by line only as long as a callout is open."""

    def __init__(self, text: str, prose: str) -> None:
        self._text = text
        self._prose = prose
        self._open: list[_Open] = []
        self._found: list[tuple[_Open, int]] = []

    def scan(self) -> list[tuple[_Open, int]]:
        """The callouts with the offset at which each ends."""
        previous, position = -1, 0
        while position < len(self._text):
            if not self._open:
                head = self._prose.find("[!", position)
                if head < 0:
                    break
                position = line_around(self._text, head, after=position)[0]
                previous = self._depth_before(position)
            end = line_around(self._text, position)[1]
            margin = margin_of(self._text, position)
            self._close(margin.depth, before=position)
            self._open_at(margin, previous)
            previous, position = margin.depth, end + 1
        self._close(0, before=position)
        return self._found

    def _depth_before(self, line_start: int) -> int:
        """Depth of the line above."""
        return margin_of(self._text, line_around(self._text, line_start - 1)[0]).depth if line_start else 0

    def _close(self, depth: int, *, before: int) -> None:
        while self._open and self._open[-1].depth > depth:
            self._found.append((self._open.pop(), before - 1))

    def _open_at(self, margin: Margin, previous: int) -> None:
        marks = margin.marks.rstrip(" \t")
        if not marks.endswith(">"):
            return
        # Only the first line of a quote makes it a callout; below the mark of a list item, each quote is a new one.
        if margin.depth <= previous and not set(marks) - {">", " ", "\t"}:
            return
        head = _HEAD.match(self._prose, margin.end)
        kind = self._text[head.start(1) : head.end(1)].partition("|")[0].strip().lower() if head else ""
        if head is None or not kind:
            return
        fold: Literal["+", "-"] | None = "+" if head[2] == "+" else "-" if head[2] else None
        title = self._text[head.start(3) : head.end(3)].strip() or None
        start = margin.start + len(marks) - 1
        self._close(margin.depth - 1, before=margin.start)
        self._open.append(_Open(start=start, depth=margin.depth, type=kind, title=title, fold=fold))
