"""From the bytes of a Markdown note to a Note. Pure and total: any bytes give a note, with its problems listed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sidecar.notes.dates import note_date
from sidecar.notes.decoding import decode
from sidecar.notes.frontmatter import Frontmatter, read_frontmatter
from sidecar.notes.inline import BLANK, Prose, blank_out
from sidecar.notes.markdown import Structure, read_paragraphs, read_structure
from sidecar.notes.note import Link, Note, NoteKind, Problem, PropertyValue
from sidecar.notes.privacy import withheld_by
from sidecar.notes.rules import ReadingRules
from sidecar.notes.spans import LineIndex
from sidecar.notes.tags import find_tags, property_tags, unique
from sidecar.notes.wikilinks import find_links, without_links

MAX_PARSED = 5 * 1024 * 1024
"""Bytes. Markdown above it is not parsed: the block parser manages 200 to 500 KB/s."""
_BLOCK_ID = re.compile(r"(?:^|(?<=[ \t>]))\^([A-Za-z0-9-]+)[ \t]*$", re.MULTILINE)
_ALIAS_KEYS = ("alias", "aliases")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A stretch of a note's text that is Markdown by itself: nothing opened in it reaches over its end.

    It begins a line; `path` stands above the headings inside it.
    """

    start: int
    end: int
    path: tuple[str, ...] = ()


def read_note(path: str, data: bytes, *, rules: ReadingRules | None = None, plain: bool = False) -> Note:
    """Read one Markdown note from the bytes of its file.

    `path` is vault-relative; `plain` leaves the Markdown parser out, for a note that it does not get through.
    """
    decoded = decode(data)
    front = read_frontmatter(decoded.text)
    return assemble_note(
        path,
        decoded.text,
        front=front,
        rules=rules or ReadingRules(),
        plain=plain,
        too_large=len(data) > MAX_PARSED,
        problems=decoded.problems,
    )


def assemble_note(
    path: str,
    text: str,
    *,
    rules: ReadingRules,
    front: Frontmatter | None = None,
    kind: NoteKind = "markdown",
    title: str | None = None,
    sections: Sequence[Section] | None = None,
    problems: tuple[Problem, ...] = (),
    plain: bool = False,
    too_large: bool = False,
) -> Note:
    """Find everything that Obsidian's Markdown in `text` says. Total.

    `front` is what stands above the body, or properties that the file gives in another way; `title` replaces the
    file's name; `sections` are what to read, in order, everything behind `front` when not given.
    """
    front = front or Frontmatter()
    lines = LineIndex(text)
    if sections is None:
        sections = (Section(start=front.body_start, end=len(text)),)
    structure = _structure(text, sections, lines, plain=plain, too_large=too_large)
    prose = blank_out(text, paragraphs=structure.paragraphs, comments=structure.comments)
    links = find_links(text, prose.text, lines)
    unlinked = without_links(prose.text, links)
    tags = unique([*property_tags(front.properties), *find_tags(unlinked)])
    return Note(
        path=path,
        title=_title(path) if title is None else title,
        text=text,
        kind=kind,
        body_start=front.body_start,
        properties=front.properties,
        aliases=_aliases(front.properties),
        tags=tags,
        links=(*_property_links(text, front, lines), *links),
        blocks=structure.blocks,
        block_ids={match[1]: lines.line_at(match.start(1)) for match in _BLOCK_ID.finditer(unlinked)},
        date=note_date(path, front.properties, daily_folder=rules.daily_folder, daily_format=rules.daily_format),
        withheld=withheld_by(
            # A tag that is hidden from readers still says what its writer wanted.
            front.properties, [*tags, *_comment_tags(text, prose)], frontmatter=front.raw, sound=front.sound
        ),
        problems=(*problems, *front.problems, *structure.problems),
    )  # fmt: skip


def _structure(text: str, sections: Sequence[Section], lines: LineIndex, *, plain: bool, too_large: bool) -> Structure:
    problems: tuple[Problem, ...] = ()
    if too_large:
        message = f"The note is larger than {MAX_PARSED // 2**20} MiB; it was read as plain paragraphs."
        problems = (Problem(code="too-large", message=message),)
    elif plain:
        message = "The Markdown parser did not get through this note; it was read as plain paragraphs."
        problems = (Problem(code="markdown-skipped", message=message),)
    read = read_paragraphs if plain or too_large else read_structure
    parts = [(section, read(text, start=section.start, end=section.end, lines=lines)) for section in sections]
    return Structure(
        blocks=tuple(
            replace(block, heading_path=(*section.path, *block.heading_path)) if section.path else block
            for section, part in parts
            for block in part.blocks
        ),
        paragraphs=tuple(paragraph for _, part in parts for paragraph in part.paragraphs),
        comments=tuple(comment for _, part in parts for comment in part.comments),
        problems=(*problems, *dict.fromkeys(problem for _, part in parts for problem in part.problems)),
    )


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
