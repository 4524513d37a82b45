"""What in an answer a reader's program would load, run, open or follow, as a parser of Markdown sees it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

_ELEMENT = re.compile(r"<\s*/?\s*[a-z]", re.IGNORECASE)
# What GitHub's, Obsidian's and linkify-it's readers make links of without any mark, and some programs preview.
_BARE = re.compile(r"(?<!\w)(?:(?:https?|ftp)://|mailto:(?=\S)|www\.(?=\w))", re.IGNORECASE)
_WIKILINK = re.compile(r"!?\[\[([^\[\]]*)\]\]")
_WEB = re.compile(r"(?:https?|ftp)://|www\.|mailto:", re.IGNORECASE)
_AFTER = ".,;:!?)]}\"'*_|"
_SAID = {"softbreak": "\n", "hardbreak": "\n"}
_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*:|[/\\]{2}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What an answer may lead to: the notes of one vault, and, by a link to be followed, the addresses of the web that
    stand in them to the letter.
    """

    vault: str
    paths: Collection[str]
    standing: str

    def stands(self, address: str) -> bool:
        """Whether a link may lead to it: of the web, and no more than the notes say."""
        plain = unquote(address).rstrip(_AFTER)
        return _WEB.match(plain) is not None and plain in self.standing


def dangers(text: str, bounds: Bounds) -> list[str]:
    """Name each: images and elements that load, links and paths that lead out of the bounds."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return [danger for token in parser.parse(text) for danger in _of(token, bounds)]


def leads_inside(address: str, bounds: Bounds) -> bool:
    """Whether an address opens one of the vault's notes."""
    parts = urlsplit(address)
    if parts.scheme == "obsidian":
        query = parse_qs(parts.query)
        asked = query.get("file", [""])[0]
        return parts.netloc == "open" and query.get("vault") == [bounds.vault] and _is_note(asked, bounds.paths)
    return not _SCHEME.match(address) and _is_note(unquote(address), bounds.paths)


def _of(token: Token, bounds: Bounds) -> Iterator[str]:
    if token.type in ("html_block", "html_inline") and _ELEMENT.search(token.content):
        yield f"element {token.content!r}"
    if token.type == "image" and not leads_inside(str(token.attrs["src"]), bounds):
        yield f"image {token.attrs['src']!r}"
    if token.type == "link_open":
        address = str(token.attrs["href"])
        if not leads_inside(address, bounds) and not bounds.stands(address):
            yield f"link {address!r}"
    if token.type == "inline":
        yield from _of_text(_running_text(token), bounds)
    for child in token.children or ():
        yield from _of(child, bounds)


def _of_text(text: str, bounds: Bounds) -> Iterator[str]:
    for match in _BARE.finditer(text):
        address = re.split(r"[\s<>]", text[match.start() :], maxsplit=1)[0]
        if not bounds.stands(address):
            yield f"bare address {address!r}"
    for match in _WIKILINK.finditer(text):
        target = match[1].partition("|")[0]
        # One that leads nowhere, as it stands in a note, opens a new note at most.
        unwritten = match.group().lstrip("!") in bounds.standing and not _leaves(target)
        if not unwritten and not _is_note(target, bounds.paths):
            yield f"wikilink {match.group()!r}"


def _running_text(token: Token) -> str:
    """What stands in it as text, code left out."""
    return "".join(
        _SAID.get(child.type, child.content if child.type == "text" else " ") for child in token.children or ()
    )


def _leaves(target: str) -> bool:
    """Whether a link's target is absolute, climbs, or is no path at all."""
    name = target.strip().replace("\\", "/")
    return name.startswith("/") or ".." in name.split("/") or _SCHEME.match(name) is not None


def _is_note(target: str, paths: Collection[str]) -> bool:
    """Whether a link's target is a note, with or without folder, ending and heading."""
    name = target.partition("#")[0].strip().replace("\\", "/")
    if not name:
        return True
    if _leaves(name):
        return False
    known = {form for path in paths for form in (path, posixpath.basename(path))}
    known |= {form.removesuffix(".md") for form in known}
    return name.casefold() in {form.casefold() for form in known}
