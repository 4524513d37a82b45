"""Which characters of a note are prose: the rest (code, math, comments, escapes, HTML tags) is blanked out.

Links, tags and block ids are then looked for in a copy of the text with the same length and the same lines, so that
each of them needs no more than one linear pattern and none of them has to know about code.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

BLANK = "\x00"
"""Stands for a character that is not prose. NULs were taken out of the text before."""
# A bar is left out of the escapes: `[[Note\|alias]]` is how a link is written in a table.
_TOKEN = re.compile(r"\\[!-/:-@\[-`{}~]|`+|%%|<!--|\$\$?|<(?=[A-Za-z/])")
# What Obsidian's parser takes for a tag is what CommonMark does: in `x <a b #c> y` nothing is one.
_HTML_TAG = re.compile(
    r"<(?:[A-Za-z][A-Za-z0-9-]*+"
    r"""(?:\s++[A-Za-z_:][\w.:-]*+(?:\s*+=\s*+(?:[^\s"'=<>`]++|'[^']*+'|"[^"]*+"))?+)*+\s*+/?"""
    r"|/[A-Za-z][A-Za-z0-9-]*+\s*+)>"
)
_MATH_END = re.compile(r"\\.|(?<![ \t])\$(?![0-9])", re.DOTALL)
_NOT_NEWLINE = re.compile(r"[^\n]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prose:
    """`text` is as long as the note's. `comments` are the stretches inside `%%…%%` and `<!-- -->`, marks included."""

    text: str
    comments: tuple[tuple[int, int], ...]
    paragraphs: tuple[tuple[int, int], ...] = ()

    def joined(self, start: int, end: int) -> bool:
        """Whether both offsets lie in one paragraph, so that a mark at one may belong to a mark at the other."""
        index = bisect_right(self.paragraphs, start, key=lambda paragraph: paragraph[0]) - 1
        return index >= 0 and end <= self.paragraphs[index][1]


def blank_out(text: str, *, paragraphs: Iterable[tuple[int, int]], comments: Iterable[tuple[int, int]] = ()) -> Prose:
    """Keep what is prose in `paragraphs`, offsets in rising order; everything else in `text` is blanked.

    No code span, formula or comment reaches over the end of its paragraph.
    """
    pieces: list[str] = []
    found = list(comments)
    kept = tuple(paragraphs)
    position = 0
    for start, end in kept:
        pieces.append(blanks(text[position:start]))
        pieces.append(_blank_paragraph(text[start:end], offset=start, comments=found))
        position = end
    pieces.append(blanks(text[position:]))
    return Prose(text="".join(pieces), comments=tuple(sorted(found)), paragraphs=kept)


def blanks(text: str) -> str:
    """As many blanks as `text` has characters; its lines stay."""
    return _NOT_NEWLINE.sub(BLANK, text)


def _blank_paragraph(text: str, *, offset: int, comments: list[tuple[int, int]]) -> str:
    pieces: list[str] = []
    position = 0
    for start, end, is_comment in _Ends(text).spans():
        pieces.append(text[position:start])
        pieces.append(blanks(text[start:end]))
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
        self._lengths: list[int] = []
        self._math_ends: list[int] | None = None
        self._hopeless: set[str] = set()

    def spans(self) -> Iterator[tuple[int, int, bool]]:
        """Start, end and whether it is a comment, of each stretch that is not prose, in order."""
        position = 0
        while match := _TOKEN.search(self._text, position):
            start, end = self._extent(match)
            if end > start:
                yield start, end, match[0] in ("%%", "<!--")
            position = max(end, match.end())

    def _extent(self, match: re.Match[str]) -> tuple[int, int]:
        """Where what begins with the token starts and ends; the same offset twice when it is nothing."""
        found = match[0]
        match found[0]:
            case "`":
                return self._code(match)
            case "$":
                return self._math(match)
            case "%":
                return match.start(), self._after("%%", match)
            case "\\":
                return match.span()
            case _ if found == "<!--":
                return match.start(), self._comment_end(match)
            case _:
                return match.start(), self._tag_end(match.start())

    def _after(self, closing: str, match: re.Match[str]) -> int:
        """Offset after the next `closing`, or the match's own start when there is none."""
        if closing in self._hopeless:
            return match.start()
        found = self._text.find(closing, match.end())
        if found < 0:
            self._hopeless.add(closing)
            return match.start()
        return found + len(closing)

    def _comment_end(self, match: re.Match[str]) -> int:
        """No comment opens with `<!-->` or `<!--->`, and none holds `--` before its end."""
        dashes = self._after("--", match)
        closed = self._text.startswith(">", dashes) and not self._text.startswith((">", "->"), match.end())
        return dashes + 1 if closed else match.start()

    def _tag_end(self, start: int) -> int:
        # `(<my note.md>)` is the address of a link, though it has the form of a tag with an attribute.
        if start > 0 and self._text[start - 1] == "(":
            return start
        tag = _HTML_TAG.match(self._text, start)
        return tag.end() if tag else start

    def _math(self, match: re.Match[str]) -> tuple[int, int]:
        start = match.start()
        if match[0] == "$$":
            end = self._after("$$", match)
            if end > start:
                return start, end
            start += 1
        if self._text[start + 1 : start + 2] in ("", " ", "\t"):
            return start, start
        ends = self._math_closings()
        following = bisect_right(ends, start)
        return start, ends[following] + 1 if following < len(ends) else start

    def _math_closings(self) -> list[int]:
        """Dollar signs that may end a formula: whether one may does not hang on where the formula began."""
        if self._math_ends is None:
            self._math_ends = [end.start() for end in _MATH_END.finditer(self._text) if end[0] == "$"]
        return self._math_ends

    def _code(self, match: re.Match[str]) -> tuple[int, int]:
        """A code span ends at the next run of exactly as many backticks.

        Of a run that nothing ends, the last few may open a span: Obsidian, unlike CommonMark, then tries those.
        """
        if self._runs is None:
            self._runs = defaultdict(list)
            for run in re.finditer("`+", self._text):
                self._runs[len(run[0])].append(run.start())
            self._lengths = sorted(self._runs, reverse=True)
        for length in self._lengths:
            starts = self._runs[length]
            following = bisect_right(starts, match.start())
            if length <= len(match[0]) and following < len(starts):
                return match.end() - length, starts[following] + length
        return match.start(), match.start()
