"""A note becomes chunks: the pieces that are embedded, searched, quoted and cited.

Sections first, then blocks packed up to the limit; a block is cut only when it does not fit alone. Every visible
character of the body is in exactly one chunk; what stands in `%%…%%` blocks is in none.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sidecar.notes.note import Block, Note, Span
from sidecar.notes.spans import LineIndex

CHUNKING_VERSION = 1
"""Part of the index's fingerprint: raise it whenever the same note would be cut differently."""
_SENTENCE_END = re.compile(r"""(?<=[.!?…।؟۔])["'”’»)\]]{0,3}(?=\s)|[。！？；｡]+["'”’」』）】]*""")
_SPACE = re.compile(r"\s")
# A cut before one of these would tear a character apart: combining marks, joiners, variation selectors, skin tones.
_CONTINUES = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0e31\u0e33-\u0e3a\u0e47-\u0e4e"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u200d\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
    "\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\U000e0100-\U000e01ef]"
)
_CUT_AT_LINES = frozenset({"code", "table", "math", "html"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of one note. `text` equals the note's text between `span.start` and `span.end`."""

    ordinal: int
    """Position in the note, from 0."""
    heading_path: tuple[str, ...]
    text: str
    span: Span
    block_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch that is not cut again, and the section it belongs to."""

    start: int
    end: int
    path: tuple[str, ...]
    content: bool = True
    """False for headings and rules: they lead or follow other pieces and never stand alone."""


def chunk_note(note: Note, *, max_chars: int = 1200, min_chars: int = 200) -> tuple[Chunk, ...]:
    """Cut a note into chunks of at most `max_chars` characters, not counting headings in front (up to a quarter more).

    A section shorter than `min_chars` is joined with the next one under the same heading while both stay below half of
    `max_chars`; their chunk's heading path is what they share. A note whose body is empty, or rules and comments only,
    has no chunks.
    """
    if all(block.kind == "rule" for block in note.blocks):
        return ()
    lines = LineIndex(note.text)
    groups: list[list[_Piece]] = []
    for section in _sections(note, max_chars):
        _add(groups, _pack(note.text, section, max_chars), note.text, max_chars=max_chars, min_chars=min_chars)
    ids = sorted((line, name) for name, line in note.block_ids.items())
    return tuple(_chunk(ordinal, group, note.text, lines, ids) for ordinal, group in enumerate(groups))


def _sections(note: Note, max_chars: int) -> Iterator[list[_Piece]]:
    """Pieces from one heading to the next. Headings with nothing below them lead the section that follows."""
    section: list[_Piece] = []
    has_content = False
    for block in note.blocks:
        if block.kind == "heading" and has_content:
            yield section
            section, has_content = [], False
        section += _pieces(note.text, block, max_chars)
        has_content = has_content or section[-1].content
    if section:
        yield section


def _pieces(text: str, block: Block, max_chars: int) -> list[_Piece]:
    content = block.kind not in ("heading", "rule")
    cuts = _cut(text, block, max_chars)
    return [_Piece(start, end, block.heading_path, content) for start, end in cuts]


def _cut(text: str, block: Block, max_chars: int) -> Iterable[tuple[int, int]]:
    """Ranges of a block that fit: the block itself, or its items, or lines, or sentences, or what must be."""
    start, end = block.span.start, block.span.end
    if end - start <= max_chars:
        return [(start, end)]
    if block.items:
        # What stands before the first item (a callout's title) belongs to it.
        bounds = [start, *(item.start for item in block.items[1:] if start < item.start < end), end]
        parts = [_strip(text, left, right) for left, right in pairwise(bounds)]
    else:
        parts = [(start, end)]
    at_lines = block.kind in _CUT_AT_LINES
    return [cut for left, right in parts for cut in _cut_text(text, left, right, max_chars, at_lines=at_lines)]


def _cut_text(text: str, start: int, end: int, max_chars: int, *, at_lines: bool) -> Iterator[tuple[int, int]]:
    while end - start > max_chars:
        cut = _best_cut(text, start, start + max_chars, at_lines=at_lines)
        piece = _strip(text, start, cut)
        if piece[0] < piece[1]:
            yield piece
        start = cut
    piece = _strip(text, start, end)
    if piece[0] < piece[1]:
        yield piece


def _best_cut(text: str, start: int, limit: int, *, at_lines: bool) -> int:
    """Where to cut between `start` and `limit`: after a line or sentence, else a word, else a whole character."""
    least = start + (limit - start) // 4
    newline = text.rfind("\n", least, limit)
    if at_lines and newline > 0:
        return newline + 1
    sentence = max((match.end() for match in _SENTENCE_END.finditer(text, least, limit)), default=-1)
    if (best := max(sentence, newline + 1)) > least:
        return best
    space = max((match.end() for match in _SPACE.finditer(text, least, limit)), default=-1)
    if space > least:
        return space
    cut = limit
    while cut > limit - 16 and cut > start + 1 and (_CONTINUES.match(text, cut) or text[cut - 1] == "\u200d"):
        cut -= 1
    return cut


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave the blank lines around a piece to no one; indentation stays, it means something in a list."""
    piece = text[start:end]
    kept_end = start + len(piece.rstrip())
    leading = len(piece) - len(piece.lstrip())
    line_start = piece.rfind("\n", 0, leading) + 1
    return min(start + line_start, kept_end), kept_end


def _pack(text: str, section: Sequence[_Piece], max_chars: int) -> Iterator[list[_Piece]]:
    """Put as many pieces into a group as fit. Hidden text between two pieces separates them."""
    group: list[_Piece] = []
    for piece in section:
        if (group and not _fits(group, piece, max_chars)) or (group and text[group[-1].end : piece.start].strip()):
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def _fits(group: Sequence[_Piece], piece: _Piece, max_chars: int) -> bool:
    if piece.end - group[0].start <= max_chars:
        return True
    # A heading stays with what it heads, and a rule with what it ends, even where that is a little too long.
    glued = not piece.content or not any(member.content for member in group)
    return glued and piece.end - group[0].start <= max_chars + max_chars // 4


def _add(
    groups: list[list[_Piece]], section: Iterable[list[_Piece]], text: str, *, max_chars: int, min_chars: int
) -> None:
    """Append a section's groups; join the first with the last group so far when that makes sense."""
    for group in section:
        previous = groups[-1] if groups else None
        if previous is not None and _joins(previous, group, text, max_chars=max_chars, min_chars=min_chars):
            previous += group
        else:
            groups.append(group)


def _joins(previous: Sequence[_Piece], group: Sequence[_Piece], text: str, *, max_chars: int, min_chars: int) -> bool:
    length = group[-1].end - previous[0].start
    if text[previous[-1].end : group[0].start].strip():
        return False
    if not any(piece.content for piece in group):
        return length <= max_chars + max_chars // 4
    small = previous[-1].end - previous[0].start < min_chars
    one, other = _last_path(previous), _path(group)
    siblings = len(one) == len(other) > 0 and one[:-1] == other[:-1]
    # A chunk's heading path is what its sections share: a long section would pay for its short neighbour with its own.
    return small and siblings and length <= max_chars // 2


def _last_path(group: Sequence[_Piece]) -> tuple[str, ...]:
    return next((piece.path for piece in reversed(group) if piece.content), group[-1].path)


def _path(group: Sequence[_Piece]) -> tuple[str, ...]:
    """The heading path that all content of a group shares; headings only: that of the last."""
    paths = [piece.path for piece in group if piece.content] or [group[-1].path]
    shared = paths[0]
    for path in paths[1:]:
        same = 0
        while same < min(len(shared), len(path)) and shared[same] == path[same]:
            same += 1
        shared = shared[:same]
    return shared


def _chunk(ordinal: int, group: Sequence[_Piece], text: str, lines: LineIndex, ids: Sequence[tuple[int, str]]) -> Chunk:
    span = lines.span(group[0].start, group[-1].end)
    first = bisect_left(ids, (span.start_line, ""))
    last = bisect_right(ids, (span.end_line + 1, ""))
    return Chunk(
        ordinal=ordinal,
        heading_path=_path(group),
        text=text[span.start : span.end],
        span=span,
        block_ids=tuple(name for _, name in ids[first:last]),
    )
