"""The outline of a Logseq page: its blocks, and which of its lines are text, code, properties or hidden.

One pass over the lines. A bullet or a Markdown heading begins a block, and what follows belongs to it up to the next
one; code between fences and `#+BEGIN_…` to `#+END_…` is passed over whole, bullets included, as Logseq's parser does.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sidecar.notes.logseq.properties import HIDDEN, LISTS, LITERAL, Property, read_property

_BULLET = re.compile(r"([ \t]*)-(?:[ \t]+|\Z)")
_HEADING = re.compile(r"([ \t]*)(#{1,6})(?:[ \t]+|\Z)")
_HEADING_MARKS = re.compile(r"(#{1,6})(?:[ \t]+|\Z)")
# A line of code in backticks is no fence: its backticks are closed on the spot.
_FENCE = re.compile(r"[ \t]*(?:```[^`]*|~~~.*)\Z", re.DOTALL)
_BEGIN = re.compile(r"[ \t]*#\+begin_(\S+)", re.IGNORECASE)
_END = re.compile(r"[ \t]*#\+end_(\S+)", re.IGNORECASE)
_OPAQUE = frozenset({"src", "example", "export", "comment", "query"})
_DRAWER = re.compile(r"[ \t]*:([^\s:]+):[ \t]*\Z")
_DRAWER_END = re.compile(r"[ \t]*:end:[ \t]*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A block of the outline. Lines count from 0 in the text, the end is exclusive and where the next block begins."""

    first: int
    end: int
    content: int
    """Offset of what stands behind bullet and heading marks."""
    level: int
    """Characters of indentation and one more; a heading without a bullet stands at the top."""
    heading: int
    """How many `#`; 0 is no heading."""
    bullet: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What the lines of a page are. `nodes` stand in the order of the text, parents before their children."""

    lines: Sequence[tuple[int, int]]
    """Start and end of each line, without its newline."""
    intro: int
    """The line at which the first node begins; what stands above it belongs to the page."""
    nodes: tuple[Node, ...]
    prose: tuple[tuple[int, int], ...]
    """Where links and tags may stand, in rising order; never over the end of a block."""
    properties: tuple[tuple[int, Property], ...]
    """Each with its line."""
    visible: tuple[int, ...]
    """The lines that hold something for a reader."""
    hidden: tuple[int, ...]
    """The lines that Logseq does not show: its own properties, drawers."""


def read_outline(text: str, *, start: int) -> Outline:
    """Read the outline of what stands behind `start`, the beginning of a line. Total, linear."""
    return _Scan(text, start).run()


@dataclass(slots=True, kw_only=True)
class _Ends:
    """The lines at which something may end, found before it is known what begins."""

    fences: list[int] = field(default_factory=list)
    drawers: list[int] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    blocks: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


def _next(lines: Sequence[int], after: int) -> int | None:
    place = bisect_right(lines, after)
    return lines[place] if place < len(lines) else None


class _Mark(NamedTuple):
    """What begins a node, before its end is known."""

    line: int
    content: int
    level: int
    heading: int
    bullet: bool


def _node(mark: _Mark, end: int) -> Node:
    return Node(
        first=mark.line, end=end, content=mark.content, level=mark.level, heading=mark.heading, bullet=mark.bullet
    )


class _Scan:
    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._lines: list[tuple[int, int]] = []
        position = 0
        for line in text.split("\n"):
            self._lines.append((position, position + len(line)))
            position += len(line) + 1
        self._begin = sum(1 for _, end in self._lines if end < start)
        self._ends = self._find_ends()
        self._nodes: list[_Mark] = []
        self._prose: list[tuple[int, int]] = []
        self._open: int | None = None
        self._properties: list[tuple[int, Property]] = []
        self._visible: list[int] = []
        self._hidden: list[int] = []

    def run(self) -> Outline:
        number = self._begin
        while number < len(self._lines):
            number = self._take(number)
        self._close()
        ends = [*(mark.line for mark in self._nodes[1:]), len(self._lines)]
        return Outline(
            lines=self._lines,
            intro=self._nodes[0].line if self._nodes else len(self._lines),
            nodes=tuple(_node(mark, end) for mark, end in zip(self._nodes, ends, strict=False)),
            prose=tuple(self._prose),
            properties=tuple(self._properties),
            visible=tuple(self._visible),
            hidden=tuple(self._hidden),
        )

    def _find_ends(self) -> _Ends:
        ends = _Ends()
        for number in range(self._begin, len(self._lines)):
            line = self._line(number)
            if _BULLET.match(line) or _HEADING.match(line):
                ends.nodes.append(number)
            elif _FENCE.match(line):
                ends.fences.append(number)
            elif _DRAWER_END.match(line):
                ends.drawers.append(number)
            elif match := _END.match(line):
                ends.blocks[match[1].lower()].append(number)
        return ends

    def _line(self, number: int) -> str:
        start, end = self._lines[number]
        return self._text[start:end]

    def _take(self, number: int) -> int:
        """Read the line, with those that belong to it; gives the number of the next one."""
        start, end = self._lines[number]
        mark = self._mark(number)
        if mark is not None:
            self._close()
            self._nodes.append(mark)
            start = mark.content
        rest = self._text[start:end]
        if (last := self._passed_over(rest, number)) is not None:
            self._close()
            self._visible.extend(range(number, last + 1))
            return last + 1
        if (last := self._drawer(rest, number)) is not None:
            return last + 1
        if (found := read_property(rest.lstrip(), start=start + len(rest) - len(rest.lstrip()))) is not None:
            self._add_property(found, number)
        elif rest.strip():
            self._visible.append(number)
            if self._open is None:
                self._open = start
                self._prose.append((start, end))
            else:
                self._prose[-1] = (self._open, end)
        else:
            self._close()
        return number + 1

    def _close(self) -> None:
        self._open = None

    def _mark(self, number: int) -> _Mark | None:
        line = self._line(number)
        start = self._lines[number][0]
        if (match := _BULLET.match(line)) is not None:
            marks = _HEADING_MARKS.match(line, match.end())
            content = start + (marks or match).end()
            heading = len(marks[1]) if marks else 0
            return _Mark(line=number, content=content, level=len(match[1]) + 1, heading=heading, bullet=True)
        if (match := _HEADING.match(line)) is not None:
            content = start + match.end()
            return _Mark(line=number, content=content, level=1, heading=len(match[2]), bullet=False)
        return None

    def _passed_over(self, rest: str, number: int) -> int | None:
        """The last line of the code or `#+BEGIN_…` block that begins here. Its prose, if it has any, is taken."""
        if _FENCE.match(rest):
            # A fence that is never closed is a line of text.
            return _next(self._ends.fences, number)
        if (match := _BEGIN.match(rest)) is None:
            return None
        name = match[1].lower()
        last = _next(self._ends.blocks.get(name, ()), number)
        if last is not None and name not in _OPAQUE and last > number + 1:
            self._prose.append((self._lines[number + 1][0], self._lines[last - 1][1]))
        return last

    def _drawer(self, rest: str, number: int) -> int | None:
        """The last line of the drawer that begins here. One that reaches into the next block is none."""
        match = _DRAWER.match(rest)
        last = _next(self._ends.drawers, number) if match else None
        if match is None or last is None or last > (_next(self._ends.nodes, number) or last):
            return None
        self._close()
        self._hidden.extend(range(number, last + 1))
        if match[1].lower() == "properties":
            for line in range(number + 1, last):
                if found := read_property(self._line(line), start=self._lines[line][0], drawer=True):
                    self._properties.append((line, found))
        return last

    def _add_property(self, found: Property, number: int) -> None:
        self._close()
        self._properties.append((number, found))
        (self._hidden if found.key in HIDDEN else self._visible).append(number)
        literal = found.quoted or found.key in HIDDEN or found.key in LITERAL or found.key in LISTS - {"tags"}
        if found.value and not literal:
            self._prose.append((found.value_start, found.end))
