"""Highlights: `==words==` within one paragraph."""

from __future__ import annotations

import re

from sidecar.notes.inline import Prose
from sidecar.notes.note import Span
from sidecar.notes.spans import LineIndex

# Ends at the next two signs of equality, whether they close it or not: no attempt goes on behind them.
_HIGHLIGHT = re.compile(r"==(?=[^\s=])((?:[^=]++|=(?!=))++)(?<!\s)==(?!=)")


def find_highlights(words: str, prose: Prose, lines: LineIndex) -> tuple[Span, ...]:
    """What stands between the marks, in order. `words` is the prose without links and their addresses."""
    if "==" not in words:
        return ()
    found: list[Span] = []
    position = 0
    while match := _HIGHLIGHT.search(words, position):
        if words.startswith("=", match.start() - 1) and match.start() > 0:
            position = match.start() + 2
        elif prose.joined(match.start(), match.end()):
            found.append(lines.span(match.start(1), match.end(1)))
            position = match.end()
        else:
            position = match.start() + 2
    return tuple(found)
