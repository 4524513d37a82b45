"""Markdown's blocks at any depth: markdown-it-py's rules, of which only those are asked that can match a line.

The library asks every rule about every line, and reads every paragraph twice, once for an underline below it. Here a
line's first character names the rules to ask, a paragraph is read once, and tokens and contents that say nothing about
lines are not made. The outcome is that of the library's own loop. Obsidian's own blocks, `$$…$$` and `%%…%%`, are rules
added here; link reference definitions are paragraphs, as dropping them would lose what they say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from operator import add
from typing import Literal, TypeAlias

from markdown_it import MarkdownIt
from markdown_it.common.utils import MD_TRIM_CHARS
from markdown_it.parser_block import ParserBlock
from markdown_it.ruler import Ruler
from markdown_it.rules_block import StateBlock, blockquote, code, fence, hr, html_block, list_block, table
from markdown_it.rules_block.table import MAX_AUTOCOMPLETED_CELLS
from markdown_it.token import Token

MAX_NESTING = 40
"""Tokens deep. Each list or quote costs two; what lies deeper stays part of the block but is not looked into."""
Rule: TypeAlias = Callable[[StateBlock, int, int, bool], bool]
_SPACES = " \t"
_UNREAD = frozenset({"inline", "thead_open", "th_open"})
# The library reads a row character by character and makes three tokens of each cell.
_BAR = re.compile(r"(?<!\\)\|")


def parse_blocks(source: Sequence[str]) -> list[Token]:
    """Tokens of all blocks in these lines, outer before inner, with the lines of each in `map`.

    As the library's, but a `heading` and a `paragraph` are one token each, a table has nothing but rows, and nothing
    closes; `content` is set for headings only. May fail in any way that the library does.
    """
    state = _State(source, _LIBRARY)
    _LIBRARY.block.tokenize(state, 0, state.lineMax)
    return state.tokens


def atx_heading(line: str) -> tuple[int, str] | None:
    """Level and text of a `#` heading, from a line without its indentation; `None` when it is none."""
    rest = line.lstrip("#")
    level = len(line) - len(rest)
    if not 1 <= level <= 6 or rest[:1] not in ("", " ", "\t"):
        return None
    text = rest.rstrip(_SPACES)
    bare = text.rstrip("#")
    return level, (bare if bare.endswith((" ", "\t")) else text).strip()


def delimited(marker: str, token_type: str) -> Rule:
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


class _State(StateBlock):
    """The library's state over lines that are already split, without what only a renderer reads."""

    def __init__(self, source: Sequence[str], library: MarkdownIt) -> None:
        super().__init__("", library, {}, [])
        # As in the library, a last line that is blank and has no newline is none.
        lines = source if not source or source[-1].strip(_SPACES) else source[:-1]
        self.src = "\n".join(source)
        self.lineMax = len(lines)
        indents = [len(line) - len(line.lstrip(_SPACES)) for line in lines]
        lengths = [len(line) for line in lines]
        starts = [*accumulate((length + 1 for length in lengths), initial=0)]
        # One entry more than there are lines: the rules look at the line after the last.
        self.bMarks = [*starts[:-1], len(self.src)]
        self.eMarks = [*map(add, starts, lengths), len(self.src)]
        self.tShift = [*indents, 0]
        self.sCount = [
            *(len(line[:indent].expandtabs(4)) if indent else 0 for line, indent in zip(lines, indents, strict=True)),
            0,
        ]
        self.bsCount = [0] * (len(lines) + 1)
        self._unread = Token("", "", 0)

    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
        if nesting < 0 or ttype in _UNREAD:
            self.level += nesting
            return self._unread
        token = Token(ttype, tag, nesting, level=self.level, block=True)
        self.level += nesting
        self.tokens.append(token)
        return token

    def getLines(self, begin: int, end: int, indent: int, keepLastLF: bool) -> str:  # noqa: FBT001, N802, N803  # markdown-it's signature
        return ""


