"""From the bytes of a page in a Logseq graph to a Note. Pure and total, as `reading` is for Obsidian's notes.

What Logseq hides (`id::`, `collapsed::`, drawers) stays in the blocks that it belongs to: leaving it out would tear a
block from its children. It is neither property, field nor link. Org files are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from sidecar.notes.comments import comment_spans
from sidecar.notes.dates import find_dates, note_date
from sidecar.notes.decoding import decode
from sidecar.notes.frontmatter import Frontmatter, read_frontmatter
from sidecar.notes.highlights import find_highlights
from sidecar.notes.inline import BLANK, Prose, blank_out
from sidecar.notes.logseq.blocks import priorities, read_blocks, read_tasks
from sidecar.notes.logseq.names import journal_day, journal_names, page_title
from sidecar.notes.logseq.outline import Outline, read_outline
from sidecar.notes.logseq.properties import HIDDEN, Property, names_in, property_value
from sidecar.notes.logseq.references import UUID, find_references
from sidecar.notes.note import InlineField, Note, PropertyValue
from sidecar.notes.privacy import local_by, withheld_by
from sidecar.notes.reading import MAX_PARSED, assemble_note
from sidecar.notes.rules import FileNames, ReadingRules
from sidecar.notes.spans import LineIndex
from sidecar.notes.tags import property_tags, unique

_UUID = re.compile(UUID)
_MARKING_TAG = re.compile(r"(?<![\w/&])#((?:private|local-only)(?:/[\w-]+)?)(?![\w-])", re.IGNORECASE)
_MAX_OPENING = 1000
"""Characters of the first line that are looked at."""
_FLAGS = frozenset({"private", "sidecar", "tags", "tag"})
# `private::true` is no property for Logseq, but there is no doubt about what was meant.
_GLUED_FLAG = re.compile(r"^[ \t]*(?:-[ \t]+)?(private|sidecar)::(\S[^\n]*)", re.IGNORECASE | re.MULTILINE)
# Obsidian's comments; in Logseq per cent signs are text.
_NO_COMMENT = "\x01\x01"


def read_logseq(
    path: str, data: bytes, *, rules: ReadingRules, plain: bool = False, file_names: FileNames = "triple-lowbar"
) -> Note:
    """Read one Markdown page of a Logseq graph from the bytes of its file.

    `path` is relative to the graph; `plain` leaves the Markdown parser out, for a page that it does not get through;
    `file_names` is how the graph makes titles into file names.
    """
    decoded = decode(data)
    text = decoded.text
    front = read_frontmatter(text)
    outline = _with_page_block(read_outline(text, start=front.body_start))
    properties = {**front.properties, **_page_properties(outline)}
    too_large = len(data) > MAX_PARSED
    title = _title(path, properties, file_names)
    note = assemble_note(
        path,
        text,
        rules=rules,
        front=replace(front, properties=properties, body_start=_body_start(text, outline, front)),
        title=title,
        sections=(),
        problems=decoded.problems,
        plain=plain,
        too_large=too_large,
    )
    return _with_body(_with_names(note, rules), outline, front, rules, plain=plain or too_large)


def _page_properties(outline: Outline) -> dict[str, PropertyValue]:
    """What stands above all bullets; of a property that stands twice the last counts."""
    return {
        found.key: property_value(found.key, found.value)
        for line, found in outline.properties
        if line < outline.intro and found.key not in HIDDEN
    }


def _with_page_block(outline: Outline) -> Outline:
    """The outline without a first bullet that holds nothing but properties: Logseq makes them the page's."""
    if not outline.nodes:
        return outline
    first, properties = outline.nodes[0], {line for line, _ in outline.properties}
    own = [line for line in outline.visible if line < first.end]
    if own and first.bullet and all(line in properties and line >= first.first for line in own):
        return replace(outline, intro=first.end, nodes=outline.nodes[1:])
    return outline


def _body_start(text: str, outline: Outline, front: Frontmatter) -> int:
    """Behind the properties on top."""
    lines = {line for line, _ in outline.properties} | set(outline.hidden)
    begin = front.body_start
    for number, (start, end) in enumerate(outline.lines[: outline.intro]):
        if start < front.body_start:
            continue
        if number not in lines and text[start:end].strip():
            break
        if number in lines:
            begin = min(end + 1, len(text))
    return begin


def _title(path: str, properties: Mapping[str, PropertyValue], file_names: FileNames) -> str:
    own = properties.get("title")
    if isinstance(own, str) and (title := own.strip().strip("/")):
        return title
    name = path.rpartition("/")[2]
    stem, dot, _ = name.rpartition(".")
    return page_title(stem if dot and stem else name, file_names=file_names)


