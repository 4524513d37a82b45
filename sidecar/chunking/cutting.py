"""Where a block that is too long may be cut: between items, after a line or a sentence, and last within a word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from sidecar.notes.note import Block

_SENTENCE_END = re.compile(r"""(?<=[.!?…।؟۔])["'”’»)\]]{0,3}(?=\s)|[。！？；｡]+["'”’」』）】]*""")
_SPACE = re.compile(r"\s")
# A cut before one of these would tear a character apart: combining marks, joiners, variation selectors, skin tones.
_CONTINUES = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0e31\u0e33-\u0e3a\u0e47-\u0e4e"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u200d\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
    "\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\U000e0100-\U000e01ef]"
)
_CUT_AT_LINES = frozenset({"code", "table", "math", "html", "list"})


def cut_block(text: str, block: Block, max_chars: int) -> Iterable[tuple[int, int]]:
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
    return [cut for left, right in parts for cut in cut_text(text, left, right, max_chars, at_lines=at_lines)]


def cut_text(text: str, start: int, end: int, max_chars: int, *, at_lines: bool) -> Iterator[tuple[int, int]]:
    """Ranges of at most `max_chars` characters that together hold every visible character from `start` to `end`."""
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
