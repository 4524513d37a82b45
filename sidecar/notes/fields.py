"""Inline fields as Dataview and Logseq read them: `key:: value` on a line of its own, `[key:: value]`, `(key:: value)`.

Unlike Dataview, a space or the end must follow the colons, so that `std::vector` is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecar.notes.margins import line_around, margin_of
from sidecar.notes.note import InlineField
from sidecar.notes.spans import LineIndex

# An attempt ends at the third bracket at the latest that is inside another, so that many of them cost no more than one.
_BRACKETED = re.compile(
    r"(?<!\[)\[((?:[^\[\]()\x00\n:]|:(?!:)){1,100}+)::(?=[ \t\]])"
    r"((?:[^\[\]\n]++|\[(?:[^\[\]\n]++|\[[^\[\]\n]*+\])*+\])*+)\]"
    r"|(?<!\])\(((?:[^\[\]()\x00\n:]|:(?!:)){1,100}+)::(?=[ \t)])"
    r"((?:[^()\n]++|\((?:[^()\n]++|\([^()\n]*+\))*+\))*+)\)"
)
_KEY = re.compile(r"""[*_~="'#]*+([^\x00\n\[\](){}<>|:;,.!?*~#"`=$%&+^\\]{1,100}+)[*~="']*+""")


def find_fields(text: str, prose: str, lines: LineIndex) -> tuple[InlineField, ...]:
    """All fields in order. `prose` is `text` with code and comments blanked out.

    A line with a field in brackets has no other one; a task, with its box, never is a field as a whole. The span of a
    field without brackets is its line without the marks of quotes and lists.
    """
    return tuple(_fields(text, prose, lines)) if "::" in prose else ()


def _fields(text: str, prose: str, lines: LineIndex) -> Iterator[InlineField]:
    position = 0
    while (colons := prose.find("::", position)) >= 0:
        start, end = line_around(prose, colons, after=position)
        position = end
        bracketed = False
        for match in _BRACKETED.finditer(prose, start, end):
            key, value = (1, 2) if match[1] is not None else (3, 4)
            name = text[match.start(key) : match.end(key)].strip()
            if name:
                bracketed = True
                said = text[match.start(value) : match.end(value)].strip()
                yield InlineField(key=name, value=said, span=lines.span(match.start(), match.end()))
        if not bracketed and (field := _whole_line(text, prose, start, end, colons, lines)):
            yield field


def _whole_line(text: str, prose: str, start: int, end: int, colons: int, lines: LineIndex) -> InlineField | None:
    begin = margin_of(prose, start).end
    if begin >= colons or prose[colons + 2 : colons + 3] not in ("", " ", "\t", "\n"):
        return None
    key = _KEY.fullmatch(prose, begin, colons)
    name = key[1].strip(" \t_") if key else ""
    if not name:
        return None
    said = text[colons + 2 : end].strip()
    return InlineField(key=name, value=said, span=lines.span(begin, begin + len(text[begin:end].rstrip())))