def _with_names(note: Note, rules: ReadingRules) -> Note:
    """Aliases as Logseq has them: a title is none, and a journal answers to its day in every format."""
    day = journal_day(note.path, note.title, rules)
    names = [*note.aliases, *(journal_names(day, rules) if day else ())]
    folded = {name.casefold(): name for name in reversed(names)}
    folded.pop(note.title.casefold(), None)
    note = replace(note, aliases=tuple(name for name in dict.fromkeys(names) if folded.get(name.casefold()) == name))
    return note if day is None else replace(note, date=day, date_source="name")


def _with_body(note: Note, outline: Outline, front: Frontmatter, rules: ReadingRules, *, plain: bool) -> Note:
    text, lines = note.text, LineIndex(note.text)
    prose = _prose(text, outline)
    references = find_references(text, prose.text, lines)
    blocks, problems = read_blocks(text, outline, lines, start=note.body_start, plain=plain)
    properties = [found for line, found in outline.properties if line >= outline.intro]
    own = [name for found in properties if found.key == "tags" for name in names_in(found.value)]
    tags = unique([*property_tags(note.properties), *own, *references.tags])
    flags = _flags(note, outline, front)
    marks = [*tags, *_loose_tags(text, prose)]
    note = replace(
        note,
        tags=tags,
        links=references.links,
        blocks=blocks,
        block_ids=_block_ids(outline),
        tasks=read_tasks(text, outline, lines),
        fields=_fields(properties, lines),
        highlights=find_highlights(references.words, prose, lines),
        comments=comment_spans(text, prose.comments, lines),
        dates=find_dates(text, prose.text, lines),
        withheld=withheld_by(note.properties, marks, frontmatter=flags, sound=not flags),
        local=local_by(note.properties, marks, frontmatter=flags, sound=not flags),
        problems=(*note.problems, *problems),
    )
    return note if note.date else _with_opening(note, prose, rules)


def _with_opening(note: Note, prose: Prose, rules: ReadingRules) -> Note:
    """The day that the page's first line names, when nothing else says one."""
    start = note.blocks[0].span.start if note.blocks else len(note.text)
    opening = prose.text[start : start + _MAX_OPENING].partition("\n")[0]
    found = note_date(
        note.path, {}, daily_folder=rules.daily_folder, daily_format=rules.daily_format, opening=opening
    )  # fmt: skip
    return replace(note, date=found[0], date_source=found[1]) if found else note


def _prose(text: str, outline: Outline) -> Prose:
    pieces: list[str] = []
    position = 0
    for start, end in priorities(text, outline):
        pieces += [text[position:start], BLANK * (end - start)]
        position = end
    source = "".join([*pieces, text[position:]]).replace("%%", _NO_COMMENT)
    return blank_out(source, paragraphs=outline.prose)


def _fields(properties: Iterable[Property], lines: LineIndex) -> tuple[InlineField, ...]:
    return tuple(
        InlineField(key=found.key, value=found.value, span=lines.span(found.start, found.end))
        for found in properties
        if found.value and found.key not in HIDDEN
    )


def _block_ids(outline: Outline) -> dict[str, int]:
    """Ids in lower case, with the line where their block begins. The first of twins counts."""
    ids: dict[str, int] = {}
    nodes = iter(outline.nodes)
    node, following = None, next(nodes, None)
    for line, found in outline.properties:
        while following is not None and following.first <= line:
            node, following = following, next(nodes, None)
        if found.key == "id" and _UUID.fullmatch(found.value):
            ids.setdefault(found.value.lower(), (node.first if node else line) + 1)
    return ids


def _loose_tags(text: str, prose: Prose) -> list[str]:
    """Whatever looks like a tag that is a mark, in comments too: one that is no tag still says what was wanted."""
    passages = [prose.text, *(text[start:end] for start, end in prose.comments)]
    return [match[1] for passage in passages for match in _MARKING_TAG.finditer(passage)]


def _flags(note: Note, outline: Outline, front: Frontmatter) -> str:
    """What may be marks, as frontmatter. A flag on any block counts for the page: no part of it is treated apart."""
    flags = [f"{found.key}: {found.value}" for _, found in outline.properties if found.key in _FLAGS]
    flags += [f"{match[1]}: {match[2]}" for match in _GLUED_FLAG.finditer(note.text)]
    if not front.sound:
        flags.append(front.raw)
    return "\n".join(flags)
