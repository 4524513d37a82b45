"""A piece of a note as the prompt holds it and an answer may cite it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section that begins within a passage. `link` is the wikilink target that leads to it, `start_line` the line of
    the note where it begins.
    """

    heading_path: tuple[str, ...]
    link: str
    start_line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """A stretch of a passage's text that a search found, in characters, end exclusive. `link` and `heading_path` are
    those of its own section.
    """

    start: int
    end: int
    heading_path: tuple[str, ...]
    link: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of a note that goes into the prompt and may be cited. `lines` count from 1, both included."""

    path: str
    link: str
    """Wikilink target that leads to the section in which it begins."""
    title: str
    heading_path: tuple[str, ...]
    date: str | None
    text: str
    """The note's own text, uninterrupted: line n of it is line `start_line` + n of the note."""
    start_line: int
    end_line: int
    block_ids: tuple[str, ...]
    score: float
    mentioned: bool = False
    """The user named the note with `[[…]]`: it is in whatever its rank."""
    embedded: tuple[Passage, ...] = ()
    """Pieces of other notes that stand in it as embeds; each may be cited as itself."""
    vault: str | None = None
    """The vault that the note is in; `None` where there is but one."""
    file: str | None = None
    """The file that the note is a row of; `None` for a file of its own."""
    local: bool = False
    """Whether its note stays on this machine."""
    kind: str = "markdown"
    """What kind of file the note is, as in `notes.note.NoteKind`."""
    tags: tuple[str, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    """Properties of the note that tell something to a reader, name and value as text, in the note's order."""
    sections: tuple[Section, ...] = ()
    """The sections that begin within the text, where it has more than the one that `link` leads to, in order."""
    matched: tuple[Matched, ...] = ()
    """What of the text a search found, in order, where the rest was added to it; empty when it found all of it."""
    lead: str = ""
    """What of the note's earlier text the passage cannot be read without: the header row of its table, what introduces
    its list. It is not in `text` nor in its lines."""
    begins_cut: bool = False
    """Whether text of the same passage was left out in front of it, for want of room."""
    ends_cut: bool = False
