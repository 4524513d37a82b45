"""The one way from bytes to a Note. Pure and total: any bytes give a note, with its problems listed."""

from __future__ import annotations

import re

from sidecar.notes.dates import note_date
from sidecar.notes.decoding import decode
from sidecar.notes.frontmatter import Frontmatter, read_frontmatter
from sidecar.notes.inline import BLANK, Prose, blank_out
from sidecar.notes.markdown import Structure, read_paragraphs, read_structure
from sidecar.notes.note import Link, Note, Problem, PropertyValue
from sidecar.notes.privacy import withheld_by
from sidecar.notes.spans import LineIndex
from sidecar.notes.tags import find_tags, property_tags, unique
from sidecar.notes.wikilinks import find_links, without_links

MAX_PARSED = 5 * 1024 * 1024
"""Bytes. Markdown above it is not parsed: the block parser manages 200 to 500 KB/s."""
_BLOCK_ID = re.compile(r"(?:^|(?<=[ \t>]))\^([A-Za-z0-9-]+)[ \t]*$", re.MULTILINE)
_ALIAS_KEYS = ("alias", "aliases")


def read_note(
    path: str,
    data: bytes,
    *,
    daily_folder: str | None = None,
    daily_format: str = "YYYY-MM-DD",
    plain: bool = False,
) -> Note:
    """Read one note from the bytes of its file.

    `path` is vault-relative; `daily_folder` (`None`: any) and `daily_format` are Obsidian's settings for daily notes;
    `plain` leaves the Markdown parser out, for a note that it does not get through.
    """
    decoded = decode(data)
    text = decoded.text
    lines = LineIndex(text)
    front = read_frontmatter(text)
    structure = _structure(text, front, lines, plain=plain, too_large=len(data) > MAX_PARSED)
    prose = blank_out(text, paragraphs=structure.paragraphs, comments=structure.comments)
    links = find_links(text, prose.text, lines)
    unlinked = without_links(prose.text, links)
    tags = unique([*property_tags(front.properties), *find_tags(unlinked)])
    return Note(
        path=path,
        title=_title(path),
        text=text,
        body_start=front.body_start,
        properties=front.properties,
        aliases=_aliases(front.properties),
        tags=tags,
        links=(*_property_links(text, front, lines), *links),
        blocks=structure.blocks,
        block_ids={match[1]: lines.line_at(match.start(1)) for match in _BLOCK_ID.finditer(unlinked)},
        date=note_date(path, front.properties, daily_folder=daily_folder, daily_format=daily_format),
        withheld=withheld_by(
            # A tag that is hidden from readers still says what its writer wanted.
            front.properties, [*tags, *_comment_tags(text, prose)], frontmatter=front.raw, sound=front.sound
        ),
        problems=(*decoded.problems, *front.problems, *structure.problems),
    )  # fmt: skip


def _structure(text: str, front: Frontmatter, lines: LineIndex, *, plain: bool, too_large: bool) -> Structure:
    if not (plain or too_large):
        return read_structure(text, body_start=front.body_start, lines=lines)
    if too_large:
        message = f"The note is larger than {MAX_PARSED // 2**20} MiB; it was read as plain paragraphs."
        problem = Problem(code="too-large", message=message)
    else:
        message = "The Markdown parser did not get through this note; it was read as plain paragraphs."
        problem = Problem(code="markdown-skipped", message=message)
    return read_paragraphs(text, body_start=front.body_start, lines=lines, problems=(problem,))


def _title(path: str) -> str:
    name = path.rpartition("/")[2]
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name


def _aliases(properties: dict[str, PropertyValue]) -> tuple[str, ...]:
    """Aliases in order, without repetitions; `title` is one of them, and a string is split at its commas."""
    found: dict[str, str] = {}
    for key, value in properties.items():
        if key.casefold() == "title":
            values = [value]
        elif key.casefold() in _ALIAS_KEYS:
            values = [*value.split(",")] if isinstance(value, str) else value if isinstance(value, list) else [value]
        else:
            continue
        for item in values:
            if isinstance(item, str | int | float) and not isinstance(item, bool) and (name := str(item).strip()):
                found.setdefault(name.casefold(), name)
    return tuple(found.values())


def _property_links(text: str, front: Frontmatter, lines: LineIndex) -> list[Link]:
    """Wikilinks in property values, which Obsidian's graph shows too."""
    if not front.body_start:
        return []
    block = text[: front.body_start]
    return [link for link in find_links(text, block, lines) if link.style == "wikilink"]


def _comment_tags(text: str, prose: Prose) -> list[str]:
    return [tag for start, end in prose.comments for tag in find_tags(text[start:end].replace("%", BLANK))]
