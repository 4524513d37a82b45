"""What the prose of a Logseq page refers to: pages, blocks, embeds and tags.

A page's name may hold `|`, `#` and other page names; a tag is a link to the page of its name. Macros other than embeds
(queries, videos) are no links. Checked against mldoc 1.6, Logseq's parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sidecar.notes.inline import BLANK
from sidecar.notes.note import Link
from sidecar.notes.spans import LineIndex
from sidecar.notes.wikilinks import find_links, without_links

UUID = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
_MACRO = re.compile(r"\{\{\{?([^{}\n]++)\}\}\}?")
_EMBED = re.compile(rf"[ \t]*embed[ \t]+(?:\[\[(.+)\]\]|\(\(({UUID})\)\))[ \t]*\Z", re.IGNORECASE)
_LABEL = r"\[((?:[^\[\]\n]++|\[[^\[\]\n]*+\])*+)\]"
_LABELLED = re.compile(rf"{_LABEL}\((?:\[\[([^\[\]\n]++)\]\]|\(\(({UUID})\)\))\)")
_ANYWHERE = re.compile(rf"{_LABEL}\([^()\n]*+(?:\([^()\n]*+\)[^()\n]*+)*+\)")
_BRACKETS = re.compile(r"\[\[|\]\]|\n")
_BLOCK = re.compile(rf"\(\(({UUID})\)\)")
_ADDRESS = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.-]{0,20}://[^\s\x00<>\"\[\]()]*")
_BEFORE_TAG = r"""(?:^|(?<=[ \t\x00\[{"'<.,:;!?$@#]))"""
_TAG_START = re.compile(rf"{_BEFORE_TAG}#\Z")
_TAG = re.compile(rf"{_BEFORE_TAG}#([^\s\x00\[!#][^\s\x00!]*)", re.MULTILINE)
# Punctuation behind a tag is not part of it; inside it is (`#a.b`).
_PUNCTUATION = """,;.!?'":"""
_EMPHASIS = ("**", "__", "==", "~~")


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """Links in order of their place, nested ones behind the one around them, and the names of tags."""

    links: tuple[Link, ...]
    tags: tuple[str, ...]
    words: str
    """The prose with everything blanked that is a link or an address; tags stay."""


def find_references(text: str, prose: str, lines: LineIndex) -> References:
    """Find all references. `prose` is `text` with code and everything else that holds none blanked out."""
    embeds, prose = _macros(text, prose, lines)
    labelled = list(_labelled(text, prose, lines))
    prose = without_links(prose, labelled)
    pages, tagged = _pages(text, prose, lines)
    prose = without_links(prose, pages)
    blocks = [
        Link(target="", block=match[1].lower(), span=lines.span(*match.span())) for match in _BLOCK.finditer(prose)
    ]
    files = find_links(text, prose, lines)
    # No tag stands in the label of a link, or in an address.
    for pattern in (_BLOCK, _ANYWHERE, _ADDRESS):
        prose = _blank(prose, pattern)
    tags = [
        Link(target=name, span=lines.span(match.start(), match.start(1) + len(name)))
        for match in _TAG.finditer(prose)
        if (name := match[1].rstrip(_PUNCTUATION)) and not _ends_emphasis(name)
    ]
    links = [*embeds, *labelled, *pages, *blocks, *files, *tags]
    names = sorted([*tagged, *tags], key=lambda link: link.span.start)
    return References(
        links=tuple(sorted(links, key=lambda link: (link.span.start, -link.span.end))),
        tags=tuple(link.target for link in names),
        words=prose,
    )


def _ends_emphasis(name: str) -> bool:
    """Whether bold or struck text ends here that began before: Logseq sees no tags in it."""
    return name[-2:] in _EMPHASIS and name.count(name[-2:]) == 1


def _blank(prose: str, pattern: re.Pattern[str]) -> str:
    return pattern.sub(lambda match: BLANK * len(match[0]), prose)


def _macros(text: str, prose: str, lines: LineIndex) -> tuple[list[Link], str]:
    """Embeds, and the prose without any macro."""
    embeds: list[Link] = []
    for match in _MACRO.finditer(prose):
        if (embed := _EMBED.match(text[match.start(1) : match.end(1)])) is None:
            continue
        span = lines.span(*match.span())
        if embed[2]:
            embeds.append(Link(target="", block=embed[2].lower(), embed=True, span=span))
        elif target := embed[1].strip():
            embeds.append(Link(target=target, embed=True, span=span))
    return embeds, _blank(prose, _MACRO)


def _labelled(text: str, prose: str, lines: LineIndex) -> Iterator[Link]:
    """`[label]([[page]])` and `[label](((block)))`."""
    for match in _LABELLED.finditer(prose):
        link = Link(
            target=text[match.start(2) : match.end(2)].strip() if match[2] else "",
            block=match[3].lower() if match[3] else None,
            alias=text[match.start(1) : match.end(1)].strip() or None,
            span=lines.span(*match.span()),
        )
        if link.target or link.block:
            yield link


def _pages(text: str, prose: str, lines: LineIndex) -> tuple[list[Link], list[Link]]:
    """`[[page]]` links, also one inside the other, and those of them that are tags for the `#` in front."""
    links: list[Link] = []
    tagged: list[Link] = []
    opened: list[int] = []
    for match in _BRACKETS.finditer(prose):
        if match[0] == "[[":
            opened.append(match.start())
        elif match[0] == "\n":
            opened.clear()
        elif opened:
            start = opened.pop()
            if not (target := text[start + 2 : match.start()].strip()):
                continue
            link = Link(target=target, span=lines.span(start, match.end()))
            if start and _TAG_START.search(prose, max(0, start - 2), start):
                link = replace(link, span=lines.span(start - 1, match.end()))
                tagged.append(link)
            links.append(link)
    return sorted(links, key=lambda link: (link.span.start, -link.span.end)), tagged
