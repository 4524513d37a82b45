"""Markdown → what can be quoted: sentences, list items, table rows, each a verbatim stretch of the text.

Verbatim means: the same characters, apart from marks stripped at the ends (list bullets, quote marks, block ids) and
runs of blanks that became one. Images, embeds, comments and HTML are borders between quotations and never part of one:
whoever wrote the note could otherwise make the reader's program fetch an address.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

MAX_SOURCE = 20_000
"""Characters of one source that are looked at."""
_LONGEST = 500
_SHORTEST = 3
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_SKIPPED = re.compile(
    r"\s*(?:#{1,6}(?:\s|$)|\[[^\]^][^\]]*\]:\s|\|?\s*:?-{3,}+[-:|\s]*+$|(?:[-*_]\s*+){3,}+$|\$\$|={3,}\s*$)"
)
_MARK = re.compile(r"\s*(?:>\s*(?:\[![^\]]*\][+-]?)?|(?:[-*+]|\d{1,9}[.)])\s+(?:\[.\]\s+)?|\[\^[^\]]*\]:\s)")
_PROPERTY = re.compile(r"[^\W\d_][\w -]{0,40}:(?:\s|\Z)")
_BLOCK_ID = re.compile(r"\s\^[A-Za-z0-9-]+\s*$")
_HARMLESS_TAGS = "b|i|u|em|strong|kbd|sub|sup|mark|code|small|s|del"
_BORDER = re.compile(
    r"!\[\[[^\]]*\]\]"
    r"|!\[[^\[\]]*\](?:\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s[^()]*)?\)|\[[^\[\]]*\])?"
    r"|!\["
    r"|\x00|%%|<!--|-->"
    rf"|<(?!/?(?:{_HARMLESS_TAGS})>)/?[A-Za-z][A-Za-z0-9-]*(?:[\s/][^<>]*)?(?:>|$)",
    re.IGNORECASE,
)
_PROTECTED = re.compile(r"\[\[[^\[\]]*\]\]|`[^`]*`|\]\([^()]*\)")
# The look-behind keeps a long row of dots from being tried at each of them.
_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]*_]*\s+(?=[\"'“‘«(\[¿¡*_`]*[^\W_a-z])|[。！？；]+[」』”’）]*|[؟।]\s*")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[“\"])(?:[^\W\d_]|Mr|Mrs|Ms|Dr|Dra|Prof|Sr|Sra|St|Nr|No|Fig|Art|Abs|Bd|Abb|Hrsg|vs|cf|ca|bzw|vgl|approx"
    r"|pp|vol|Vol|ed|eds|cap|pág|págs|núm|e\.g|i\.e|z\.B|d\.h|u\.a|p\.ej|p\.ex|Mme|Mlle|Sig|Dott|Ing|Jan|Feb|Aug|Sept"
    r"|Oct|Nov|Dec)\.[\"'”’»)\]]*\s+$"
)
_LINK = re.compile(r"\[\[[^\[\]]*\]\]|\[[^\[\]]*\]\([^()]*\)|https?://\S+")
_CLAUSE = re.compile(r"[,;:，、]\s*|\s+")


def quotable(text: str) -> Iterator[str]:
    """Give everything in a piece of Markdown that can be quoted, in order. Headings, rules and definitions are not."""
    for unit in _units(_without_comments(text[:MAX_SOURCE])):
        for stretch in _BORDER.split(unit):
            for sentence in _sentences(" ".join(stretch.split())):
                for piece in _pieces(sentence):
                    quote = _stripped(piece)
                    if _says_something(quote):
                        yield quote


def _without_comments(text: str) -> str:
    """Put a border in the place of comments, which may span paragraphs. One that is never closed is not one."""
    for opening, closing in (("%%", "%%"), ("<!--", "-->")):
        kept, start = [], 0
        while (left := text.find(opening, start)) >= 0 and (right := text.find(closing, left + len(opening))) >= 0:
            kept.append(text[start:left])
            start = right + len(closing)
        text = "\x00".join([*kept, text[start:]])
    return text


def _units(text: str) -> Iterator[str]:
    """Join the lines of a paragraph or list item; quoted lines, table rows and code stand alone."""
    pending: list[str] = []
    fence: str | None = None
    for line in text.split("\n"):
        opening = _FENCE.match(line)
        if opening and fence is None:
            fence = opening.group(1)
        elif opening and fence is not None and line.strip().startswith(fence):
            fence = None
        alone = fence is not None or line.lstrip().startswith((">", "|"))
        skipped = opening is not None or (fence is None and (not line.strip() or _SKIPPED.match(line) is not None))
        # Properties are one to a line; a single line of that form may be the middle of a sentence.
        property_ = bool(pending and _PROPERTY.match(line) and _PROPERTY.match(pending[0]))
        if pending and (alone or skipped or property_ or _MARK.match(line)):
            yield "\n".join(pending)
            pending = []
        if skipped:
            continue
        bare = line if fence is not None else _unmarked(line)
        if alone:
            yield bare
        else:
            pending.append(bare)
    if pending:
        yield "\n".join(pending)


def _unmarked(line: str) -> str:
    # Marks nest: "> - [ ] 1. text".
    while found := _MARK.match(line):
        line = line[found.end() :]
    return _BLOCK_ID.sub("", line)


def _sentences(text: str) -> Iterator[str]:
    protected = [found.span() for found in _PROTECTED.finditer(text)]
    lefts = [left for left, _ in protected]
    start = 0
    for found in _END.finditer(text):
        end = found.end()
        before = bisect_right(lefts, found.start()) - 1
        inside = before >= 0 and found.start() < protected[before][1]
        if not inside and not _ABBREVIATION.search(text[max(start, end - 16) : end]):
            yield text[start:end]
            start = end
    yield text[start:]


def _pieces(sentence: str) -> Iterator[str]:
    """Cut what is too long to be a quotation at the last comma or blank that fits."""
    while len(sentence) > _LONGEST:
        cuts = [found.end() for found in _CLAUSE.finditer(sentence, _LONGEST // 2, _LONGEST)]
        cut = cuts[-1] if cuts else _LONGEST
        yield sentence[:cut]
        sentence = sentence[cut:]
    yield sentence


def _stripped(piece: str) -> str:
    quote = piece.strip().strip("|").strip()
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
