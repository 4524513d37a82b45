"""A note's text out of the pieces that the index has of it: whole, a section, some lines, and page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from sidecar.retrieval.sections import sections_in

# Lines that the note hides between two pieces, as comments, are not filled with blank ones.
_MOST_BLANK = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of a note. Lines count from 1, both included."""

    heading_path: tuple[str, ...]
    text: str
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Part of a text. `next_offset` is where the next one begins, `None` at the end."""

    text: str
    offset: int
    next_offset: int | None
    total: int


def pieces_of(note: Mapping[str, Any]) -> list[Piece]:
    """The pieces of a note as `/vault/notes/…` gives it, each within one section: short ones are indexed together."""
    return [
        piece
        for chunk in note["chunks"]
        for piece in by_section(
            Piece(
                heading_path=tuple(chunk["heading_path"]),
                text=chunk["text"],
                first_line=chunk["span"]["start_line"],
                last_line=chunk["span"]["end_line"],
            )
        )
    ]


def by_section(piece: Piece) -> list[Piece]:
    """A piece cut where sections begin in it."""
    lines = piece.text.split("\n")
    if not _has_its_lines(piece, lines):
        return [piece]
    starts = list(sections_in(piece.text, piece.heading_path))
    if not starts or starts[0][0] > 0:
        starts.insert(0, (0, piece.heading_path))
    ends = [line for line, _ in starts[1:]] + [len(lines)]
    return [
        Piece(
            heading_path=path,
            text="\n".join(lines[start:end]),
            first_line=piece.first_line + start,
            last_line=piece.first_line + end - 1,
        )
        for (start, path), end in zip(starts, ends, strict=True)
    ]


def headings_of(pieces: Iterable[Piece]) -> list[str]:
    """The headings in their order, each once."""
    return list(dict.fromkeys(heading for piece in pieces for heading in piece.heading_path))


def under(pieces: Iterable[Piece], heading: str) -> list[Piece]:
    """The pieces of the sections with that heading, whatever its case and marks, with all below them."""
    wanted = _plain(heading)
    return [piece for piece in pieces if wanted and wanted in map(_plain, piece.heading_path)]


def between(pieces: Iterable[Piece], first: int | None, last: int | None) -> list[Piece]:
    """What stands on those lines, nothing where the last is before the first. A piece whose lines cannot be told apart
    is given whole.
    """
    low, high = first or 1, last or max((piece.last_line for piece in pieces), default=1)
    meeting = [piece for piece in pieces if piece.first_line <= high and piece.last_line >= low and low <= high]
    return [_cut(piece, low, high) for piece in meeting]


def joined(pieces: Sequence[Piece]) -> str:
    """The text of pieces that follow each other."""
    if not pieces:
        return ""
    rest = (_between(one, other) + other.text for one, other in pairwise(pieces))
    return "".join([pieces[0].text, *rest])


def page(text: str, *, offset: int, characters: int) -> Page:
    """The characters from `offset` on."""
    offset = min(offset, len(text))
    end = min(len(text), offset + characters)
    return Page(text=text[offset:end], offset=offset, next_offset=end if end < len(text) else None, total=len(text))


def _cut(piece: Piece, low: int, high: int) -> Piece:
    lines = piece.text.split("\n")
    if not _has_its_lines(piece, lines):
        return piece
    first, last = max(low, piece.first_line), min(high, piece.last_line)
    kept = lines[first - piece.first_line : last - piece.first_line + 1]
    return replace(piece, text="\n".join(kept), first_line=first, last_line=last)


def _has_its_lines(piece: Piece, lines: Sequence[str]) -> bool:
    """Whether each line of the text is one of the note's."""
    return len(lines) == piece.last_line - piece.first_line + 1


def _between(one: Piece, other: Piece) -> str:
    lines = other.first_line - one.last_line
    if lines > 0:
        return "\n" * min(lines, _MOST_BLANK)
    # A long line that was cut.
    return "" if one.text[-1:].isspace() or other.text[:1].isspace() else " "


def _plain(heading: str) -> str:
    return " ".join(heading.strip().lstrip("#").split()).casefold()
