"""What stands before the words of a line: indentation, the marks of quotes and those of list items."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARGIN = re.compile(r"(?:[ \t>]|[-+*](?=[ \t\n])|\d{1,9}[.)](?=[ \t\n]))*+")
_LIST_MARKS = ("-", "+", "*", ".", ")")


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """The marks in front of one line."""

    start: int
    end: int
    """Where the line's words begin."""
    marks: str

    @property
    def depth(self) -> int:
        """How many quotes the line says that it stands in."""
        return self.marks.count(">")

    @property
    def opens_item(self) -> bool:
        """Whether the words are the first of a list item."""
        return self.marks.rstrip(" \t").endswith(_LIST_MARKS)


def margin_of(text: str, line_start: int) -> Margin:
    """The margin of the line that starts at `line_start`."""
    match = _MARGIN.match(text, line_start)
    end = match.end() if match else line_start
    return Margin(start=line_start, end=end, marks=text[line_start:end])


def line_around(text: str, offset: int, *, after: int = 0) -> tuple[int, int]:
    """Start and end, without the newline, of the line that `offset` is in; no line before `after` is looked at."""
    end = text.find("\n", offset)
    return text.rfind("\n", after, offset) + 1 or after, len(text) if end < 0 else end
