"""An answer is made harmless while it streams: nothing in it is loaded, run or followed that the notes do not hold.

The text is written so that every reader of Markdown sees what is seen here: backticks that close nothing are escaped,
rows of them that surely open a fence alone do so, an address that is not to be followed is shown as code. What cannot
be decided yet is held back, each construct up to a bound of its own; so the same answer comes out however it is cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from sidecar.citations.blocks import FENCE_PREFIX
from sidecar.citations.fenced import FencedLines, harmless_info
from sidecar.citations.inline import Inline
from sidecar.citations.pieces import More, Piece

_SLICE = 4_096
_SPECIAL = re.compile(r"[\\`\[\]!<&\n.(【]|//|(?:https?|ftp)://|www\.|mailto:", re.IGNORECASE)
_OPEN_ADDRESS = re.compile(
    r"(?<![^\W_])(?:h|ht|htt|https?|https?:|https?:/|f|ft|ftp|ftp:|ftp:/|w|ww|www|m|ma|mai|mail|mailt|mailto)\Z|/\Z",
    re.IGNORECASE,
)
_FENCE_LINE = re.compile(
    rf"({FENCE_PREFIX})(?:(`{{3,400}})(?!`)([^\n`]{{0,400}})|(~{{3,400}})(?!~)([^\n]{{0,400}}))(\n|\Z)"
)
_OPEN_FENCE = re.compile(
    rf"{FENCE_PREFIX}(?:\d{{1,9}}[.)]?|[-*+]|`{{1,400}}|~{{1,400}}|`{{3,400}}[^\n`]{{1,400}}|~{{3,400}}[^\n]{{1,400}})?\Z"
)
_TILDES = re.compile(rf"({FENCE_PREFIX})(~{{3,400}})")
# Read as line ends or as nothing by some: one reading for all.
_ODD = {ord("\0"): "\N{REPLACEMENT CHARACTER}"} | dict.fromkeys(map(ord, "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), " ")


class Neutraliser:
    """Makes one text harmless: `feed` takes it as it comes and gives what may be shown of it."""

    def __init__(self, inline: Inline, *, when_linked: Callable[[Piece, int], None]) -> None:
        """`when_linked` is told of each link that `inline` makes, and where it begins."""
        self.text = inline.text
        self._inline = inline
        self._when_linked = when_linked
        self._pending = ""
        self._lines: FencedLines | None = None
        self._line_looked_at = False
        self._return = False

    def feed(self, text: str) -> str:
        """Take more of the text; returns what can be shown now, perhaps nothing."""
        shown: list[str] = []
        for start in range(0, len(text), _SLICE):
            self._pending += self._cleaned(text[start : start + _SLICE])
            self._run(shown, final=False)
        return "".join(shown)

    def finish(self) -> str:
        """The rest of the text."""
        shown: list[str] = []
        self._pending += "\n" if self._return else ""
        self._return = False
        self._run(shown, final=True)
        return "".join(shown)

    def append(self, pieces: Iterable[Piece]) -> str:
        """Show pieces of our own behind everything."""
        shown: list[str] = []
        if self._lines is not None:
            shown.append(self.text.add(self._lines.closing, code=True))
            self._lines = None
        for piece in pieces:
            self._show(piece, shown)
        return "".join(shown)

    def _cleaned(self, text: str) -> str:
        text = ("\r" if self._return else "") + text
        self._return = text.endswith("\r")
        return text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n").translate(_ODD)

    def _run(self, shown: list[str], *, final: bool) -> None:
        while self._pending:
            step = self._fenced if self._lines is not None else self._text
            if not step(shown, final=final):
                return

    def _fenced(self, shown: list[str], *, final: bool) -> bool:
        """Go on within a fence; whether there is more to do."""
        assert self._lines is not None
        taken = self._lines.take(self._pending, final=final)
        if taken is None:
            return False
        end, piece, goes_on = taken
        shown.append(self.text.add(piece, code=True))
        self._pending = self._pending[end:]
        if not goes_on:
            self._lines = None
            self._line_looked_at = False
        return True

    def _text(self, shown: list[str], *, final: bool) -> bool:
        """Go on in text, to the end of what is there or the beginning of a fence; whether there is more to do."""
        pending, position = self._pending, 0
        while position < len(pending):
            if self.text.at_line_start and not self._line_looked_at:
                opened = self._fence_at(pending, position, shown, final=final)
                if opened is None:
                    break
                self._line_looked_at = True
                if opened > position:
                    self._pending = pending[opened:]
                    return True
            match = _SPECIAL.search(pending, position)
            end = match.start() if match is not None else len(pending)
            # By itself: what stood before it may be shown as something else, or not at all.
            if match is None and not final and (held := _OPEN_ADDRESS.search(pending[position:])) is not None:
                end = position + held.start()
            if end > position:
                shown.append(self.text.add(pending[position:end]))
                position = end
            if match is None:
                break
            try:
                piece = self._inline.piece(pending, position, final=final)
            except More:
                break
            if piece.again:
                pending, position = piece.shown + pending[piece.end :], 0
                self._line_looked_at = self._line_looked_at and not self.text.at_line_start
                continue
            position = piece.end
            self._show(piece, shown)
        self._pending = pending[position:]
        return False

    def _show(self, piece: Piece, shown: list[str]) -> None:
        before = self.text.length
        added = self.text.add(piece.shown, link=piece.link is not None, loose_backslash=piece.loose_backslash)
        shown.append(added)
        if piece.shown.endswith("\n"):
            self._line_looked_at = False
        if piece.link is not None:
            self._when_linked(piece, before + len(added) - len(piece.shown))

    def _fence_at(self, pending: str, position: int, shown: list[str], *, final: bool) -> int | None:
        """The end of the fence's first line that stands here, `position` where there is none; `None` when more must
        come first.
        """
        match = _FENCE_LINE.match(pending, position)
        if match is None or (not match[6] and not final):
            if not final and _OPEN_FENCE.match(pending, position):
                return None
            return self._escaped(_TILDES.match(pending, position), shown) or position
        prefix, info = match[1], match[3] or match[5] or ""
        mark = match[2] or match[4]
        fence = self.text.blocks.opening(prefix + mark + info)
        if fence is None:
            return self._escaped(re.compile(r"(.*?)([`~]+)").match(pending, position), shown) or position
        info, diagram = harmless_info(info)
        shown.append(self.text.add(prefix + mark + info + match[6], code=True))
        self.text.blocks.open(fence)
        self._lines = FencedLines(fence, diagram=diagram)
        return match.end()

    def _escaped(self, match: re.Match[str] | None, shown: list[str]) -> int | None:
        """Show marks that surely open no fence then."""
        if match is None:
            return None
        shown += [self.text.add(match[1]), self.text.add("".join(f"\\{mark}" for mark in match[2]))]
        return match.end()
