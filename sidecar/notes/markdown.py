"""The blocks of a note: headings, paragraphs, lists, callouts, code, tables, math, and the headings above each.

Only the block level of Markdown is parsed; markdown-it-py's inline level costs four times as much and links are found
otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

from sidecar.notes.block_parser import atx_heading, parse_blocks
from sidecar.notes.note import Block, BlockKind, Problem, Span
from sidecar.notes.spans import LineIndex

_KINDS: dict[str, BlockKind] = {
    "heading": "heading",
    "paragraph": "paragraph",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "blockquote_open": "quote",
    "fence": "code",
    "code_block": "code",
    "table_open": "table",
    "math_block": "math",
    "html_block": "html",
    "hr": "rule",
}
_CUT = frozenset({"bullet_list_open", "ordered_list_open", "blockquote_open"})
_CALLOUT = re.compile(r"\s*>\s*\[![^\]\n]+\][+-]?(?=\s|\Z)")
_OPAQUE = frozenset({"fence", "code_block", "math_block", "comment_block"})
_FENCE_LINE = re.compile(r" {0,3}(`{3,}|~{3,})")
_LINK = re.compile(r"!?\[\[(?:[^\[\]|]*\|)?([^\[\]]*)\]\]|!?\[([^\[\]]*)\]\([^()\s]*\)")
_EMPHASIS = re.compile(r"(\*\*|__|==|~~)(?=\S)([^*_=~]+)(?<=\S)\1")
_MARK = re.compile(r"[\[*_=~^]")
_BLOCK_ID = re.compile(r"[ \t]\^[A-Za-z0-9-]+[ \t]*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """Blocks, and where prose may stand: `paragraphs` leaves out code, math and comments, and never crosses a block."""

    blocks: tuple[Block, ...]
    paragraphs: tuple[tuple[int, int], ...]
    comments: tuple[tuple[int, int], ...] = ()
    problems: tuple[Problem, ...] = ()


def read_structure(text: str, *, start: int, end: int, lines: LineIndex) -> Structure:
    """Split the text from `start`, which begins a line, to `end` into blocks. Never fails: paragraphs are left."""
    source = text[start:end].split("\n")
    try:
        found = _parse(source)
    except Exception as error:  # a third-party parser on hostile text, RecursionError included
        problem = Problem(code="markdown-invalid", message=f"Read as plain paragraphs: {type(error).__name__}.")
        return read_paragraphs(text, start=start, end=end, lines=lines, problems=(problem,))
    return _Reader(source, first_line=_line_of(start, text, lines), lines=lines).read(found)


def read_paragraphs(
    text: str, *, start: int, end: int, lines: LineIndex, problems: tuple[Problem, ...] = ()
) -> Structure:
    """Split without a Markdown parser: paragraphs between blank lines, `#` headings, fenced code."""
    source = text[start:end].split("\n")
    reader = _Reader(source, first_line=_line_of(start, text, lines), lines=lines)
    return reader.read(_plain_tokens(source), problems=problems)


def _line_of(start: int, text: str, lines: LineIndex) -> int:
    return lines.line_at(start) if start < len(text) else 1


def heading_text(source: str) -> str:
    """A heading as a reader sees it: links by their text, without emphasis marks and block id."""
    if _MARK.search(source):
        source = _LINK.sub(lambda match: match[1] if match[1] is not None else match[2], source)
        source = _EMPHASIS.sub(r"\2", _BLOCK_ID.sub("", source))
    return " ".join(source.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """What both ways of reading find: a top-level block by its lines, from 0, end exclusive."""

    type: str
    start: int
    end: int
    level: int = 0
    heading: str = ""
    items: Sequence[tuple[int, int]] = ()
    """Where the block may be cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pieces:
    pieces: Sequence[_Piece]
    opaque: Sequence[tuple[int, int, str]] = ()
    """Line ranges at any depth that hold no prose, with the token's type."""
    breaks: Sequence[int] = ()
    """Lines at which a paragraph, list item or table row begins."""


