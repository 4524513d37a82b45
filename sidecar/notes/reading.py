"""From the bytes of a Markdown note to a Note. Pure and total: any bytes give a note, with its problems listed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sidecar.notes.callouts import find_callouts
from sidecar.notes.comments import comment_spans, html_blocks, html_comments, outside, read_aside
from sidecar.notes.dates import find_dates, note_date
from sidecar.notes.decoding import decode
from sidecar.notes.fields import find_fields
from sidecar.notes.footnotes import find_footnotes
from sidecar.notes.frontmatter import Frontmatter, read_frontmatter
from sidecar.notes.highlights import find_highlights
from sidecar.notes.inline import BLANK, Prose, blank_out
from sidecar.notes.markdown import Structure, read_paragraphs, read_structure
from sidecar.notes.note import Link, Note, NoteKind, Problem
from sidecar.notes.privacy import local_by, withheld_by
from sidecar.notes.properties import property_aliases, property_classes
from sidecar.notes.rules import ReadingRules
from sidecar.notes.spans import LineIndex
from sidecar.notes.tags import find_tags, property_tags, unique
from sidecar.notes.tasks import find_tasks
from sidecar.notes.wikilinks import find_wikilinks, read_links

MAX_PARSED = 5 * 1024 * 1024
"""Bytes. Markdown above it is not parsed: the block parser manages 200 to 500 KB/s."""
_ELEMENT = re.compile(r"<[^<>]*+>")
_BLOCK_ID = re.compile(r"\^([A-Za-z0-9-]++)[ \t]*+$", re.MULTILINE)


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
    html = html_blocks(structure.blocks)
    prose = blank_out(
        text,
        paragraphs=outside(structure.paragraphs, html),
        comments=[*structure.comments, *html_comments(text, html)],
    )
    aside = read_aside(text, prose.comments)
    links, words = read_links(text, prose.text, lines)
    hidden_links, hidden_words = read_links(text, aside.text, lines) if aside else ([], "")
    day, source = note_date(
        path,
        front.properties,
        daily_folder=rules.daily_folder,
        daily_format=rules.daily_format,
        opening=_opening(prose.text, structure),
    ) or (None, None)
    tables = [(block.span.start, block.span.end) for block in structure.blocks if block.kind == "table"]
    tags = unique(
        [*property_tags(front.properties), *find_tags(words, tables=tables), *find_tags(hidden_words, tables=tables)]
    )
    passages = _told_passages(text, words, prose, html)
    return Note(
        path=path,
        title=_title(path) if title is None else title,
        text=text,
        kind=kind,
        body_start=front.body_start,
        properties=front.properties,
        aliases=property_aliases(front.properties),
        tags=tags,
        cssclasses=property_classes(front.properties),
        links=(*_property_links(text, front, lines), *_in_order(links, hidden_links)),
        blocks=structure.blocks,
        block_ids=_block_ids(words, prose, lines),
        callouts=find_callouts(text, prose.text, structure.blocks, lines),
        tasks=find_tasks(
            text, prose.text, lines, paragraphs=None if plain or too_large else prose.paragraphs
        ),
        fields=find_fields(text, prose.text, lines),
        footnotes=find_footnotes(text, prose, lines),
        highlights=find_highlights(words, prose, lines),
        comments=comment_spans(text, prose.comments, lines),
        date=day,
        date_source=source,
        dates=find_dates(text, prose.text, lines),
        withheld=withheld_by(front.properties, tags, frontmatter=front.raw, sound=front.sound, passages=passages),
        local=local_by(front.properties, tags, frontmatter=front.raw, sound=front.sound, passages=passages),
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


def _opening(prose: str, structure: Structure) -> str:
    """The first line of the body."""
    start = structure.blocks[0].span.start if structure.blocks else len(prose)
    return prose[start : start + 1000].partition("\n")[0]


def _property_links(text: str, front: Frontmatter, lines: LineIndex) -> list[Link]:
    """Wikilinks in property values, which Obsidian's graph shows too."""
    return find_wikilinks(text, text[: front.body_start], lines) if front.body_start else []


def _in_order(links: list[Link], hidden: list[Link]) -> list[Link]:
    return sorted([*links, *hidden], key=lambda link: (link.span.start, link.span.end)) if hidden else links


def _block_ids(words: str, prose: Prose, lines: LineIndex) -> dict[str, int]:
    """Ids at the end of a paragraph, list item or row, or in a paragraph of their own below what they name."""
    if "^" not in words:
        return {}
    ends = {end for _, end in prose.paragraphs}
    return {
        match[1]: lines.line_at(match.start())
        for match in _BLOCK_ID.finditer(words)
        if match.end() in ends and (match.start() == 0 or words[match.start() - 1] in " \t\n>")
    }


def _told_passages(text: str, words: str, prose: Prose, html: Sequence[tuple[int, int]]) -> list[str]:
    """Where a mark may stand: what readers do not see, and what Obsidian does not read, still says what its writer
    wanted.
    """
    comments = [text[start:end].replace("%", BLANK) for start, end in prose.comments]
    return [words, *comments, *(_ELEMENT.sub(BLANK, text[start:end]) for start, end in html)]
