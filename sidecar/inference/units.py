"""Markdown → its paragraphs, list items, table rows and blocks of code, each with where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Form: TypeAlias = Literal["prose", "item", "row", "code", "property"]

_MOST_CODE_LINES = 12
_LONGEST_LINE = 500
_FENCE = re.compile(r"\s*(`{3,}|~{3,})\s*([\w+#.-]{0,20})")
_HEADING = re.compile(r" {0,3}(#{1,6})\s+(\S.*)")
_DIVIDER = re.compile(r"\s*+\|\s*+:?-++:?[-:|\s]*+\Z")
_SKIPPED = re.compile(
    r"\s*(?:#{1,6}(?:\s|$)|\[[^\]^][^\]]*\]:\s|\|?\s*:?-{3,}+[-:|\s]*+$|(?:[-*_]\s*+){3,}+$|\$\$|={3,}\s*$)"
)
_BULLET = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s+(?:\[(.)\]\s+)?")
_MARK = re.compile(r"\s*(?:>\s*(?:\[![^\]]*\][+-]?)?|(?:[-*+]|\d{1,9}[.)])\s+(?:\[.\]\s+)?|\[\^[^\]]*\]:\s)")
_PROPERTY = re.compile(r"[^\W\d_][\w -]{0,40}:(?:\s|\Z)")
_FIELD = re.compile(r"[^\W\d_][\w -]{0,40}::\s")
# What stands in them is drawn or run, and nothing that the note says.
_PROGRAMS = frozenset(("dataview", "dataviewjs", "mermaid", "query", "base", "plantuml"))
_BLOCK_ID = re.compile(r"\s\^[A-Za-z0-9-]+\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Something that can be quoted, and where it stands."""

    text: str
    form: Form = "prose"
    line: int = 0
    """Line of the text on which its paragraph, item, row or code begins, from 0."""
    block: int = 0
    """The same for all items of a list, rows of a table and sentences of a paragraph."""
    detail: str = ""
    """What is in the box of a task, the language of code, the header row of a row's table, the name of a property."""
    headings: tuple[str, ...] = ()
    """The headings within the text that it stands under."""
    intro: str = ""
    """The end of the paragraph that a list, table or code follows, where it says what they are."""


@dataclass(slots=True, kw_only=True)
class _Open:
    """Lines of one paragraph, item or block of code, as far as they are read."""

    form: Form
    line: int
    detail: str
    lines: list[str] = field(default_factory=list)


class _Reader:
    """Reads line by line; what is told of the lines before is the headings, the last piece and what is still open."""

    def __init__(self) -> None:
        self._headings: tuple[tuple[int, str], ...] = ()
        self._block = 0
        self._last: Piece | None = None
        self._header = ""
        self._fence: str | None = None
        self._open: _Open | None = None

    def read(self, lines: list[str]) -> Iterator[Piece]:
        for number, line in enumerate(lines):
            if self._fence is not None:
                yield from self._code(line, number)
            elif fence := _FENCE.match(line):
                yield from self._close()
                self._fence = fence[1]
                self._open = _Open(form="code", line=number + 1, detail=fence[2])
            elif not line.strip() or _SKIPPED.match(line) or _DIVIDER.match(line):
                yield from self._close()
                self._under(line)
            elif line.lstrip().startswith("|"):
                yield from self._close()
                yield from self._row(line, number, below=lines[number + 1] if number + 1 < len(lines) else "")
            else:
                yield from self._text(line, number)
        yield from self._close()

    def _text(self, line: str, number: int) -> Iterator[Piece]:
        quoted = line.lstrip().startswith(">")
        begun = self._open
        # Properties are one to a line; a single line of that form may be the middle of a sentence.
        listed = begun is not None and bool(
            (_PROPERTY.match(line) and _PROPERTY.match(begun.lines[0]))
            or _FIELD.match(line)
            or _FIELD.match(begun.lines[-1])
        )
        bare, box = _unmarked(line)
        if begun is not None and not (quoted or listed or _MARK.match(line)):
            begun.lines.append(bare)
            return
        yield from self._close()
        self._open = _Open(form="prose" if box is None else "item", line=number, detail=box or "", lines=[bare])
        if quoted:
            yield from self._close()

    def _code(self, line: str, number: int) -> Iterator[Piece]:
        begun, fence = self._open, self._fence or ""
        closing = line.strip()
        if closing.startswith(fence) and not closing.strip(fence[0]):
            yield from self._close()
            self._fence = None
            return
        if begun is None:
            return
        if begun.detail.lower() in _PROGRAMS:
            return
        begun.lines.append(line.replace("\x00", "")[:_LONGEST_LINE])
        if len(begun.lines) == _MOST_CODE_LINES:
            yield from self._close()
            self._open = _Open(form="code", line=number + 1, detail=begun.detail)

    def _row(self, line: str, number: int, *, below: str) -> Iterator[Piece]:
        if self._last is None or self._last.form != "row":
            self._header = ""
        if _DIVIDER.match(below):
            self._header = line.strip()
            # What the rows below go on from.
            self._block += 1
            intro = _introduction(self._last) if self._last is not None else ""
            self._last = Piece(text="", form="row", block=self._block, intro=intro)
            return
        yield self._piece(line.strip(), "row", number, self._header)

    def _close(self) -> Iterator[Piece]:
        begun, self._open = self._open, None
        if begun is not None and any(line.strip() for line in begun.lines):
            yield self._piece("\n".join(begun.lines).strip("\n"), begun.form, begun.line, begun.detail)

    def _piece(self, text: str, form: Form, line: int, detail: str) -> Piece:
        before = self._last
        goes_on = before is not None and form in ("item", "row") and before.form == form
        self._block += not goes_on
        intro = ""
        if form != "prose" and before is not None:
            intro = before.intro if goes_on else _introduction(before)
        headings = tuple(heading for _, heading in self._headings)
        self._last = Piece(
            text=text, form=form, line=line, block=self._block, detail=detail, headings=headings, intro=intro
        )
        return self._last

    def _under(self, line: str) -> None:
        if heading := _HEADING.match(line):
            level = len(heading[1])
            self._headings = (*(above for above in self._headings if above[0] < level), (level, heading[2].strip(" #")))
            self._last = None


def units(text: str) -> Iterator[Piece]:
    """Give the paragraphs, items and blocks of code of a piece of Markdown with their lines joined, in order; quoted
    lines and table rows stand alone. Headings, rules and definitions are left out.
    """
    return _Reader().read(text.split("\n"))


def _unmarked(line: str) -> tuple[str, str | None]:
    """The line without its marks, which nest ("> - [ ] 1. text"), and what is in its box; `None` for no list item."""
    box: str | None = None
    while found := _MARK.match(line):
        if bullet := _BULLET.match(line):
            box = bullet[1] or box or ""
        line = line[found.end() :]
    return _BLOCK_ID.sub("", line), box


def _introduction(before: Piece) -> str:
    text = before.text.rstrip() if before.form == "prose" else ""
    return text[-_LONGEST_LINE:] if text.endswith((":", "：")) else ""
