"""The blocks of a note: headings, paragraphs, lists, callouts, code, tables, math, and the headings above each.

Only the block level of markdown-it-py runs; its inline level costs four times as much and links are found otherwise.
Obsidian's own blocks, `$$…$$` and `%%…%%`, are rules added here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from sidecar.notes.note import Block, BlockKind, Problem, Span
from sidecar.notes.spans import LineIndex

_MAX_NESTING = 40
"""Tokens deep. Each list or quote costs two; what lies deeper stays part of the block but is not looked into."""
_KINDS: dict[str, BlockKind] = {
    "heading_open": "heading",
    "paragraph_open": "paragraph",
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
_CALLOUT = re.compile(r"\s*>\s*\[![^\]\n]+\]")
_OPAQUE = frozenset({"fence", "code_block", "math_block", "comment_block"})
_COMMENT_ONLY = re.compile(r"\s*<!--(?:(?!-->).)*+-->\s*\Z", re.DOTALL)
_HEADING_LINE = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*\Z")
_FENCE_LINE = re.compile(r" {0,3}(`{3,}|~{3,})")
_LINK = re.compile(r"!?\[\[(?:[^\[\]|]*\|)?([^\[\]]*)\]\]|!?\[([^\[\]]*)\]\([^()\s]*\)")
_EMPHASIS = re.compile(r"(\*\*|__|==|~~)(?=\S)([^*_=~]+)(?<=\S)\1")
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
    body = text[start:end]
    try:
        tokens = _parse(body)
    except Exception as error:  # a third-party parser on hostile text, RecursionError included
        problem = Problem(code="markdown-invalid", message=f"Read as plain paragraphs: {type(error).__name__}.")
        return read_paragraphs(text, start=start, end=end, lines=lines, problems=(problem,))
    return _Reader(text, body.split("\n"), first_line=_line_of(start, text, lines), lines=lines).read(tokens)


def read_paragraphs(
    text: str, *, start: int, end: int, lines: LineIndex, problems: tuple[Problem, ...] = ()
) -> Structure:
    """Split without a Markdown parser: paragraphs between blank lines, `#` headings, fenced code."""
    source = text[start:end].split("\n")
    reader = _Reader(text, source, first_line=_line_of(start, text, lines), lines=lines)
    return reader.read(_plain_tokens(source), problems=problems)


def _line_of(start: int, text: str, lines: LineIndex) -> int:
    return lines.line_at(start) if start < len(text) else 1


def heading_text(source: str) -> str:
    """A heading as a reader sees it: links by their text, without emphasis marks and block id."""
    text = _LINK.sub(lambda match: match[1] if match[1] is not None else match[2], source)
    text = _EMPHASIS.sub(r"\2", _BLOCK_ID.sub("", text))
    return " ".join(text.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """What both ways of reading find: a top-level block by its lines, from 0, end exclusive."""

    type: str
    start: int
    end: int
    level: int = 0
    heading: str = ""
    items: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pieces:
    pieces: Sequence[_Piece]
    opaque: Sequence[tuple[int, int, str]] = ()
    """Line ranges at any depth that hold no prose, with the token's type."""
    breaks: Sequence[int] = ()
    """Lines at which a paragraph, list item or table row begins."""


class _Reader:
    """Turns line numbers into spans of one text."""

    def __init__(self, text: str, source: list[str], *, first_line: int, lines: LineIndex) -> None:
        self._text = text
        self._source = source
        self._first = first_line
        self._lines = lines

    def read(self, found: _Pieces, *, problems: tuple[Problem, ...] = ()) -> Structure:
        opaque = {line: kind for start, end, kind in found.opaque for line in range(start, end)}
        comments = (self._offsets(start, end) for start, end, kind in found.opaque if kind == "comment_block")
        return Structure(
            blocks=tuple(self._blocks(found.pieces)),
            paragraphs=tuple(self._paragraphs(opaque, frozenset(found.breaks))),
            comments=tuple(comments),
            problems=problems,
        )

    def _offsets(self, start: int, end: int) -> tuple[int, int]:
        """Offsets of the lines from `start` to `end`, without the last line's newline."""
        begin = self._lines.line_start(self._first + start)
        return begin, max(begin, self._lines.line_start(self._first + end - 1) + len(self._source[end - 1]))

    def _span(self, start: int, end: int) -> Span | None:
        """Span of the lines without the blank ones around them."""
        end = min(end, len(self._source))
        while end > start and not self._source[end - 1].strip():
            end -= 1
        while start < end and not self._source[start].strip():
            start += 1
        return self._lines.span(*self._offsets(start, end)) if start < end else None

    def _blocks(self, pieces: Iterable[_Piece]) -> Iterator[Block]:
        path: list[tuple[int, str]] = []
        for piece in pieces:
            span = self._span(piece.start, piece.end)
            if piece.type == "comment_block" or span is None:
                continue
            if piece.type == "heading_open":
                while path and path[-1][0] >= piece.level:
                    path.pop()
                path.append((piece.level, heading_text(piece.heading)))
            spans = (self._span(start, end) for start, end in piece.items)
            yield Block(
                kind=self._kind(piece),
                span=span,
                heading_path=tuple(text for _, text in path),
                items=tuple(item for item in spans if item is not None),
            )

    def _kind(self, piece: _Piece) -> BlockKind:
        if piece.type == "blockquote_open" and _CALLOUT.match(self._source[piece.start]):
            return "callout"
        return _KINDS[piece.type]

    def _paragraphs(self, opaque: dict[int, str], breaks: frozenset[int]) -> Iterator[tuple[int, int]]:
        """Runs of lines with prose. By lines, not by tokens: what is nested too deep has lines but no tokens."""
        start: int | None = None
        for number, line in enumerate([*self._source, ""]):
            ends = number in opaque or not line.strip(" \t>")
            if start is not None and (ends or number in breaks):
                yield self._offsets(start, number)
                start = None
            if start is None and not ends:
                start = number


