"""Which files say something, and which reader each kind of them has. The one way from a file's bytes to its notes."""

from __future__ import annotations

from collections.abc import Mapping

from sidecar.notes.note import Note, NoteKind
from sidecar.notes.reading import read_note
from sidecar.notes.rules import ReadingRules

_SUFFIXES: Mapping[str, NoteKind] = {
    ".md": "markdown",
    ".markdown": "markdown",
}


def kind_of(path: str) -> NoteKind | None:
    """What a file of this name is; `None` when nothing here reads it."""
    dot = path.rfind(".")
    return _SUFFIXES.get(path[dot:].lower()) if dot > path.rfind("/") else None


def read_file(path: str, data: bytes, *, rules: ReadingRules, plain: bool = False) -> tuple[Note, ...]:
    """Read a file: its note first, then the notes inside it (the rows of a table). Total.

    `plain` leaves the Markdown parser out, for a note that it does not get through.
    """
    return (read_note(path, data, rules=rules, plain=plain),)
