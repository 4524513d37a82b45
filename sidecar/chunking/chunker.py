"""A note is cut up: sections first, then blocks packed up to the limit; a block is cut only when it does not fit alone.

Every visible character of the body is in exactly one chunk; what stands in `%%…%%` blocks is in none.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sidecar.chunking.chunk import Chunk, embedding_text
from sidecar.chunking.cutting import cut_block
from sidecar.chunking.fitting import TokenLimit
from sidecar.chunking.properties import property_block
from sidecar.notes.note import Block, Note
from sidecar.notes.spans import LineIndex

_LEAST_CHARS = 16
"""A section is not cut into shorter pieces than this, whatever a tokenizer says: no model has a smaller limit."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch that is not cut again, and the section it belongs to."""

    start: int
    end: int
    path: tuple[str, ...]
    section: int
    content: bool = True
    """False for headings and rules: they lead or follow other pieces and never stand alone."""


def chunk_note(
    note: Note, *, max_chars: int = 1200, min_chars: int = 200, tokens: TokenLimit | None = None
) -> tuple[Chunk, ...]:
    """Cut a note into chunks of at most `max_chars` characters, not counting headings in front (up to a quarter more),
    and of at most `tokens`, title and heading path included.

    A section shorter than `min_chars` is joined with the next one under the same heading while both stay below half of
    `max_chars`; their chunk's heading path is what they share. Properties that say something in words are a chunk in
    front. A note without a visible word is one empty chunk; an image whose name says nothing is none.
    """
    # A page is what a citation can lead to, so that short ones are not joined.
    min_chars = 0 if note.kind == "pdf" else min_chars
    lines = LineIndex(note.text)
    sections = list(_sections(note, lines))
    limits = [max_chars] * len(sections)
    ids = sorted((line, name) for name, line in note.block_ids.items())
    while True:
        groups = _groups(note.text, sections, limits, min_chars=min_chars)
        chunks = tuple(_chunk(ordinal, group, note.text, lines, ids) for ordinal, group in enumerate(groups))
        shorter = _shorter(note.title, chunks, groups, limits, tokens)
        if shorter == limits:
            return chunks or _name_alone(note, lines)
        limits = shorter


def _name_alone(note: Note, lines: LineIndex) -> tuple[Chunk, ...]:
    if note.kind == "image":
        return ()
    return (Chunk(ordinal=0, heading_path=(), text="", span=lines.span(note.body_start, note.body_start)),)


def _shorter(
    title: str,
    chunks: Sequence[Chunk],
    groups: Sequence[Sequence[_Piece]],
    limits: Sequence[int],
    tokens: TokenLimit | None,
) -> list[int]:
    """The sections' limits in characters, less where a chunk has too many tokens."""
    shorter = list(limits)
    if tokens is None:
        return shorter
    texts = [embedding_text(title=title, heading_path=chunk.heading_path, text=chunk.text) for chunk in chunks]
    for number, count in tokens.exceeded(texts):
        # A tenth less than the proportion says: tokens are not spread evenly over a text.
        length = int(len(chunks[number].text) * tokens.most / count * 0.9)
        for section in {piece.section for piece in groups[number]}:
            shorter[section] = min(shorter[section], max(_LEAST_CHARS, min(length, limits[section] * 3 // 4)))
    return shorter


def _sections(note: Note, lines: LineIndex) -> Iterator[list[Block]]:
    """Blocks from one heading to the next. Headings with nothing below them lead the section that follows."""
    if (properties := property_block(note, lines)) is not None:
        yield [properties]
    if all(block.kind == "rule" for block in note.blocks):
        return
    section: list[Block] = []
    has_content = False
    for block in note.blocks:
        # A page of a PDF and a card of a canvas begin without a heading of their own.
        if has_content and (block.kind == "heading" or block.heading_path != section[-1].heading_path):
            yield section
            section, has_content = [], False
        section.append(block)
        has_content = has_content or _is_content(block)
    yield section


def _is_content(block: Block) -> bool:
    return block.kind not in ("heading", "rule")


def _groups(
    text: str, sections: Sequence[Sequence[Block]], limits: Sequence[int], *, min_chars: int
) -> list[list[_Piece]]:
    groups: list[list[_Piece]] = []
    for number, (section, limit) in enumerate(zip(sections, limits, strict=True)):
        pieces = [piece for block in section for piece in _pieces(text, block, limit, section=number)]
        _add(groups, _pack(text, pieces, limit), text, max_chars=limit, min_chars=min_chars)
    return groups


def _pieces(text: str, block: Block, max_chars: int, *, section: int) -> Iterator[_Piece]:
    for start, end in cut_block(text, block, max_chars):
        yield _Piece(start, end, block.heading_path, section, _is_content(block))


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