class _Blocks(ParserBlock):
    """The library's block parser with a loop of our own; its list, quote and table rules come back to it."""

    def __init__(self) -> None:
        super().__init__()
        self.ruler = Ruler[Rule]()
        # The rules ask by chain what ends them, and the state whether there is indented code at all.
        self.ruler.push("code", code, {"alt": []})
        for chain in ("blockquote", "list"):
            self.ruler.push(f"ends_{chain}", _interrupts(_INTERRUPTING[chain]), {"alt": [chain]})

    def tokenize(self, state: StateBlock, startLine: int, endLine: int) -> None:  # noqa: N803  # markdown-it's names
        # Whether a list is tight is for a renderer; a loose one is not searched for paragraphs.
        state.tight = False
        line = startLine
        while line < endLine:
            state.line = line = state.skipEmptyLines(line)
            if line >= endLine or state.sCount[line] < state.blkIndent:
                break
            if state.level >= MAX_NESTING:
                state.line = endLine
                break
            _read_block(state, line, endLine)
            line = state.line
            if line < endLine and state.isEmpty(line):
                line += 1
                state.line = line


def _heading(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: FBT001  # markdown-it's signature
    if state.is_code_block(start_line):
        return False
    begin = state.bMarks[start_line] + state.tShift[start_line]
    found = atx_heading(state.src[begin : state.eMarks[start_line]])
    if found is not None and not silent:
        _push_heading(state, start_line, start_line + 1, level=found[0], text=found[1])
    return found is not None


def _push_heading(state: StateBlock, start_line: int, end_line: int, *, level: int, text: str) -> None:
    token = state.push("heading", f"h{level}", 0)
    token.content = text
    token.map = [start_line, end_line]
    state.line = end_line


_MATH = delimited("$$", "math_block")
_COMMENT = delimited("%%", "comment_block")
_STARTING: Mapping[str, tuple[Rule, ...]] = {
    "$": (_MATH,),
    "%": (_COMMENT,),
    "`": (fence,),
    "~": (fence,),
    ">": (blockquote,),
    "_": (hr,),
    "*": (hr, list_block),
    "-": (hr, list_block),
    "+": (list_block,),
    **dict.fromkeys("0123456789", (list_block,)),
    "<": (html_block,),
    "#": (_heading,),
}
"""The rules by the first character of the lines that they match, in the library's order. Tables are asked about first,
then indented code, and what none of them takes is a paragraph."""
_NEVER_ENDS: Mapping[str, frozenset[Rule]] = {
    "paragraph": frozenset(),
    "blockquote": frozenset(),
    "list": frozenset({list_block, html_block, _heading}),
}
_INTERRUPTING: Mapping[str, Mapping[str, tuple[Rule, ...]]] = {
    chain: {key: tuple(rule for rule in rules if rule not in never) for key, rules in _STARTING.items()}
    for chain, never in _NEVER_ENDS.items()
}


def _interrupts(by_character: Mapping[str, tuple[Rule, ...]]) -> Rule:
    """A rule for lookahead alone: whether one of these rules begins a block at the line."""

    def rule(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: FBT001  # markdown-it's signature
        begin = state.bMarks[start_line] + state.tShift[start_line]
        for each in by_character.get(state.src[begin : begin + 1], ()):  # noqa: SIM110  # a generator costs more than most rules
            if each(state, start_line, end_line, True):  # noqa: FBT003  # markdown-it's signature
                return True
        return False

    return rule


def _may_be_table(state: StateBlock, line: int, end_line: int) -> bool:
    """Whether asking is worth it: a table has a bar in its first line, and a line of bars and dashes below."""
    if line + 2 > end_line:
        return False
    if not state.src.startswith(("|", "-", ":"), state.bMarks[line + 1] + state.tShift[line + 1]):
        return False
    return state.src.find("|", state.bMarks[line], state.eMarks[line]) >= 0


def _read_block(state: StateBlock, line: int, end_line: int) -> None:
    # The library is shown the head of a table alone.
    if _may_be_table(state, line, end_line) and table(state, line, line + 2, False):  # noqa: FBT003
        _rows(state, line, end_line)
        return
    if state.is_code_block(line):
        code(state, line, end_line, False)  # noqa: FBT003
        return
    for rule in _STARTING.get(state.src[state.bMarks[line] + state.tShift[line]], ()):
        if rule(state, line, end_line, False):  # noqa: FBT003
            return
    _paragraph(state, line, end_line)


def _rows(state: StateBlock, start_line: int, end_line: int) -> None:
    """Go on with a table's rows where the library has read its first two lines."""
    opening = next(token for token in reversed(state.tokens) if token.type == "table_open")
    columns, spared = _columns(_cells(state, start_line)), 0
    line = start_line + 2
    while line < end_line and state.sCount[line] >= state.blkIndent and (cells := _cells(state, line)):
        if state.is_code_block(line) or _INTERRUPTS_QUOTE(state, line, end_line, True):  # noqa: FBT003
            break
        # Cells that rows leave out; so many of them are an attack to the library, and the rest is text.
        spared += columns - _columns(cells)
        if spared > MAX_AUTOCOMPLETED_CELLS:
            break
        token = state.push("tr_open", "tr", 0)
        token.level += 2
        token.map = [line, line + 1]
        line += 1
    opening.map = [start_line, line]
    state.line = line


def _cells(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] : state.eMarks[line]].strip(MD_TRIM_CHARS)


def _columns(cells: str) -> int:
    bars = len(_BAR.findall(cells))
    return bars + 1 - cells.startswith("|") - (cells.endswith("|") and not cells.endswith("\\|"))


def _paragraph(state: StateBlock, start_line: int, end_line: int) -> None:
    """Read a paragraph, or a heading underlined with `=` or `-`."""
    parent, state.parentType = state.parentType, "paragraph"
    line, level = _scan(state, start_line, end_line, underlines=True)
    if not level and end_line != state.lineMax:
        # In a quote that ended without a new block the library lets a paragraph, but no underline, go on behind it.
        line, level = _scan(state, start_line, state.lineMax, underlines=False)
    state.parentType = parent
    if level:
        text = StateBlock.getLines(state, start_line, line, state.blkIndent, False)  # noqa: FBT003
        _push_heading(state, start_line, line + 1, level=level, text=text.strip())
        return
    state.push("paragraph", "p", 0).map = [start_line, line]
    state.line = line


def _scan(state: StateBlock, start_line: int, end_line: int, *, underlines: bool) -> tuple[int, int]:
    """The line that ends the paragraph, and the level of heading that it makes of it, 0 when it is no underline."""
    indent = state.blkIndent
    for line in range(start_line + 1, end_line):
        begin = state.bMarks[line] + state.tShift[line]
        if begin >= state.eMarks[line]:
            return line, 0
        depth = state.sCount[line] - indent
        if depth > 3:
            continue
        character = state.src[begin]
        if underlines and depth >= 0 and character in "-=" and _is_underline(state.src[begin : state.eMarks[line]]):
            return line, 1 if character == "=" else 2
        # What a quote hands down as the continuation of its last paragraph has a negative indentation.
        if depth + indent >= 0 and _ends_paragraph(state, line, end_line):
            return line, 0
    return max(end_line, start_line + 1), 0


def _is_underline(line: str) -> bool:
    return not line.lstrip(line[0]).strip(_SPACES)


def _ends_paragraph(state: StateBlock, line: int, end_line: int) -> bool:
    if _may_be_table(state, line, end_line) and table(state, line, end_line, True):  # noqa: FBT003
        return True
    return _INTERRUPTS_PARAGRAPH(state, line, end_line, True)  # noqa: FBT003


_INTERRUPTS_QUOTE = _interrupts(_INTERRUPTING["blockquote"])
_INTERRUPTS_PARAGRAPH = _interrupts(_INTERRUPTING["paragraph"])


def _build() -> MarkdownIt:
    library = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING})
    library.block = _Blocks()
    return library


_LIBRARY = _build()
