"""Which reader each kind of file has: the one way from a file's bytes to its notes."""

from __future__ import annotations

from collections.abc import Collection

from sidecar.notes.base import read_base
from sidecar.notes.canvas import read_canvas
from sidecar.notes.folder import read_folder_note
from sidecar.notes.formats import kind_of
from sidecar.notes.images import image_note
from sidecar.notes.logseq.page import read_logseq
from sidecar.notes.note import Note
from sidecar.notes.notion import read_notion
from sidecar.notes.pdf import read_pdf
from sidecar.notes.reading import read_note
from sidecar.notes.rules import ReadingRules
from sidecar.notes.table import read_table


def read_file(
    path: str, data: bytes, *, rules: ReadingRules, plain: bool = False, pages: Collection[str] = ()
) -> tuple[Note, ...]:
    """Read a file: its note first, then the notes inside it (the rows of a table). Total.

    `plain` leaves the Markdown parser out, for a note that it does not get through; `pages` are the names of a table's
    rows that have a page of their own. An image's bytes are not looked at.
    """
    match kind_of(path, flavour=rules.flavour):
        case "canvas":
            return (read_canvas(path, data, rules=rules, plain=plain),)
        case "base":
            return (read_base(path, data, rules=rules),)
        case "pdf":
            return (read_pdf(path, data, rules=rules),)
        case "image":
            return (image_note(path),)
        case "table":
            return read_table(path, data, rules=rules, pages=pages)
        case _:
            return (_read_markdown(path, data, rules=rules, plain=plain),)


def _read_markdown(path: str, data: bytes, *, rules: ReadingRules, plain: bool) -> Note:
    match rules.flavour:
        case "logseq":
            return read_logseq(path, data, rules=rules, plain=plain, file_names=rules.file_names)
        case "notion":
            return read_notion(path, data, rules=rules, plain=plain)
        case "folder":
            return read_folder_note(path, data, rules=rules, plain=plain)
        case _:
            return read_note(path, data, rules=rules, plain=plain)
