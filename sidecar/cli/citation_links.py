"""An answer's text as it comes, with its citations as links that open the note in Obsidian.

Which stretch is a citation, and of what, is told by the annotations that come with it: whatever a note or a model
writes between brackets leads nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from sidecar.cli.output import printable, printable_text

_OPENS_NOTE = "obsidian://open?vault="
# Longer ones, terminals do not take.
_LONGEST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A stretch of the answer, in characters from its beginning, end exclusive, and the address of what it cites."""

    start: int
    end: int
    uri: str


class CitedText:
    """Makes printable what comes of an answer, piece by piece, and knows how far it is."""

    def __init__(self, *, links: bool) -> None:
        self._links = links
        self._length = 0

    def feed(self, content: str, citations: Sequence[Citation]) -> str:
        """The next piece for the terminal. A citation that is not whole within it stays plain text."""
        begin, at = self._length, 0
        self._length += len(content)
        shown: list[str] = []
        for citation in sorted(citations, key=lambda each: each.start):
            start, end = citation.start - begin, citation.end - begin
            if at <= start < end <= len(content):
                text = printable_text(content[start:end])
                shown += [printable_text(content[at:start]), linked(text, citation.uri) if self._links else text]
                at = end
        return "".join([*shown, printable_text(content[at:])])


def linked(text: str, uri: str) -> str:
    """Text on which a click opens a note (OSC 8). An address that does not open a note is left out."""
    if not uri.startswith(_OPENS_NOTE) or len(uri) > _LONGEST:
        return text
    return f"\x1b]8;;{printable(uri)}\x1b\\{text}\x1b]8;;\x1b\\"


def can_link(stream: TextIO, environ: Mapping[str, str], *, platform: str) -> bool:
    """Whether links can be shown: only by terminals, and Windows' older one shows the codes."""
    return stream.isatty() and platform != "win32" and environ.get("TERM") != "dumb"
