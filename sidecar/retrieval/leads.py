"""What a chunk that begins in the middle of something cannot be read without: the header row of its table, what
introduces its list and the items above it, the line that opens its code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_LONGEST = 400
_MOST_LINES = 2_000
_ROW = re.compile(r"[ \t]*\|")
_DELIMITER = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t:|-]*)?")
_ITEM = re.compile(r"([ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]")
_FENCE = re.compile(r"^[ \t>]{0,12}(```+|~~~+)[^\n]*", re.MULTILINE)
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]")


def lead_of(before: str, text: str) -> str:
    """The lines of `before`, the section's text in front of a chunk, that its `text` depends on; mostly none."""
    before = before.removesuffix("\n")
    lines = before.rsplit("\n", _MOST_LINES)[-_MOST_LINES:]
    if opening := _open_fence(before):
        found = [opening]
    elif _ROW.match(text):
        found = _table_header(lines, text)
    elif item := _ITEM.match(text):
        found = _list_lead(lines, indent=_width(item[1]))
    else:
        found = []
    lead = "\n".join(line.rstrip() for line in found)
    return lead if len(lead) <= _LONGEST else ""


def _open_fence(text: str) -> str | None:
    opening: re.Match[str] | None = None
    for found in _FENCE.finditer(text):
        if opening is None:
            opening = found
        elif found[1].startswith(opening[1]):
            opening = None
    return opening[0] if opening else None


def _table_header(lines: Sequence[str], text: str) -> list[str]:
    own = text.split("\n", 2)
    if len(own) > 1 and _DELIMITER.fullmatch(own[1]):
        return []
    start = len(lines)
    while start and _ROW.match(lines[start - 1]):
        start -= 1
    header = list(lines[start : start + 2])
    return header if len(header) == 2 and _DELIMITER.fullmatch(header[1]) else []


def _list_lead(lines: Sequence[str], *, indent: int) -> list[str]:
    """What stands over the list, and the items that the first one here is below."""
    above: list[str] = []
    place = len(lines) - 1
    while place >= 0:
        item = _ITEM.match(lines[place])
        if item and _width(item[1]) < indent:
            indent = _width(item[1])
            above.insert(0, lines[place])
        if not item and lines[place].strip() and not lines[place][0].isspace():
            break
        place -= 1
    return [*reversed(list(_paragraph(lines, place))), *above]


def _paragraph(lines: Sequence[str], place: int) -> Iterator[str]:
    """The lines of the paragraph that ends at `place`, the last one first; a heading introduces nothing."""
    while place >= 0 and lines[place].strip() and not _HEADING.match(lines[place]) and not _ITEM.match(lines[place]):
        yield lines[place]
        place -= 1


def _width(indent: str) -> int:
    return len(indent.expandtabs(4))
