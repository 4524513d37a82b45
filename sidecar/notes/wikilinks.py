"""Links as written: `[[Note#Heading|alias]]`, `![[embed]]` and Markdown links to something in the vault.

Where a link leads is not known here (see `links`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from sidecar.notes.inline import BLANK
from sidecar.notes.note import Link
from sidecar.notes.spans import LineIndex

# Single brackets are allowed inside, doubled ones are not: an attempt that begins at `[[` ends at the next `[[`, so
# that 100,000 of them cost 100,000 short attempts.
_WIKILINK = re.compile(r"(!?)\[\[(?!\[)((?:[^\[\]\n]++|\[(?!\[)|\](?!\]))++)\]\]")
_BRACKET = re.compile(r"!?\[|\]\(?")
_DESTINATION = re.compile(
    r"[ \t]*(?:<([^<>\n]*)>|((?:[^\s()<>]++|\([^\s()<>]*+\))*+))"
    r"""(?:[ \t]+(?:"[^"\n]{0,500}"|'[^'\n]{0,500}'|\([^()\n]{0,500}\)))?[ \t]*\)"""
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|\\\\")
_BLOCK = re.compile(r"(.*?)#?\^([A-Za-z0-9-]+)\Z", re.DOTALL)
_MAX_OPEN = 1000
"""Open brackets remembered while looking for the one that a `](` closes."""


def find_links(text: str, prose: str, lines: LineIndex) -> list[Link]:
    """All links in order of their place. `prose` is `text` with code and comments blanked out."""
    wikilinks = list(_wikilinks(text, prose, lines))
    # `[[Note]](aside)` is a wikilink followed by words, and `[![[image.png]]](Note.md)` a link around an embed.
    markdown = _markdown_links(text, without_links(prose, wikilinks), lines)
    return sorted([*wikilinks, *markdown], key=lambda link: (link.span.start, link.span.end))


def _wikilinks(text: str, prose: str, lines: LineIndex) -> Iterator[Link]:
    for match in _WIKILINK.finditer(prose):
        start, end = match.start(2), match.end(2)
        link = _parse_inner(text[start:end])
        if link is not None:
            target, heading, block, alias = link
            yield Link(
                target=target,
                heading=heading,
                block=block,
                alias=alias,
                embed=bool(match[1]),
                span=lines.span(match.start(), match.end()),
            )


def _parse_inner(inner: str) -> tuple[str, str | None, str | None, str | None] | None:
    """Target, heading, block id and alias of what stands between the brackets; `None` when it names nothing."""
    # Inside a table the bar must be escaped, `[[Note\|alias]]`; no file name ends in a backslash.
    left, bar, alias = inner.partition("|")
    if bar:
        left = left.removesuffix("\\")
    target, hash_sign, subpath = left.partition("#")
    heading, block = _parse_subpath(subpath) if hash_sign else (None, None)
    target = target.strip()
    if not (target or heading or block):
        return None
    return target, heading, block, alias.strip() or None


def _parse_subpath(subpath: str) -> tuple[str | None, str | None]:
    """Heading and block id in what follows the first `#`; nested headings stay joined by `#`."""
    if match := _BLOCK.match(subpath.strip()):
        return match[1].strip() or None, match[2]
    return subpath.strip() or None, None


def _markdown_links(text: str, prose: str, lines: LineIndex) -> Iterator[Link]:
    opened: list[re.Match[str]] = []
    position = 0
    while bracket := _BRACKET.search(prose, position):
        position = bracket.end()
        if not bracket[0].startswith("]"):
            # Brackets that never close must not pile up over a whole note; the outermost are the ones to forget.
            if len(opened) >= _MAX_OPEN:
                del opened[: _MAX_OPEN // 2]
            opened.append(bracket)
            continue
        opening = opened.pop() if opened else None
        if opening is None or bracket[0] != "](" or (match := _DESTINATION.match(prose, bracket.end())) is None:
            continue
        position = match.end()
        group = 1 if match[1] is not None else 2
        link = _markdown_link(
            text[match.start(group) : match.end(group)],
            alias=text[opening.end() : bracket.start()],
            embed=opening[0] == "![",
            start=opening.start(),
            end=match.end(),
            lines=lines,
        )
        if link is not None:
            yield link


def _markdown_link(destination: str, *, alias: str, embed: bool, start: int, end: int, lines: LineIndex) -> Link | None:
    if not destination or _SCHEME.match(destination):
        return None
    path, hash_sign, subpath = destination.partition("#")
    heading, block = _parse_subpath(_unquote(subpath)) if hash_sign else (None, None)
    target = _unquote(path).strip()
    if not (target or heading or block):
        return None
    return Link(
        target=target,
        heading=heading,
        block=block,
        alias=alias.strip() or None,
        embed=embed,
        style="markdown",
        span=lines.span(start, end),
    )


def _unquote(text: str) -> str:
    # %00 would smuggle in a character that no path may hold.
    return unquote(text, encoding="utf-8", errors="replace").replace(BLANK, "\ufffd")


def without_links(prose: str, links: list[Link]) -> str:
    """Blank the links out as well: `#` inside one is a heading, not a tag."""
    pieces: list[str] = []
    position = 0
    for link in links:
        if link.span.end <= position:
            continue
        start = max(position, link.span.start)
        pieces += [prose[position:start], re.sub(r"[^\n]", BLANK, prose[start : link.span.end])]
        position = link.span.end
    pieces.append(prose[position:])
    return "".join(pieces)
