"""Passages to cite, answers checked against them, and what a reader of Markdown makes of the result."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from sidecar.citations import CitationChecker
from sidecar.prompt import Passage

_REMOTE = re.compile(r"\s*(?:[a-z][\w+.-]*:|[/\\]{2})", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:(?:https?|ftp|obsidian|file|vscode)://[\w\[]|www\.\w|//[\w-]+\.\w)[^\s<>]*", re.IGNORECASE)
_TAG = re.compile(r"</?(?:br|b|i|u|em|strong|kbd|sub|sup|mark|s|del|small) ?/?>", re.IGNORECASE)
# Tables change which backticks belong together.
_READERS = (MarkdownIt("commonmark"), MarkdownIt("commonmark").enable("table"))


def passage(
    path: str = "House/Boiler.md", heading: str = "Repair", text: str = "It cost 240 euros.", **more: object
) -> Passage:
    title = path.rsplit("/", 1)[-1].removesuffix(".md")
    values: dict[str, object] = {
        "path": path,
        "link": f"{title}#{heading}",
        "title": title,
        "heading_path": (heading,),
        "date": None,
        "text": text,
        "start_line": 3,
        "end_line": 5,
        "block_ids": (),
        "score": 0.5,
    }
    return Passage(**(values | more))  # type: ignore[arg-type]  # the test's own keywords


def checked(
    answer: str,
    *passages: Passage,
    known: tuple[str, ...] = (),
    credit: bool = False,
    step: int | None = None,
    style: str = "wikilinks",
    quotations: bool = True,
) -> tuple[str, CitationChecker]:
    pieces = [answer] if step is None else [answer[i : i + step] for i in range(0, len(answer), step)]
    return in_pieces(pieces, *passages, known=known, credit=credit, style=style, quotations=quotations)


def in_pieces(
    pieces: list[str],
    *passages: Passage,
    known: tuple[str, ...] = (),
    credit: bool = False,
    style: str = "wikilinks",
    quotations: bool = True,
) -> tuple[str, CitationChecker]:
    checker = CitationChecker(
        passages,
        vault="My vault",
        known_text=known,
        style="footnotes" if style == "footnotes" else "wikilinks",
        quotations=quotations,
    )
    shown = "".join(checker.feed(piece) for piece in pieces)
    return shown + checker.finish(credit=credit), checker


def shown(answer: str, *passages: Passage, **more: object) -> str:
    return checked(answer, *passages, **more)[0]  # type: ignore[arg-type]  # the test's own keywords


def dangers(markdown: str, *, allowed: Container[str] = ()) -> list[str]:
    """What readers of Markdown would load, run or make a link of, and is not allowed."""
    return [danger for reader in _READERS for danger in _dangers(reader.parse(markdown), allowed)]


def _dangers(tokens: list[Token], allowed: Container[str]) -> Iterator[str]:
    for token in tokens:
        if token.type == "html_block":
            yield f"html: {token.content}"
        for child in token.children or ():
            if child.type == "image" and child.attrs["src"] not in allowed:
                yield f"image: {child.attrs['src']}"
            elif child.type == "html_inline" and not _TAG.fullmatch(child.content):
                yield f"html: {child.content}"
            elif child.type == "link_open" and _leads_away(str(child.attrs["href"]), allowed):
                yield f"link: {child.attrs['href']}"
        yield from _bare(token.children or (), allowed)


def _leads_away(address: str, allowed: Container[str]) -> bool:
    return address not in allowed and _REMOTE.match(address) is not None


def _bare(children: list[Token] | tuple[()], allowed: Container[str]) -> Iterator[str]:
    """Addresses that a program would link by itself; an escape or entity within one keeps it from being one."""
    text = "".join(child.content if child.type == "text" else "\n" for child in children)
    for match in _ADDRESS.finditer(text):
        if match[0].rstrip("?!.,:;*_~'\")") not in allowed:
            yield f"address: {match[0]}"