def _parse(body: str) -> _Pieces:
    tokens = _PARSER.parse(body)
    pieces: list[_Piece] = []
    opaque: list[tuple[int, int, str]] = []
    breaks: list[int] = []
    for index, token in enumerate(tokens):
        if token.map is None or token.nesting < 0:
            continue
        start, end = token.map
        breaks.append(start)
        if token.type in _OPAQUE:
            opaque.append((start, end, token.type))
        if token.level == 0 and token.type != "inline":
            pieces.append(_piece(tokens, index))
    return _Pieces(pieces=pieces, opaque=opaque, breaks=breaks)


def _piece(tokens: list[Token], index: int) -> _Piece:
    token = tokens[index]
    assert token.map is not None
    start, end = token.map
    if token.type == "heading_open":
        return _Piece(type=token.type, start=start, end=end, level=int(token.tag[1]), heading=tokens[index + 1].content)
    items: list[tuple[int, int]] = []
    if token.nesting == 1 and token.type in ("bullet_list_open", "ordered_list_open", "blockquote_open", "table_open"):
        items = _rows(tokens, index) if token.type == "table_open" else _children(tokens, index)
    return _Piece(type=token.type, start=start, end=end, items=tuple(items))


def _children(tokens: list[Token], index: int) -> list[tuple[int, int]]:
    """Line ranges of what stands directly in a list or quote."""
    return [
        (token.map[0], token.map[1])
        for token in _inside(tokens, index)
        if token.level == 1 and token.map is not None and token.nesting >= 0 and token.type != "inline"
    ]


def _inside(tokens: list[Token], index: int) -> Iterator[Token]:
    """Tokens of the top-level block that opens at `index`. No slice: a copy per block makes many blocks quadratic."""
    return takewhile(lambda token: token.level > 0, map(tokens.__getitem__, range(index + 1, len(tokens))))


def _rows(tokens: list[Token], index: int) -> list[tuple[int, int]]:
    """Line ranges of a table's rows; the header keeps the line of dashes below it."""
    ranges: list[tuple[int, int]] = []
    for token in _inside(tokens, index):
        if token.type == "tr_open" and token.map is not None:
            start, end = token.map
            ranges.append((start, end) if ranges else (start, end + 1))
    return ranges


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
            close("paragraph_open", number)
            start, fence = number, mark[1]
        elif not line.strip():
            close("paragraph_open", number)
            start = number + 1
        elif heading := _HEADING_LINE.match(line):
            close("paragraph_open", number)
            level, text = len(heading[1]), heading[2] or ""
            pieces.append(_Piece(type="heading_open", start=number, end=number + 1, level=level, heading=text))
            start = number + 1
    # A fence that is never closed is not taken for code: the rest of a note may hang on one stray line.
    close("paragraph_open", len(source))
    return _Pieces(pieces=pieces, opaque=opaque, breaks=[piece.start for piece in pieces])


def _delimited(marker: str, token_type: str) -> Callable[[StateBlock, int, int, bool], bool]:
    """A block rule for lines from one that begins with `marker` to one that ends with it."""

    def rule(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: FBT001  # markdown-it's signature
        if state.is_code_block(start_line):
            return False
        begin = state.bMarks[start_line] + state.tShift[start_line]
        if not state.src.startswith(marker, begin, state.eMarks[start_line]):
            return False
        next_line = _closing_line(state, marker, start_line, end_line, begin + len(marker))
        if next_line is None:
            return False
        if not silent:
            token = state.push(token_type, "", 0)
            token.map = [start_line, next_line]
            state.line = next_line
        return True

    return rule


def _closing_line(state: StateBlock, marker: str, start_line: int, end_line: int, after: int) -> int | None:
    """Number of the line after the block, or `None`: text behind the closing marker makes it an inline matter."""
    line, position = start_line, after
    while True:
        found = state.src.find(marker, position, state.eMarks[line])
        if found >= 0:
            rest = state.src[found + len(marker) : state.eMarks[line]]
            return None if rest.strip() else line + 1
        line += 1
        if line >= end_line or (state.sCount[line] < state.blkIndent and not state.isEmpty(line)):
            return None
        position = state.bMarks[line] + state.tShift[line]


def _build_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable("table")
    # A link reference definition is text to a reader of notes; dropping it would lose what it says.
    parser.disable(["inline", "text_join", "reference"])
    for marker, token_type in (("$$", "math_block"), ("%%", "comment_block")):
        parser.block.ruler.before(
            "fence",
            token_type,
            _delimited(marker, token_type),
            {"alt": ["paragraph", "reference", "blockquote", "list"]},
        )
    return parser


_PARSER = _build_parser()
