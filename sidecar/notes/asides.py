"""Notion's callouts: `<aside>` and `</aside>` on lines of their own, and Markdown between them.

To a Markdown parser all of it is HTML, in which no link is a link.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from sidecar.notes.note import Block, Callout, Note, Span
from sidecar.notes.reading import Section
from sidecar.notes.spans import LineIndex

# Only at the line's start: a callout inside a list is part of the list.
_ASIDE = re.compile(r"^(?:(?P<fence>```|~~~)|(?P<open><aside>)[ \t]*$|</aside>[ \t]*$)", re.MULTILINE)
_MAX_ASIDES = 2000


def find_asides(text: str, start: int) -> list[Span]:
    """The callouts from offset `start` on, with the lines of their tags. One that is never closed is none.

    At most 2,000 are found: each is parsed by itself.
    """
    lines = LineIndex(text)
    found: list[Span] = []
    opened: int | None = None
    fenced = False
    for match in _ASIDE.finditer(text, start):
        if match["fence"]:
            fenced = not fenced
        elif fenced:
            continue
        elif match["open"]:
            opened = match.start()
        elif opened is not None:
            found.append(lines.span(opened, match.end()))
            opened = None
        if len(found) >= _MAX_ASIDES:
            break
    return found


def sections_around(text: str, start: int, asides: Sequence[Span]) -> list[Section]:
    """The body in stretches that are Markdown: what stands in the callouts, and what stands between them."""
    bounds = [start]
    for aside in asides:
        inner = text.index("\n", aside.start) + 1
        bounds += [aside.start, inner, text.rindex("\n", inner - 1, aside.end) + 1, min(aside.end + 1, len(text))]
    bounds.append(len(text))
    pairs = zip(bounds[::2], bounds[1::2], strict=True)
    return [Section(start=left, end=right) for left, right in pairs if text[left:right].strip()]


def with_asides(note: Note, asides: Sequence[Span]) -> Note:
    """The note with each callout as one block, and with heading paths that go on behind callouts."""
    inside: dict[int, list[Block]] = {aside.start: [] for aside in asides}
    blocks: list[Block] = []
    path: list[tuple[int, str]] = []
    waiting = list(reversed(asides))
    for block in note.blocks:
        while waiting and waiting[-1].end <= block.span.start:
            waiting.pop()
        above = tuple(text for _, text in path)
        if waiting and waiting[-1].start < block.span.start:
            members = inside[waiting[-1].start]
            members.append(block)
            if len(members) == 1:
                blocks.append(Block(kind="callout", span=waiting[-1], heading_path=above))
            continue
        if block.kind == "heading" and block.heading_path:
            level = _level(note.text[block.span.start : block.span.end])
            path = [*(entry for entry in path if entry[0] < level), (level, block.heading_path[-1])]
        blocks.append(replace(block, heading_path=tuple(text for _, text in path)))
    whole = tuple(
        replace(block, items=tuple(member.span for member in inside[block.span.start]))
        if block.kind == "callout" and block.span.start in inside
        else block
        for block in blocks
    )
    callouts = [Callout(type="aside", title=None, fold=None, span=aside) for aside in asides]
    in_order = sorted([*note.callouts, *callouts], key=lambda callout: callout.span.start)
    return replace(note, blocks=whole, callouts=tuple(in_order))


def _level(heading: str) -> int:
    source = heading.strip()
    return len(source) - len(source.lstrip("#")) or (1 if source.endswith("=") else 2)
