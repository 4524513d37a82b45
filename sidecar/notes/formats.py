"""What kind of file a name is, told by its ending. Imports no reader: the server asks this and reads nothing itself."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping

from sidecar.notes.note import NoteKind
from sidecar.notes.rules import Flavour

UNSUPPORTED = "unsupported"
NEEDS_PDF = "needs-pdf"
IMAGE_SUFFIXES = frozenset({".avif", ".bmp", ".gif", ".heic", ".jpeg", ".jpg", ".png", ".svg", ".webp"})
"""In lower case: what Obsidian shows as an image, and what telephones save one as."""
_SUFFIXES: Mapping[str, NoteKind] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".canvas": "canvas",
    ".base": "base",
    ".pdf": "pdf",
    ".csv": "table",
    **dict.fromkeys(IMAGE_SUFFIXES, "image"),
}


def kind_of(path: str, *, flavour: Flavour) -> NoteKind | None:
    """What a file of this name is; `None` when nothing here reads it.

    Only Notion exports have tables that are meant to be read: elsewhere a CSV file is data of any size.
    """
    dot = path.rfind(".")
    kind = _SUFFIXES.get(path[dot:].lower()) if dot > path.rfind("/") else None
    return None if kind == "table" and flavour != "notion" else kind


def unread_rule(path: str, *, flavour: Flavour) -> str | None:
    """Name the rule for a file that is not read because of its kind; `None` for one that is."""
    kind = kind_of(path, flavour=flavour)
    if kind == "pdf" and pdf_available() is not None:
        return NEEDS_PDF
    return UNSUPPORTED if kind is None else None


def pdf_available() -> str | None:
    """Say why PDFs cannot be read here; `None` when they can. Does not load the library."""
    if importlib.util.find_spec("pypdfium2") is None:
        return "PDFs are read with the package pypdfium2, which is not installed; the extra `pdf` brings it."
    return None
