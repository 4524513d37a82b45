"""Comments, `%%…%%` and `<!-- … -->`, and what Obsidian reads in them all the same.

A reader never sees a comment. Obsidian's index of links and tags knows nothing of `%%`, though: a link in one is in the
graph and a tag in one in the list of tags. What stands between HTML's marks, or in any block of HTML, it leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sidecar.notes.inline import Prose, blank_out
from sidecar.notes.note import Block, Span
from sidecar.notes.spans import LineIndex

_HTML_COMMENT = re.compile(r"<!--(?:(?!-->).)*+(?:-->)?", re.DOTALL)
_MARKS = ("%%", "<!--")


def html_blocks(blocks: Iterable[Block]) -> list[tuple[int, int]]:
    """Where the note's own HTML stands."""
    return [(block.span.start, block.span.end) for block in blocks if block.kind == "html"]


def html_comments(text: str, html: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The comments in blocks of HTML; one that is never closed ends with its block."""
    for start, end in html:
        for match in _HTML_COMMENT.finditer(text, start, end):
            yield match.span()


def outside(paragraphs: Iterable[tuple[int, int]], html: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The paragraphs that lie in none of the blocks of HTML. Both come in rising order, and no paragraph in two."""
    blocks = iter(html)
    start, end = next(blocks, (0, 0))
    for paragraph in paragraphs:
        while end and end <= paragraph[0]:
            start, end = next(blocks, (0, 0))
        if not (end and start <= paragraph[0]):
            yield paragraph


def comment_spans(text: str, comments: Iterable[tuple[int, int]], lines: LineIndex) -> tuple[Span, ...]:
    """The comments from mark to mark: a block of them may stand indented or in a quote."""
    spans: list[Span] = []
    for start, end in comments:
        marks = [found for mark in _MARKS if (found := text.find(mark, start, end)) >= 0]
        if marks:
            spans.append(lines.span(min(marks), min(marks) + len(text[min(marks) : end].rstrip())))
    return tuple(spans)


def read_aside(text: str, comments: Iterable[tuple[int, int]]) -> Prose | None:
    """The insides of `%%…%%` as prose, everything else blanked; `None` when there are none."""
    insides = [
        (opening + 2, closing)
        for start, end in comments
        if (opening := text.find("%%", start, end)) >= 0 and not text.startswith("<!--", start)
        if (closing := text.rfind("%%", opening + 2, end)) >= 0
    ]
    return blank_out(text, paragraphs=insides) if insides else None
