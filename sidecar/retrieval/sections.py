"""The sections that begin within chunks, told by the heading lines in their text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sidecar.index.records import ChunkRecord
from sidecar.notes.links import heading_matches

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+([^\n]{1,400}?)(?:[ \t]+#+)?[ \t]*")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*")
_FENCE = re.compile(r"[ \t>]{0,12}(```+|~~~+)")


def begins_section(chunk: ChunkRecord) -> bool:
    """Whether a chunk's text begins with a heading."""
    lines = chunk.text.lstrip().split("\n", 2)
    return _HEADING.fullmatch(lines[0]) is not None or (
        len(lines) > 1 and bool(lines[0].strip()) and _UNDERLINE.fullmatch(lines[1]) is not None
    )


def sections_within(chunk: ChunkRecord) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Line in the chunk's text, from 0, and heading path of each section that begins in it."""
    return sections_in(chunk.text, chunk.heading_path)


def sections_in(text: str, heading_path: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """As `sections_within`, of a chunk's text and heading path."""
    above: list[tuple[int, str]] = []
    for line, level, heading in _headings(text):
        own = next((n for n, name in enumerate(heading_path) if heading_matches(heading, name)), None)
        if own is not None:
            above = []
            yield line, tuple(heading_path[: own + 1])
            continue
        above = [*(pair for pair in above if pair[0] < level), (level, heading)]
        yield line, (*heading_path, *(name for _, name in above))


def _headings(text: str) -> Iterator[tuple[int, int, str]]:
    fence: str | None = None
    for number, line in enumerate(text.split("\n")):
        if mark := _FENCE.match(line):
            if fence is None:
                fence = mark[1]
            elif mark[1].startswith(fence):
                fence = None
        elif fence is None and (found := _HEADING.fullmatch(line)):
            yield number, len(found[1]), found[2].strip()
