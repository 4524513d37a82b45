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
class Problem:
    """Something in the file that was not as it should be; the note is still read."""

    code: str
    """Short and stable, for example `frontmatter-invalid`, `encoding-repaired`, `too-large`."""
    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One note. Every span slices `text`: the file as meant to be read, decoded, lines ending in a newline only."""

    path: str
    """Vault-relative POSIX path, Unicode as on disk."""
    title: str
    """The file's name without extension, as Obsidian shows it; a `title` property is an alias."""
    text: str
    body_start: int = 0
    """Offset in `text` of the first character after the frontmatter."""
    properties: Mapping[str, PropertyValue] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """Without `#`, as written, frontmatter's first, no duplicates (case-insensitively)."""
    links: tuple[Link, ...] = ()
    blocks: tuple[Block, ...] = ()
    block_ids: Mapping[str, int] = field(default_factory=dict)
    """Block id → line number where it stands."""
    date: dt.date | None = None
    """The day the note is about: daily-note name, then `date`, `created` properties; `None` when it says nothing."""
    withheld: str | None = None
    """The privacy rule the note sets for itself (`private: true`, `sidecar: false`, `#private`), or `None`."""
    problems: tuple[Problem, ...] = ()