class _Reader:
    """Turns line numbers into spans of one text."""

    def __init__(self, source: list[str], *, first_line: int, lines: LineIndex) -> None:
        self._source = source
        self._first = first_line
        self._starts = lines.line_starts(first_line, len(source))

    def read(self, found: _Pieces, *, problems: tuple[Problem, ...] = ()) -> Structure:
        opaque = {line for start, end, _ in found.opaque for line in range(start, end)}
        comments = (self._offsets(start, end) for start, end, kind in found.opaque if kind == "comment_block")
        return Structure(
            blocks=tuple(self._blocks(found.pieces)),
            paragraphs=tuple(self._paragraphs(opaque, frozenset(found.breaks))),
            comments=tuple(comments),
            problems=problems,
        )

    def _offsets(self, start: int, end: int) -> tuple[int, int]:
        """Offsets of the lines from `start` to `end`, without the last line's newline."""
        return self._starts[start], self._starts[end - 1] + len(self._source[end - 1])

    def _span(self, start: int, end: int) -> Span | None:
        """Span of the lines without the blank ones around them."""
        end = min(end, len(self._source))
        while end > start and not self._source[end - 1].strip():
            end -= 1
        while start < end and not self._source[start].strip():
            start += 1
        if start >= end:
            return None
        begin, stop = self._offsets(start, end)
        # Not `LineIndex.span`: which lines these are is known.
        return Span(start=begin, end=stop, start_line=self._first + start, end_line=self._first + end - 1)

    def _blocks(self, pieces: Iterable[_Piece]) -> Iterator[Block]:
        path: list[tuple[int, str]] = []
        texts: tuple[str, ...] = ()
        for piece in pieces:
            span = self._span(piece.start, piece.end)
            if piece.type == "comment_block" or span is None:
                continue
            if piece.type == "heading":
                while path and path[-1][0] >= piece.level:
                    path.pop()
                path.append((piece.level, heading_text(piece.heading)))
                texts = tuple(text for _, text in path)
            spans = (self._span(start, end) for start, end in piece.items)
            yield Block(
                kind=self._kind(piece),
                span=span,
                heading_path=texts,
                items=tuple(item for item in spans if item is not None),
            )

    def _kind(self, piece: _Piece) -> BlockKind:
        if piece.type == "blockquote_open" and _CALLOUT.match(self._source[piece.start]):
            return "callout"
        return _KINDS[piece.type]

    def _paragraphs(self, opaque: Set[int], breaks: Set[int]) -> Iterator[tuple[int, int]]:
        """Runs of lines with prose. By lines, not by tokens: what is nested too deep has lines but no tokens."""
        start = -1
        for number, line in enumerate(self._source):
            if number in opaque or not line.strip(" \t>"):
                if start >= 0:
                    yield self._offsets(start, number)
                start = -1
            elif start < 0:
                start = number
            elif number in breaks:
                yield self._offsets(start, number)
                start = number
        if start >= 0:
            yield self._offsets(start, len(self._source))


def _parse(source: list[str]) -> _Pieces:
    pieces: list[_Piece] = []
    opaque: list[tuple[int, int, str]] = []
    breaks: list[int] = []
    for token in parse_blocks(source):
        if token.map is None:
            continue
        start, end = token.map
        breaks.append(start)
        if token.type in _OPAQUE:
            opaque.append((start, end, token.type))
        if token.level == 0:
            items: list[tuple[int, int]] = []
            outer = token.type
            level = int(token.tag[1]) if outer == "heading" else 0
            pieces.append(_Piece(type=outer, start=start, end=end, level=level, heading=token.content, items=items))
        elif token.level == 1 and outer in _CUT:
            items.append((start, end))
        elif token.type == "tr_open" and outer == "table_open":
            # The header keeps the line of dashes below it.
            items.append((start, end) if items else (start, end + 1))
    return _Pieces(pieces=pieces, opaque=opaque, breaks=breaks)


def _plain_tokens(source: list[str]) -> _Pieces:
    pieces: list[_Piece] = []
    opaque: list[tuple[int, int, str]] = []
    start = 0
    fence: str | None = None

    def close(kind: str, end: int) -> None:
        if end > start:
            pieces.append(_Piece(type=kind, start=start, end=end))

    for number, line in enumerate(source):
        mark = _FENCE_LINE.match(line)
        if fence is not None:
            if mark and mark[1].startswith(fence) and not line[mark.end() :].strip(" \t`~"):
                close("fence", number + 1)
                opaque.append((start, number + 1, "fence"))
                start, fence = number + 1, None
        elif mark:
            close("paragraph", number)
            start, fence = number, mark[1]
        elif not line.strip():
            close("paragraph", number)
            start = number + 1
        elif (heading := _plain_heading(line)) is not None:
            close("paragraph", number)
            level, text = heading
            pieces.append(_Piece(type="heading", start=number, end=number + 1, level=level, heading=text))
            start = number + 1
    # A fence that is never closed is not taken for code: the rest of a note may hang on one stray line.
    close("paragraph", len(source))
    return _Pieces(pieces=pieces, opaque=opaque, breaks=[piece.start for piece in pieces])


def _plain_heading(line: str) -> tuple[int, str] | None:
    unindented = line.lstrip(" ")
    return atx_heading(unindented) if len(line) - len(unindented) <= 3 else None
