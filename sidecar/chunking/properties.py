"""The properties of a note as a chunk: what stands there in words is part of what the note says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecar.notes.note import Block, Note, PropertyValue
from sidecar.notes.spans import LineIndex

# These are terms of the note already, or say something to a program only.
_ELSEWHERE = frozenset(
    ("title", "alias", "aliases", "tag", "tags", "cssclass", "cssclasses", "id", "uuid", "uid", "permalink", "url")
)
_FENCE = re.compile(r"\A\s*---[ \t]*\n|\n?---[ \t]*\s*\Z")
_WORDS = re.compile(r"\[\[|[^\W\d_]{2,}\W+[^\W\d_]{2,}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{4}")


def property_block(note: Note, lines: LineIndex) -> Block | None:
    """The text in front of the body as a block to be cut at its lines; `None` when it says nothing in words.

    A link or two words make a property worth a chunk; in a note without a body any word does.
    """
    span = _inside_fences(note)
    if span is None or not _tells(note):
        return None
    return Block(kind="code", span=lines.span(*span), heading_path=())


def _inside_fences(note: Note) -> tuple[int, int] | None:
    text = note.text[: note.body_start]
    start, end = 0, len(text)
    for fence in _FENCE.finditer(text):
        start, end = (fence.end(), end) if fence.start() == 0 else (start, fence.start())
    while start < end and text[start].isspace():
        start += 1
    end = start + len(text[start:end].rstrip())
    return (start, end) if start < end else None


def _tells(note: Note) -> bool:
    told = [
        text for key, value in note.properties.items() if key.casefold() not in _ELSEWHERE for text in _texts(value)
    ]
    if note.blocks:
        return any(_WORDS.search(text) for text in told)
    return any(character.isalpha() for text in told for character in text)


def _texts(value: PropertyValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
