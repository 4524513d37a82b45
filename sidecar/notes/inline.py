"""Which characters of a note are prose: the rest (code, math, comments, escapes, HTML tags) is blanked out.

Links, tags and block ids are then looked for in a copy of the text with the same length and the same lines, so that
each of them needs no more than one linear pattern and none of them has to know about code.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

BLANK = "\x00"
"""Stands for a character that is not prose. NULs were taken out of the text before."""
_TOKEN = re.compile(r"\\[!-/:-@\[-`{}~]|`+|%%|<!--|\$\$?|<[A-Za-z/][^<>\n]*>")
# The class stops at the next dollar sign, so that each attempt is as long as the text that it takes or gives up on.
_INLINE_MATH = re.compile(r"\$(?=[^\s$])[^$\n]*(?<=\S)\$(?!\d)")
_NOT_NEWLINE = re.compile(r"[^\n]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prose:
    """`text` is as long as the note's. `comments` are the stretches inside `%%…%%` and `<!-- -->`."""

    text: str
    comments: tuple[tuple[int, int], ...]


def blank_out(text: str, *, paragraphs: Iterable[tuple[int, int]], comments: Iterable[tuple[int, int]] = ()) -> Prose:
    """Keep what is prose in `paragraphs`, offsets in rising order; everything else in `text` is blanked.

    No code span, formula or comment reaches over the end of its paragraph.
    """
    pieces: list[str] = []
    found = list(comments)
    position = 0
    for start, end in paragraphs:
        pieces.append(_blanks(text, position, start))
        pieces.append(_blank_paragraph(text[start:end], offset=start, comments=found))
        position = end
    pieces.append(_blanks(text, position, len(text)))
    return Prose(text="".join(pieces), comments=tuple(sorted(found)))


def _blanks(text: str, start: int, end: int) -> str:
    return _NOT_NEWLINE.sub(BLANK, text[start:end])


def _blank_paragraph(text: str, *, offset: int, comments: list[tuple[int, int]]) -> str:
    ends = _Ends(text)
    pieces: list[str] = []
    position = 0
    for start, end, is_comment in ends.spans():
        pieces.append(text[position:start])
        pieces.append(_blanks(text, start, end))
        position = end
        if is_comment:
            comments.append((offset + start, offset + end))
    if not pieces:
        return text
    pieces.append(text[position:])
    return "".join(pieces)


class _Ends:
    """Finds where a stretch of one paragraph ends, without ever searching the same characters twice in vain."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._runs: dict[int, list[int]] | None = None
        self._hopeless: set[str] = set()

    def spans(self) -> Iterable[tuple[int, int, bool]]:
        """Start, end and whether it is a comment, of each stretch that is not prose, in order."""
        position = 0
        while match := _TOKEN.search(self._text, position):
            end = self._end(match)
            if end > match.start():
                yield match.start(), end, match[0] in ("%%", "<!--")
            position = max(end, match.end())

    def _end(self, match: re.Match[str]) -> int:
        found = match[0]
        match found[0]:
            case "`":
                return self._code_end(match)
            case "$":
                return self._math_end(match)
            case "%":
                return self._after("%%", match)
            case "\\":
                return match.end()
            case _ if found == "<!--":
                return self._after("-->", match)
            case _:
                # An HTML tag. Only attributes can hold what looks like a tag (#fff), and `(<my note.md>)` is a link.
                after_paren = match.start() > 0 and self._text[match.start() - 1] == "("
                return match.end() if "=" in found and not after_paren else match.start()

    def _after(self, closing: str, match: re.Match[str]) -> int:
        """Offset after the next `closing`, or the match's own start when there is none."""
        if closing in self._hopeless:
            return match.start()
        found = self._text.find(closing, match.end())
        if found < 0:
            self._hopeless.add(closing)
            return match.start()
        return found + len(closing)

    def _math_end(self, match: re.Match[str]) -> int:
        if match[0] == "$$":
            return self._after("$$", match)
        formula = _INLINE_MATH.match(self._text, match.start())
        return formula.end() if formula else match.start()

    def _code_end(self, match: re.Match[str]) -> int:
        """A code span ends at the next run of exactly as many backticks."""
        if self._runs is None:
            self._runs = defaultdict(list)
            for run in re.finditer("`+", self._text):
                self._runs[len(run[0])].append(run.start())
        starts = self._runs.get(len(match[0]), [])
        following = bisect_right(starts, match.start())
        return starts[following] + len(match[0]) if following < len(starts) else match.start()
