"""What of an answer has been shown so far, and what must stand between two pieces so that they stay two."""

from __future__ import annotations

import re

from sidecar.citations.blocks import Blocks

_MOST_LINE = 400
_TAIL = 100
_RECENT = 1_500
_MOST_PIECES = 500
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_BEGINNING = re.compile(r"[\s>*+\-.)\d]*\Z")


class ShownText:
    """The text that has been shown: its length, its last line, the block that the next line stands in."""

    def __init__(self) -> None:
        self.length = 0
        self.blocks = Blocks()
        self.last = ""
        """The last character that has been shown."""
        self.formula = False
        """Whether what follows in this paragraph may stand within a formula or a comment."""
        self._pieces: list[str] = []
        self._line = ""
        self._loose_backslash = False
        self._closed_link = False

    @property
    def recent(self) -> str:
        """What has been shown, as far back as a sentence reaches."""
        self._pieces = ["".join(self._pieces)[-_RECENT:]]
        return self._pieces[0]

    @property
    def tail(self) -> str:
        """The last characters of what has been shown."""
        return self.recent[-_TAIL:]

    @property
    def at_line_start(self) -> bool:
        return not self._line

    @property
    def at_block_start(self) -> bool:
        """Whether nothing but marks of lists and block quotes stands in the line."""
        return _BEGINNING.match(self._line) is not None

    @property
    def in_quotation(self) -> bool:
        """Whether the line that is being shown is one of a block quote."""
        return self._line.lstrip().startswith(">")

    def add(self, piece: str, *, link: bool = False, code: bool = False, loose_backslash: bool = False) -> str:
        """Show a piece; returns it, with what keeps it apart from the piece before. A `link` is whole; `code` lines
        are no text; a loose backslash escapes nothing in it.
        """
        if not piece:
            return ""
        if not code:
            piece = self._between(piece[:2]) + piece
        self.length += len(piece)
        self.formula |= not code and ("$" in piece or "%%" in piece or (self.last == "%" and piece[0] == "%"))
        self.last = piece[-1]
        self._pieces.append(piece)
        if len(self._pieces) > _MOST_PIECES:
            self._pieces = [self.recent]
        self._go_on(piece, code=code)
        self._closed_link, self._loose_backslash = link, loose_backslash
        return piece

    def _go_on(self, piece: str, *, code: bool) -> None:
        if "\n" in piece:
            *ended, piece = piece.split("\n")
            for line in ended:
                self._end_line((self._line + line)[:_MOST_LINE], code=code)
                self._line = ""
        if len(self._line) < _MOST_LINE:
            self._line = (self._line + piece)[:_MOST_LINE]

    def _end_line(self, line: str, *, code: bool) -> None:
        if code:
            return
        self.blocks.end_line(line)
        if not line.strip():
            self.formula = False

    def _between(self, beginning: str) -> str:
        first, last = beginning[0], self.last
        if last == "]" and first == ":" and not self._closed_link:
            # Else it defines where a link leads to.
            return "\\"
        joined = (last, first) in {("]", "("), ("!", "["), ("`", "`")} or (last == "]" and beginning == "[^")
        return " " if joined or (self._loose_backslash and first in _PUNCTUATION) else ""
