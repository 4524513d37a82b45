"""Links as written: `[[Note#Heading|alias]]`, `![[embed]]` and Markdown links to something in the vault.

Where a link leads is not known here (see `links`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from sidecar.notes.inline import BLANK, blanks
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
_BLANK_LINE = re.compile(r"\n[ \t>]*\n")
_MAX_OPEN = 1000
"""Open brackets remembered while looking for the one that a `](` closes."""


def read_links(text: str, prose: str, lines: LineIndex) -> tuple[list[Link], str]:
    """All links in order of their place, and the prose without what is no word of it. `prose` is `text` without code.

    Wikilinks, images and the addresses of Markdown links are blanked: a `#` in one is no tag. The words that a reader
    of a Markdown link sees stay.
    """
    wikilinks = find_wikilinks(text, prose, lines)
    # `[[Note]](aside)` is a wikilink followed by words, and `[![[image.png]]](Note.md)` a link around an embed.
    unlinked = without_links(prose, wikilinks)
    if "](" not in unlinked:
        return wikilinks, unlinked
    markdown: list[Link] = []
    hidden: list[tuple[int, int]] = []
    for found in _markdown_links(text, unlinked, lines):
        hidden.append(found.hidden)
        if found.link is not None:
            markdown.append(found.link)
    links = sorted([*wikilinks, *markdown], key=lambda link: (link.span.start, link.span.end))
    return links, _blanked(unlinked, sorted(hidden))


def find_links(text: str, prose: str, lines: LineIndex) -> list[Link]:
    """The links alone, in order of their place."""
    return read_links(text, prose, lines)[0]


def find_wikilinks(text: str, prose: str, lines: LineIndex) -> list[Link]:
    """The wikilinks alone, in order of their place."""
    return list(_wikilinks(text, prose, lines)) if "[[" in prose else []


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A Markdown link; `link` is `None` when it leads out of the vault or nowhere."""

    link: Link | None
    hidden: tuple[int, int]
    """What of it is not shown as words: the address, of an image all."""


def _markdown_links(text: str, prose: str, lines: LineIndex) -> Iterator[_Found]:
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
        if _BLANK_LINE.search(prose, opening.end(), bracket.start()):
            # No link reaches over the end of a paragraph, so none of the brackets before it will be closed.
            opened.clear()
            continue
        position = match.end()
        yield _found(text, opening, bracket, match, lines)


def _found(text: str, opening: re.Match[str], bracket: re.Match[str], match: re.Match[str], lines: LineIndex) -> _Found:
    group = 1 if match[1] is not None else 2
    embed = opening[0] == "!["
    link = _markdown_link(
        text[match.start(group) : match.end(group)],
        alias=text[opening.end() : bracket.start()],
        embed=embed,
        start=opening.start(),
        end=match.end(),
        lines=lines,
    )
    return _Found(link=link, hidden=(opening.start() if embed else bracket.start() + 1, match.end()))


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


def without_links(prose: str, links: Iterable[Link]) -> str:
    """The prose with the links blanked out as a whole."""
    return _blanked(prose, [(link.span.start, link.span.end) for link in links])


def _blanked(prose: str, stretches: Iterable[tuple[int, int]]) -> str:
    """Blank stretches, in order of their start, that may lie in each other."""
    pieces: list[str] = []
    position = 0
    for start, end in stretches:
        if end > position:
            pieces += [prose[position : max(position, start)], blanks(prose[max(position, start) : end])]
            position = end
    return "".join([*pieces, prose[position:]]) if pieces else prose
