"""What a note has beside its text, as the flat attributes of a file in a vector store: sixteen keys at most.

A key that a filter can ask for means here what the filter compares; what the notes' authors wrote comes last, chosen
when there is too much of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from sidecar.citations import obsidian_uri
from sidecar.index.records import ChunkRecord, NoteRecord
from sidecar.language.terms import fold

Attribute: TypeAlias = "str | float | bool"
Attributes: TypeAlias = "dict[str, Attribute]"

MOST_KEYS = 16
MOST_CHARACTERS = 512
# OpenAI's limit for a key.
_MOST_KEY_CHARACTERS = 64
# Names that filters read as something else than a property of that name (see `retrieval.where`).
_TAKEN = frozenset({"path", "folder", "title", "tags", "tag", "date", "created", "modified", "kind"})
# What a note says to Obsidian and its plugins rather than to a reader, and what other attributes already tell.
_HOUSEKEEPING = frozenset(
    {"alias", "aliases", "banner", "cssclass", "cssclasses", "icon", "permalink", "position", "publish", "uid", "uuid"}
)
_SHORT = 64
_MOST_EXACT = 2**53


def attributes_of(
    note: NoteRecord, *, vault: str, chunk: ChunkRecord | None = None, file: str | None = None
) -> Attributes:
    """The attributes of a note; with `chunk`, also where in it that piece stands. `file` is the path of the file that
    the note is a part of.

    `path`, `folder` (empty at the top), `title`, `tags` (joined by commas), `created` (the note's own property, or its
    date), `date` where that differs, `modified` (seconds since 1970), `uri`, `heading_path`, `lines`; then the note's
    properties, short single values before lists and long texts. What is unknown is absent. A text is cut at 512
    characters.
    """
    own = _own_properties(note.properties)
    found = _fixed(note, vault=vault, chunk=chunk, file=file or note.path)
    # A filter means the property of that name, so the property is what is shown.
    shadowed = {fold(key) for key in own}
    kept: Attributes = {key: value for key, value in found.items() if fold(key) not in shadowed}
    for key in sorted(own, key=lambda key: _rank(key, note.properties[key]))[: MOST_KEYS - len(kept)]:
        kept[key] = own[key]
    return {key: _cut(value) for key, value in kept.items()}


def _fixed(note: NoteRecord, *, vault: str, chunk: ChunkRecord | None, file: str) -> Attributes:
    created = _created(note)
    heading_path = () if chunk is None else chunk.heading_path
    optional: dict[str, Attribute | None] = {
        "tags": ", ".join(note.tags) or None,
        "created": created,
        "date": note.date if note.date != created else None,
        "heading_path": " > ".join(heading_path) or None,
        "lines": None if chunk is None else f"{chunk.start_line}-{chunk.end_line}",
    }
    return {
        "path": note.path,
        "folder": file.rpartition("/")[0],
        "title": note.title,
        "modified": note.mtime_ns // 1_000_000_000,
        "uri": obsidian_uri(vault, note.path, heading_path),
        **{key: value for key, value in optional.items() if value is not None},
    }


def _created(note: NoteRecord) -> Attribute | None:
    own = next((value for key, value in note.properties.items() if fold(key) == "created"), None)
    return note.date if own is None else _attribute(own)


def _own_properties(properties: Mapping[str, Any]) -> Attributes:
    return {key: value for key, value in _readable(properties) if fold(key) not in _TAKEN}


def _readable(properties: Mapping[str, Any]) -> Iterator[tuple[str, Attribute]]:
    for key, value in properties.items():
        attribute = _attribute(value)
        if attribute is not None and 0 < len(key) <= _MOST_KEY_CHARACTERS:
            yield key, attribute


def _attribute(value: Any) -> Attribute | None:
    """A property as an attribute: a list of single values joined by commas; `None` for what says nothing."""
    match value:
        case bool():
            return value
        case int() | float():
            return _number(value)
        case str():
            return value.strip() or None
        case list():
            single = [_attribute(each) for each in value if not isinstance(each, list | dict)]
            return ", ".join(_text(each) for each in single if each is not None) or None
        case _:
            return None


def _number(value: float) -> Attribute | None:
    if not math.isfinite(value):
        return None
    # Readers that know numbers as doubles would see another one.
    return value if abs(value) <= _MOST_EXACT else str(value)


def _text(value: Attribute) -> str:
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


def _rank(key: str, value: Any) -> int:
    """Where a property stands when not all fit: single short values say most for their length."""
    if fold(key) in _HOUSEKEEPING:
        return 3
    if isinstance(value, str) and len(value) > _SHORT:
        return 2
    return 1 if isinstance(value, list) else 0


def _cut(value: Attribute) -> Attribute:
    if isinstance(value, str) and len(value) > MOST_CHARACTERS:
        return value[: MOST_CHARACTERS - 1] + "…"
    return value
