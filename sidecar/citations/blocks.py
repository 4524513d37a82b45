"""Which block a line of an answer stands in, as CommonMark reads it: a list item, a block quote, a code fence.

Only what is sure counts as code: there nothing is checked. Where it cannot be told whether a row of backticks opens a
fence, it opens none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_INDENT = 60
FENCE_PREFIX = rf"(?:[ \t>]|[-*+](?=[ \t])|\d{{1,9}}[.)](?=[ \t])){{0,{MOST_INDENT}}}+"
_FENCE = re.compile(rf"({FENCE_PREFIX})(`{{3,}}(?=[^`]*\Z)|~{{3,}})")
_MARKER = re.compile(r"(?:[-*+]|(\d{1,9})[.)])( +)(?=\S)")
_EMPTY_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])\s*\Z")
_RULE = re.compile(r"(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})\Z")
_HEADING = re.compile(r"#{1,6}(?:\s|\Z)")
_QUOTED = re.compile(r"(?: {0,3}>[ ]?)+")
# Formulas and comments that go over several lines hide fences from some renderers and not from others.
_ASIDES = {"$$": "$$", "%%": "%%", "\\[": "\\]"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """An open code fence: its marks, the column its block begins in, and the block quotes it is within."""

    mark: str
    offset: int = 0
    quotes: int = 0

    def ended_by(self, line: str) -> bool:
        """Whether the line stands outside of what the fence is within."""
        if self.quotes:
            return re.match(rf"(?: {{0,3}}>[ ]?){{{self.quotes}}}", line) is None
        return bool(line.strip(" \t")) and _column(line) < self.offset

    def closed_by(self, line: str) -> bool:
        """Whether the line is the fence's last."""
        if self.quotes:
            line = re.sub(rf"\A(?: {{0,3}}>[ ]?){{{self.quotes}}}", "", line)
        rest = line.strip(" \t")
        runs = len(rest) >= len(self.mark) and rest == self.mark[0] * len(rest)
        return runs and _column(line) - self.offset <= 3


class Blocks:
    """Where the next line of an answer stands. `end_line` takes each line of text, `opening` looks at one."""

    def __init__(self) -> None:
        # Columns in which the contents of the open list items begin, outermost first.
        self._items: list[int] = []
        self._unsure = False
        self._after_blank = True
        self._quoted_list = False
        self._aside: str | None = None

    def opening(self, line: str) -> Fence | None:
        """The fence that the line opens; `None` when it surely or perhaps opens none."""
        match = _FENCE.match(line)
        if match is None or self._aside is not None or "|" in line:
            # To markdown-it, a line with a bar may be the head of a table first of all.
            return None
        prefix, mark = match[1].expandtabs(4), match[2]
        if not prefix.strip():
            return self._plain(mark, len(prefix))
        if prefix.startswith(">"):
            quotes = _QUOTED.match(prefix)
            sure = quotes is not None and len(prefix) - quotes.end() <= 3 and not prefix[quotes.end() :].strip()
            return Fence(mark=mark, quotes=prefix.count(">")) if sure and not self._quoted_list else None
        return self._in_item(prefix, mark)

    def open(self, fence: Fence) -> None:
        """Go on behind a fence: what follows it continues no paragraph."""
        self._items = [] if fence.quotes else [offset for offset in self._items if offset <= fence.offset]
        if not fence.offset:
            self._items, self._unsure = [], False
        self._after_blank = True

    def end_line(self, line: str) -> None:
        """Go on behind a line that is no code."""
        text = line.expandtabs(4).strip()
        if not text:
            self._after_blank, self._quoted_list = True, False
            return
        self._look_aside(text)
        column = _column(line)
        if text.startswith(">"):
            self._quote(text, column)
        elif not self._item(text, column):
            self._text(text, column)
        self._after_blank = False

    def _plain(self, mark: str, column: int) -> Fence | None:
        if column == 0:
            return Fence(mark=mark)
        if self._unsure:
            return None
        offset = max((each for each in self._items if each <= column), default=0)
        return Fence(mark=mark, offset=offset) if column - offset <= 3 else None

    def _in_item(self, prefix: str, mark: str) -> Fence | None:
        column = len(prefix) - len(prefix.lstrip())
        known = list(self._items), self._unsure
        if not self._item(prefix.strip() + " x", column) or self._unsure or self._items[-1] != len(prefix):
            self._items, self._unsure = known
            return None
        return Fence(mark=mark, offset=len(prefix))

    def _quote(self, text: str, column: int) -> None:
        if column == 0:
            self._items, self._unsure = [], False
        elif self._items or column > 3:
            self._unsure = True
        inner = text.lstrip("> ")
        self._quoted_list |= _MARKER.match(inner) is not None or _EMPTY_ITEM.match(inner) is not None

    def _item(self, text: str, column: int) -> bool:
        """Whether the line begins a list item; then its column is known."""
        if _RULE.match(text):
            return False
        if _EMPTY_ITEM.match(text):
            self._unsure = True
            return True
        found = False
        while (match := _MARKER.match(text)) is not None and not _RULE.match(text):
            kept = [offset for offset in self._items if offset <= column]
            if column - (kept[-1] if kept else 0) > 3:
                break
            numbered = match[1] is not None and int(match[1]) != 1
            if numbered and not found and not self._after_blank and len(kept) == len(self._items):
                # It begins a list unless it goes on with a paragraph.
                self._unsure = True
                break
            if column == 0 and not numbered:
                self._unsure = False
            width = match.end() if len(match[2]) <= 4 else match.end() - len(match[2]) + 1
            self._items = [*kept, column + width]
            column, text, found = column + match.end(), text[match.end() :], True
        return found

    def _text(self, text: str, column: int) -> None:
        kept = [offset for offset in self._items if offset <= column]
        ends = self._after_blank or _HEADING.match(text) is not None or _RULE.match(text) is not None
        if not ends and (len(kept) < len(self._items)):
            # A line that lazily continues a paragraph leaves the item open.
            self._unsure = True
            return
        if ends:
            self._items = kept
            if column == 0:
                self._unsure = False

    def _look_aside(self, text: str) -> None:
        if self._aside is not None:
            self._aside = None if self._aside in text else self._aside
            return
        for opening, closing in _ASIDES.items():
            if text.startswith(opening) and closing not in text[len(opening) :]:
                self._aside = closing


def _column(line: str) -> int:
    line = line.expandtabs(4)
    return len(line) - len(line.lstrip(" "))
