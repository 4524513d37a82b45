"""Pages of a Notion export: the title and the properties on top of a Markdown file, and what its name means.

Notion writes `# Title` first and, for a page of a database, a paragraph of `Property: value` lines below it. Both are
what frontmatter is in Obsidian: they are the note's title and properties, and its body begins behind them. Links stay
as written: they lead by the paths of the export.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sidecar.notes.asides import find_asides, sections_around, with_asides
from sidecar.notes.cells import UNTITLED, read_cell, read_relations
from sidecar.notes.decoding import decode
from sidecar.notes.frontmatter import Frontmatter, read_frontmatter
from sidecar.notes.markdown import heading_text
from sidecar.notes.note import Link, Note, PropertyValue
from sidecar.notes.reading import MAX_PARSED, assemble_note
from sidecar.notes.rules import ReadingRules
from sidecar.notes.spans import LineIndex

_ID = re.compile(r"(?:\A|[ -])[0-9a-f]{32}\Z")
_EXTENSION = re.compile(r"\.(?:md|markdown|csv)\Z", re.IGNORECASE)
_TITLE = re.compile(r"#[ \t]([^\n]*)(?:\n|\Z)")
_MAX_TITLE = 300
SHORTENED = 40
"""Characters from which on a file's name may be the beginning of a title: Notion keeps about 50."""
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_MAX_HEAD = 64 * 1024
"""Characters of the paragraph under a title; a longer one is text."""
# A list item, quote, heading or table that has a colon in it is no property.
_PROPERTY = re.compile(r"(?![-*+>#|`<\[!]|\d{1,9}[.)]\s)([^\s:][^:\n]{0,79}):[ \t]+(\S.*)")
_TELLING = frozenset({"tags", "tag", "status", "type"})
_ADDRESS = re.compile(r"https?://\S+|[^\s@]+@[^\s@]+\.\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """What stands above the body. `title` is `None` when the file has no title line."""

    title: str | None
    front: Frontmatter
    related: tuple[Link, ...] = ()


def page_name(path: str) -> str:
    """The name of an exported page or table: its file's without extension, id and the `_all` of a full table."""
    name = path.rpartition("/")[2]
    stem = _EXTENSION.sub("", name)
    if stem != name and name[-4:].lower() == ".csv":
        stem = stem.removesuffix("_all")
    return _ID.sub("", stem).strip() or UNTITLED


def same_name(name: str, title: str) -> bool:
    """Whether `name`, as Notion made it a file's, may stand for `title`: shortened, and without some characters."""
    short, whole = name_key(name), name_key(title)
    return short == whole or (len(name) >= SHORTENED and whole.startswith(short))


def name_key(name: str) -> str:
    """A name's letters and digits in one case, which Notion keeps in file names; the name itself when it has none."""
    folded = unicodedata.normalize("NFC", name).casefold()
    return "".join(filter(str.isalnum, folded)) or folded.strip()


def read_notion(path: str, data: bytes, *, rules: ReadingRules, plain: bool = False) -> Note:
    """Read one page of a Notion export. Total.

    The title is that of the title line when the file's name may be short for it, else the file's name without its id,
    and the title line an alias. Property lines are read as by `cells`; they are properties only, not body text too. A
    callout is one block, and what stands in it is Markdown.
    """
    decoded = decode(data)
    front = read_frontmatter(decoded.text)
    # Somebody put frontmatter in front of an exported page: it is meant.
    head = _Head(title=None, front=front) if front.raw else _read_head(decoded.text)
    name = page_name(path)
    written = heading_text(head.title or "")[: _MAX_TITLE + 1]
    known = bool(written) and len(written) <= _MAX_TITLE
    asides = find_asides(decoded.text, head.front.body_start)
    note = assemble_note(
        path,
        decoded.text,
        rules=rules,
        front=head.front,
        sections=sections_around(decoded.text, head.front.body_start, asides) if asides else None,
        title=written if known and same_name(name, written) else name,
        problems=decoded.problems,
        plain=plain,
        too_large=len(data) > MAX_PARSED,
    )
    aliases = note.aliases if not known or note.title == written else (written, *note.aliases)
    note = replace(note, aliases=aliases, links=(*head.related, *note.links))
    return with_asides(note, asides) if asides else note


def _read_head(text: str) -> _Head:
    title = _TITLE.match(text)
    if title is None:
        return _Head(title=None, front=Frontmatter())
    start = title.end()
    while start < len(text) and text[start] == "\n":
        start += 1
    blank = _BLANK_LINE.search(text, start)
    paragraph = text[start : blank.start() if blank else len(text)].rstrip()
    end = start + len(paragraph)
    lines = _Lines.read(paragraph[:_MAX_HEAD])
    if len(paragraph) > _MAX_HEAD or not lines.are_properties():
        # A flag among lines that are not sure to be properties still counts.
        front = Frontmatter(body_start=title.end(), raw=lines.raw(), sound=False)
        return _Head(title=title[1], front=front)
    properties: dict[str, PropertyValue] = {line.name: read_cell(line.name, line.value) for line in lines.properties}
    front = Frontmatter(properties=properties, body_start=min(end + 1, len(text)), raw=paragraph)
    return _Head(title=title[1], front=front, related=tuple(_related(text, start, lines)))


def _related(text: str, start: int, lines: _Lines) -> Iterator[Link]:
    index = LineIndex(text)
    for line in lines.properties:
        for relation in read_relations(line.value):
            yield Link(
                target=relation.name if relation.target is None else relation.target,
                alias=None if relation.target is None else relation.name,
                style="wikilink" if relation.target is None else "markdown",
                span=index.span(start + line.start + relation.start, start + line.start + relation.end),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Property:
    """`Name: value` and the lines that go on with the value; `start` is the value's offset in the paragraph."""

    name: str
    value: str
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
    """The paragraph under the title, read as properties."""

    properties: tuple[_Property, ...] = ()
    begins: bool = False
    """Whether the first line is a property."""
    count: int = 0
    """Lines."""

    @classmethod
    def read(cls, paragraph: str) -> _Lines:
        starts: list[tuple[str, int, int]] = []
        position = 0
        lines = paragraph.split("\n")
        for line in lines:
            if match := _PROPERTY.match(line):
                starts.append((match[1].strip(), position, position + match.start(2)))
            position += len(line) + 1
        ends = [*(start for _, start, _ in starts[1:]), len(paragraph)][: len(starts)]
        return cls(
            properties=tuple(
                _Property(name=name, value=paragraph[value:end].rstrip(), start=value)
                for (name, _, value), end in zip(starts, ends, strict=True)
            ),
            begins=bool(starts) and starts[0][1] == 0,
            count=len(lines),
        )

    def are_properties(self) -> bool:
        """Tell properties from a first paragraph with colons in it.

        Notion puts each paragraph on one line and gives a page no two properties of one name. So two lines that begin
        `Name: ` are properties, and other lines go on with a value; a single line only when its value or name is none
        that a sentence has.
        """
        names = {prop.name for prop in self.properties}
        if not self.begins or len(names) < len(self.properties):
            return False
        if len(self.properties) > 1:
            return True
        only = self.properties[0]
        typed = read_cell(only.name, only.value) != only.value
        telling = only.name.casefold() in _TELLING or _ADDRESS.fullmatch(only.value) is not None
        return self.count == 1 and (typed or telling)

    def raw(self) -> str:
        return "\n".join(f"{prop.name}: {prop.value}" for prop in self.properties)
