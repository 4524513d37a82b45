"""What a chunk is, and the text that is embedded for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sidecar.notes.note import Span

CHUNKING_VERSION = 2
"""Part of the index's fingerprint: raise it whenever the same note would be cut differently."""
_MAX_PLACE = 160
"""Characters of title and heading path in front of an embedded text: a heading may be as long as a page, and in Chinese
as many tokens as a model takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of one note. `text` equals the note's text between `span.start` and `span.end`.

    It is empty in one case: a note without a visible word has one such chunk, so that its name can be found.
    """

    ordinal: int
    """Position in the note, from 0."""
    heading_path: tuple[str, ...]
    text: str
    span: Span
    block_ids: tuple[str, ...] = ()


def embedding_text(*, title: str, heading_path: Sequence[str], text: str) -> str:
    """What is embedded for a chunk: where it stands in front of what it says."""
    return " > ".join((title, *heading_path))[:_MAX_PLACE] + "\n" + text
