"""Markdown → what can be quoted: sentences, list items, table rows, code, each a verbatim stretch of the text.

Verbatim means: the same characters, apart from marks stripped at the ends (list bullets, quote marks, block ids) and
runs of blanks that became one. Images, embeds, comments and HTML are borders between quotations and never part of one:
whoever wrote the note could otherwise make the reader's program fetch an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from sidecar.inference.sentence_ends import split_sentences
from sidecar.inference.units import Piece, units

MAX_SOURCE = 20_000
"""Characters of one source that are looked at."""
_SHORTEST = 3
_HARMLESS_TAGS = "b|i|u|em|strong|kbd|sub|sup|mark|code|small|s|del"
_BORDER = re.compile(
    r"!\[\[[^\]]*\]\]"
    r"|!\[[^\[\]]*\](?:\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s[^()]*)?\)|\[[^\[\]]*\])?"
    r"|!\["
    r"|\x00|%%|<!--|-->"
    rf"|<(?!/?(?:{_HARMLESS_TAGS})>)/?[A-Za-z][A-Za-z0-9-]*(?:[\s/][^<>]*)?(?:>|$)",
    re.IGNORECASE,
)
_CODE_OR_BORDER = re.compile(rf"(?P<code>(?<!`)`[^`]{{1,300}}`(?!`))|{_BORDER.pattern}", re.IGNORECASE)
# Tags that make words look different, which a quotation needs not (those that change what is said stay), and marks of
# footnotes, which stay behind.
_LOOK = re.compile(r"</?(?:b|i|u|em|strong|small|mark)>|\[\^[^\[\]\s]{1,40}\]", re.IGNORECASE)
_FIRST_TAG = re.compile(rf"<({_HARMLESS_TAGS})>", re.IGNORECASE)
_LINK = re.compile(r"\[\[[^\[\]]*\]\]|\[[^\[\]]*\]\([^()]*\)|https?://\S+")


def quotable(text: str) -> Iterator[str]:
    """Give everything in a piece of Markdown that can be quoted, in order. Headings, rules and definitions are not."""
    return (piece.text for piece in pieces(text))


def pieces(text: str) -> Iterator[Piece]:
    """Give the same with its form and where it stands."""
    for unit in units(_without_comments(text[:MAX_SOURCE])):
        if unit.form == "code":
            yield unit
            continue
        for stretch in _stretches(unit.text):
            for sentence in split_sentences(" ".join(_LOOK.sub("", stretch).split())):
                quote = _stripped(sentence)
                if _says_something(quote):
                    yield replace(unit, text=quote)


def _stretches(text: str) -> Iterator[str]:
    """What stands between borders. Within code, signs are what they are."""
    start = 0
    for found in _CODE_OR_BORDER.finditer(text):
        if not found["code"]:
            yield text[start : found.start()]
            start = found.end()
    yield text[start:]


def _without_comments(text: str) -> str:
    """Put a border in the place of comments, which may span paragraphs. One that is never closed is not one."""
    for opening, closing in (("%%", "%%"), ("<!--", "-->")):
        kept, start = [], 0
        while (left := text.find(opening, start)) >= 0 and (right := text.find(closing, left + len(opening))) >= 0:
            kept.append(text[start:left])
            start = right + len(closing)
            # What follows keeps its line.
            kept.append("\x00" + "\n" * text.count("\n", left, start))
        text = "".join([*kept, text[start:]])
    return text


def _stripped(piece: str) -> str:
    quote = piece.strip().strip("|").strip()
    if tag := _FIRST_TAG.match(quote):
        # A tag that begins a block is never let through.
        quote = quote[tag.end() :].replace(f"</{tag[1]}>", "", 1).strip()
    for mark in ("**", "__", "==", "*", "_"):
        inner = quote[len(mark) : -len(mark)]
        if quote.startswith(mark) and quote.endswith(mark) and inner and mark[0] not in inner:
            return inner.strip()
        if quote.count(mark) % 2:
            # Its partner stayed behind where the sentence was cut out.
            quote = (quote.removesuffix(mark) if quote.endswith(mark) else quote.removeprefix(mark)).strip()
    return quote


def _says_something(quote: str) -> bool:
    """Links alone are a table of contents."""
    return sum(char.isalnum() for char in _LINK.sub("", quote)) >= _SHORTEST
