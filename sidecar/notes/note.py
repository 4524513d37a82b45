"""What a note is once it has been read: text, properties, links, blocks, and the problems met on the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

PropertyValue: TypeAlias = "str | int | float | bool | list[PropertyValue] | dict[str, PropertyValue] | None"
"""A frontmatter value as JSON knows it; dates and times are ISO 8601 strings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of `Note.text`. Offsets count characters, end exclusive; lines count from 1, both ends included."""

    start: int
    end: int
    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A wikilink, embed or Markdown link to something in the vault, as written and not yet resolved."""

    target: str
    """The note or file part as written, percent-decoded; empty for a link inside the same note."""
    heading: str | None = None
    """Heading text after `#`; nested headings stay joined by `#`."""
    block: str | None = None
    """Block id after `#^`."""
    alias: str | None = None
    embed: bool = False
    style: Literal["wikilink", "markdown"] = "wikilink"
    span: Span


BlockKind: TypeAlias = Literal[
    "heading", "paragraph", "list", "quote", "callout", "code", "table", "math", "html", "rule"
]
NoteKind: TypeAlias = Literal["markdown", "canvas", "base", "pdf", "image", "table", "row"]
"""What the file is. A `table` is a CSV file, a `row` one line of it, which is a note of its own inside that file."""
DateSource: TypeAlias = Literal["name", "property", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A top-level block of the body, in order. Blocks never overlap; blank lines between them belong to none."""

    kind: BlockKind
    span: Span
    heading_path: tuple[str, ...]
    """Texts of the headings above it, outermost first. A heading block's own text is the last entry."""
    items: tuple[Span, ...] = ()
    """Where the block may be cut: top-level list items, table rows, quote paragraphs. Empty: not to be cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callout:
    """`> [!type]± title`. Nested ones are callouts of their own."""

    type: str
    """In lower case, as written: `tip` is not turned into the type that it is another name of."""
    title: str | None
    """`None` when Obsidian would show the type instead."""
    fold: Literal["+", "-"] | None
    """`+` can be folded and is open, `-` is closed at first."""
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A list item with a checkbox. `state` is the character in the box, a space for one that is open."""

    state: str
    text: str
    """The item's first line behind the box."""
    span: Span

    @property
    def done(self) -> bool:
        """Whether it is shown as ticked off: any character but a space, as in Obsidian's reading view."""
        return self.state != " "


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineField:
    """`key:: value`, on a line of its own or in brackets, as Dataview and Logseq read it."""

    key: str
    value: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Footnote:
    """What a footnote says: `[^label]: text`, or `^[text]` with an empty label."""

    label: str
    text: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class DateMention:
    """A calendar day named in the body, in figures or in words."""

    day: dt.date
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in the file that was not as it should be; the note is still read."""

    code: str
    """Short and stable, for example `frontmatter-invalid`, `encoding-repaired`, `too-large`."""
    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One note. Every span slices `text`: the file as meant to be read, decoded, lines ending in a newline only.

    Of a file that is not Markdown (`kind`), `text` is what it says put as Markdown, and lines count in that.
    """

    path: str
    """Vault-relative POSIX path, Unicode as on disk; of a `row`, the file's path with `#` and the row's name behind."""
    title: str
    """The file's name without extension, as Obsidian shows it; a `title` property is an alias."""
    text: str
    kind: NoteKind = "markdown"
    body_start: int = 0
    """Offset in `text` of the first character after the frontmatter."""
    properties: Mapping[str, PropertyValue] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """Without `#`, as written, frontmatter's first, no duplicates (case-insensitively)."""
    cssclasses: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    blocks: tuple[Block, ...] = ()
    block_ids: Mapping[str, int] = field(default_factory=dict)
    """Block id → line number where it stands."""
    callouts: tuple[Callout, ...] = ()
    tasks: tuple[Task, ...] = ()
    fields: tuple[InlineField, ...] = ()
    footnotes: tuple[Footnote, ...] = ()
    highlights: tuple[Span, ...] = ()
    """What stands between `==` and `==`, without the marks."""
    comments: tuple[Span, ...] = ()
    """`%%…%%` and `<!-- … -->`, with their marks."""
    date: dt.date | None = None
    """The day the note is about: daily-note name, then properties, then its own first words; `None` when unknown."""
    date_source: DateSource | None = None
    dates: tuple[DateMention, ...] = ()
    """Days named in the body, in order of their place."""
    withheld: str | None = None
    """The privacy rule the note sets for itself (`private: true`, `sidecar: false`, `#private`), or `None`."""
    local: str | None = None
    """The mark by which the note stays on this machine (`sidecar: local`, `sidecar:: local`, `#local-only`), or `None`:
    it is searched and quoted here, and sent nowhere else."""
    problems: tuple[Problem, ...] = ()
