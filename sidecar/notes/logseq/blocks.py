"""From the outline of a Logseq page to the blocks of a note: each top-level bullet with what is nested under it.

A heading is a block of its own and stands in the heading path of what is nested under it; a heading without a bullet
also heads what follows it, as in any Markdown. Text outside all bullets is read as Markdown.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from sidecar.notes.logseq.outline import Node, Outline
from sidecar.notes.markdown import heading_text, read_paragraphs, read_structure
from sidecar.notes.note import Block, BlockKind, Problem, Span, Task
from sidecar.notes.spans import LineIndex

_LONG = 1000
"""Characters of a nested bullet above which its own children are places to cut at as well."""
_MARKER = re.compile(
    r"(TODO|DOING|WAITING|WAIT|DONE|CANCELED|CANCELLED|STARTED|IN-PROGRESS|NOW|LATER) [ \t]*", re.ASCII
)
_STATES = {
    **dict.fromkeys(("TODO", "LATER", "WAITING", "WAIT"), " "),
    **dict.fromkeys(("DOING", "NOW", "IN-PROGRESS", "STARTED"), "/"),
    **dict.fromkeys(("CANCELED", "CANCELLED"), "-"),
    "DONE": "x",
}
_PRIORITY = re.compile(r"\[#[A-Za-z]\][ \t]*")


def read_tasks(text: str, outline: Outline, lines: LineIndex) -> tuple[Task, ...]:
    """Blocks that begin with a marker such as `TODO`. Later, waiting and open are the same state."""
    tasks = []
    for node in outline.nodes:
        start, end = outline.lines[node.first]
        start += len(text[start:end]) - len(text[start:end].lstrip())
        marker = _MARKER.match(text, node.content, end)
        if marker is not None and (says := text[marker.end() : end].strip()):
            tasks.append(Task(state=_STATES[marker[1]], text=says, span=lines.span(start, end)))
    return tuple(tasks)


def priorities(text: str, outline: Outline) -> Iterator[tuple[int, int]]:
    """Where `[#A]` is a block's priority and no tag."""
    for node in outline.nodes:
        end = outline.lines[node.first][1]
        marker = _MARKER.match(text, node.content, end)
        if found := _PRIORITY.match(text, marker.end() if marker else node.content, end):
            yield found.span()


def read_blocks(
    text: str, outline: Outline, lines: LineIndex, *, start: int, plain: bool
) -> tuple[tuple[Block, ...], tuple[Problem, ...]]:
    """The blocks of the page from the line that begins at `start`, in order, and what was wrong on the way.

    `plain` leaves the Markdown parser out. Bullets that hold nothing are no blocks at either end of the page.
    """
    builder = _Blocks(text, outline, lines, plain=plain)
    blocks = builder.build(start)
    seen = [index for index, block in enumerate(blocks) if builder.says_something(block)]
    kept = blocks[seen[0] : seen[-1] + 1] if seen else []
    return tuple(kept), tuple(dict.fromkeys(builder.problems))


