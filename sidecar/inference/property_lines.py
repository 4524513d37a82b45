"""The properties in front of a note → what can be quoted of them: each name with its value, one to a quotation.

They come as a passage of their own, in YAML, where sentences cannot be told from lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from sidecar.inference.answer_kinds import AnswerKind, holds
from sidecar.inference.units import Piece

_NAMED = re.compile(r"([^\W\d_][^:\n]{0,60}):(?:[ \t]+(.*))?")
_GOES_ON = re.compile(r"[ \t]+\S|-[ \t]|-\Z")
_ITEM = re.compile(r"[ \t]*-[ \t]*(.*)")
_NO_LETTER = re.compile(r"[\W_]+")
_BLOCK = re.compile(r"\A\s*[|>][+-]?\d?\s*\Z")
_QUOTED = re.compile(r"([\"'])(.*)\1")
_LIST = re.compile(r"\[(?!\[)(.*)\]")
_COMMA = re.compile(r",[ \t]+(?![^\[]*\]\])")
_PLACEHOLDER = re.compile(r"\{\{|<%")
_EMPTY = frozenset(("", "~", "null", "[]", "{}"))
_ADDRESS = re.compile(r"https?://\S+|\S+\.(?:png|jpe?g|gif|svg|webp|pdf)\b", re.IGNORECASE)
_DATE = re.compile(r"(?<!\d)(?:1\d|20)\d\d(?!\d)|(?<!\d)\d{1,2}[./]\d{1,2}[./]")
# What sorts notes, speaks to a program, or tells when the file was touched: said when asked for by its name alone.
_SILENT = frozenset(
    ("category", "categories", "tag", "tags", "cssclass", "cssclasses", "id", "uid", "uuid", "guid",
     "slug", "permalink", "title", "layout", "template", "draft", "publish", "lang", "created", "created at",
     "date created", "creation date", "modified", "date modified", "last modified", "modified at", "updated",
     "updated at", "last updated", "ctime", "mtime", "clipped")
)  # fmt: skip
_LONGEST = 500
# A paragraph may begin with a word and a colon as well.
_LONGEST_ALONE = 80


def property_pieces(text: str) -> list[Piece] | None:
    """Give the properties that have a value, in order; `None` for a text that is anything else than properties."""
    lines = [(number, line) for number, line in enumerate(text.split("\n")) if line.strip()]
    if not all(_NAMED.fullmatch(line) or _GOES_ON.match(line) for _, line in lines) or _is_prose(lines):
        return None
    return list(_pieces(lines))


def told_pieces(properties: Iterable[tuple[str, str]]) -> Iterator[Piece]:
    """Give properties that are known by name and value; one that was cut would not be the note's own words."""
    for name, value in properties:
        if value and not value.endswith("…"):
            yield Piece(text=f"{name}: {value}"[:_LONGEST], form="property", detail=name)


def _is_prose(lines: Sequence[tuple[int, str]]) -> bool:
    """Whether it is a sentence with a colon, or a list under its introduction."""
    named = sum(_NAMED.fullmatch(line) is not None for _, line in lines)
    if not lines or _NAMED.fullmatch(lines[0][1]) is None:
        return True
    return named == 1 and (len(lines) > 1 or len(lines[0][1]) > _LONGEST_ALONE)


def telling(piece: Piece) -> str:
    """What of a property can be asked for: its name, and its value without addresses and names of pictures."""
    return piece.detail if _is_silent(piece) else _ADDRESS.sub(" ", piece.text)


def answers(piece: Piece, kind: AnswerKind | None, *, question: str, about_note: bool) -> bool:
    """Say whether a property is an answer though none of its words are asked for: it holds what sort of answer the
    question wants, or the question names the note and nothing else (`about_note`).
    """
    value = telling(piece).removeprefix(piece.detail)
    if not any(char.isalnum() for char in value):
        return False
    if kind == "time":
        return _DATE.search(value) is not None
    # A number may be one of anything.
    if kind == "amount":
        return False
    return about_note if kind is None else holds(kind, piece.text, question=question) is True


def _is_silent(piece: Piece) -> bool:
    return " ".join(_NO_LETTER.split(piece.detail.casefold())) in _SILENT


def _pieces(lines: Sequence[tuple[int, str]]) -> Iterator[Piece]:
    starts = [place for place, (_, line) in enumerate(lines) if not _GOES_ON.match(line)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        number, first = lines[start]
        named = _NAMED.fullmatch(first)
        values = list(_values(named[2] or "", [line for _, line in lines[start + 1 : end]])) if named else []
        if named and values:
            name = named[1].strip()
            yield Piece(text=f"{name}: {', '.join(values)}"[:_LONGEST], form="property", line=number, detail=name)


def _values(first: str, below: Sequence[str]) -> Iterator[str]:
    """The value's words, without the marks that YAML puts around them."""
    listed = _LIST.fullmatch(first.strip()[:_LONGEST])
    parts = _COMMA.split(listed[1]) if listed else [_BLOCK.sub("", first)]
    for line in below:
        if (item := _ITEM.fullmatch(line)) or _NAMED.fullmatch(line.strip()):
            parts.append(item[1] if item else line)
        else:
            # Text goes on over its lines.
            parts[-1] += f" {line.strip()}"
    for part in parts:
        plain = part.strip()
        if inner := _QUOTED.fullmatch(plain):
            plain = inner[2].strip()
        if plain not in _EMPTY and not _PLACEHOLDER.search(plain):
            yield plain
