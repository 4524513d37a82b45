"""Where a character stands: offsets to lines and back. Knows nothing of Markdown."""

from __future__ import annotations

import re
from bisect import bisect_right

from sidecar.notes.note import Span

_NEWLINE = re.compile("\n")


class LineIndex:
    """Line starts of one text. Only a newline ends a line: `str.splitlines` would also cut at U+2028 and form feeds."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in _NEWLINE.finditer(text))]
        self._length = len(text)

    def line_at(self, offset: int) -> int:
        """Line number, from 1, of the character at `offset`."""
        return bisect_right(self._starts, offset)

    def line_start(self, line: int) -> int:
        """Offset of the first character of `line`, or the text's length for a line after the last."""
        return self._starts[line - 1] if line <= len(self._starts) else self._length

    def line_starts(self, line: int, count: int) -> list[int]:
        """Offsets of the first characters of `count` lines from `line` on, as far as there are so many."""
        return self._starts[line - 1 : line - 1 + count]

    def span(self, start: int, end: int) -> Span:
        """Span of the characters from `start` to `end`, end exclusive."""
        return Span(start=start, end=end, start_line=self.line_at(start), end_line=self.line_at(max(start, end - 1)))