class _Blocks:
    def __init__(self, text: str, outline: Outline, lines: LineIndex, *, plain: bool) -> None:
        self.problems: list[Problem] = []
        self._text = text
        self._outline = outline
        self._nodes = outline.nodes
        self._lines = lines
        self._read = read_paragraphs if plain else read_structure
        self._hidden = frozenset(outline.hidden)
        self._parents, self._ends = _tree(self._nodes)
        self._headed = _headed(self._nodes, self._parents)

    def build(self, start: int) -> list[Block]:
        first = self._lines.line_at(start) - 1
        # The end of a text whose last line is a property's lies in that line.
        first += self._outline.lines[first][0] < start
        blocks = [*self._markdown(first, self._outline.intro, ())]
        paths: list[tuple[str, ...]] = []
        sections: list[tuple[int, str]] = []
        covered = 0
        for index, node in enumerate(self._nodes):
            parent = self._parents[index]
            nested = paths[parent] if parent >= 0 else ()
            heading = self._heading(node)
            if heading and not node.bullet:
                while sections and sections[-1][0] >= node.heading:
                    sections.pop()
                sections.append((node.heading, heading))
            paths.append((*nested, heading) if heading and node.bullet else nested)
            if index < covered:
                continue
            path = (*(text for _, text in sections), *paths[index])
            if not self._headed[index]:
                covered = self._ends[index]
                blocks += self._outlined(index, covered, path)
            elif node.heading:
                blocks += self._heading_block(node, path)
            else:
                blocks += self._block("list", node.first, node.end, path)
        return blocks

    def says_something(self, block: Block) -> bool:
        """Whether a reader sees anything of it but bullets."""
        visible = self._outline.visible
        place = bisect_left(visible, block.span.start_line - 1)
        return place < len(visible) and visible[place] <= block.span.end_line - 1

    def _heading(self, node: Node) -> str:
        if not node.heading:
            return ""
        end = self._outline.lines[node.first][1]
        marker = _MARKER.match(self._text, node.content, end)
        begin = marker.end() if marker else node.content
        priority = _PRIORITY.match(self._text, begin, end)
        return heading_text(self._text[priority.end() if priority else begin : end])

    def _span(self, first: int, end: int) -> Span | None:
        """Span of the lines without the blank ones around them."""
        lines = self._outline.lines
        while first < end and not self._text[slice(*lines[first])].strip():
            first += 1
        while first < end and not self._text[slice(*lines[end - 1])].strip():
            end -= 1
        return self._lines.span(lines[first][0], lines[end - 1][1]) if first < end else None

    def _block(
        self, kind: BlockKind, first: int, end: int, path: tuple[str, ...], items: Sequence[Span] = ()
    ) -> Iterator[Block]:
        span = self._span(first, end)
        if span is not None:
            yield Block(kind=kind, span=span, heading_path=path, items=tuple(items))

    def _heading_block(self, node: Node, path: tuple[str, ...]) -> Iterator[Block]:
        """The heading, with the hidden lines right below it, and then what else stands in its block."""
        end = node.first + 1
        while end < node.end and end in self._hidden:
            end += 1
        yield from self._block("heading", node.first, end, path)
        if node.bullet:
            yield from self._block("paragraph", end, node.end, path)
        else:
            yield from self._markdown(end, node.end, path)

    def _markdown(self, first: int, end: int, path: tuple[str, ...]) -> Iterator[Block]:
        if (span := self._span(first, end)) is None:
            return
        structure = self._read(self._text, start=span.start, end=span.end, lines=self._lines)
        self.problems += structure.problems
        for block in structure.blocks:
            yield replace(block, heading_path=(*path, *block.heading_path))

    def _outlined(self, index: int, end: int, path: tuple[str, ...]) -> Iterator[Block]:
        """A bullet with all that is nested under it, none of which is a heading."""
        starts = [self._nodes[place].first for place in self._cuts(index, end)]
        last = self._nodes[end - 1].end
        items = [self._span(first, following) for first, following in pairwise([*starts, last])]
        first = self._nodes[index].first
        yield from self._block("list", first, last, path, [item for item in items if item is not None])

    def _cuts(self, index: int, end: int) -> Iterator[int]:
        """The nodes at which the block may be cut: its children, and theirs where a child is long."""
        open_to_cuts = {index}
        for place in range(index + 1, end):
            if self._parents[place] in open_to_cuts:
                yield place
                length = self._outline.lines[self._nodes[self._ends[place] - 1].end - 1][1]
                if length - self._outline.lines[self._nodes[place].first][0] > _LONG:
                    open_to_cuts.add(place)


def _tree(nodes: Sequence[Node]) -> tuple[list[int], list[int]]:
    """For each node its parent, -1 at the top, and the number of the node behind its last descendant."""
    parents: list[int] = []
    ends = [len(nodes)] * len(nodes)
    above: list[int] = []
    for index, node in enumerate(nodes):
        while above and nodes[above[-1]].level >= node.level:
            ends[above.pop()] = index
        parents.append(above[-1] if above else -1)
        above.append(index)
    return parents, ends


def _headed(nodes: Sequence[Node], parents: Sequence[int]) -> list[bool]:
    """For each node whether it or a descendant is a heading."""
    headed = [node.heading > 0 for node in nodes]
    for index in range(len(nodes) - 1, -1, -1):
        if headed[index] and parents[index] >= 0:
            headed[parents[index]] = True
    return headed
