"""Plain folders of Markdown, such as the documentation of a program: what a page is called.

Here a folder's own page is a file called `index.md`, `README.md` or `_index.md`, and nearly every folder has one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from sidecar.notes.markdown import heading_text
from sidecar.notes.note import Note
from sidecar.notes.reading import read_note
from sidecar.notes.rules import ReadingRules

_INDEX = re.compile(r"(?:_?index|readme)\.(?:md|markdown)", re.IGNORECASE)
_HEADING = re.compile(r" {0,3}#(?:[ \t]+([^\n]*?))?(?:[ \t]+#+)?[ \t]*\Z|([^\n]+)\n {0,3}=+[ \t]*\Z")
_MAX_TITLE = 300


def read_folder_note(path: str, data: bytes, *, rules: ReadingRules, plain: bool = False) -> Note:
    """Read one note of a plain folder. Total.

    "index" as a title says nothing where every folder has one: such a file is called by its `title` property, else its
    first top-level heading, else its folder, whose name is an alias in any case. Every other file keeps its own name as
    its title, as in Obsidian: it is what its owner sees in the folder, and what sets it apart in there. Its heading is
    no alias: counted as a name as well, it cost 1.4 points of nDCG@10 on SciFact.
    """
    note = read_note(path, data, rules=rules, plain=plain)
    folder, _, name = path.rpartition("/")
    if not _INDEX.fullmatch(name):
        return note
    heading = _first_heading(note)
    folder_name = folder.rpartition("/")[2]
    title = _property_title(note) or heading or folder_name or note.title
    return replace(note, title=title, aliases=_others([*note.aliases, heading, folder_name], than=title))


def _first_heading(note: Note) -> str:
    """The text of the first top-level heading; empty when there is none, or none that could be a title."""
    for block in note.blocks:
        if block.kind == "heading" and (match := _HEADING.match(note.text[block.span.start : block.span.end])):
            heading = heading_text(match[1] or match[2] or "")
            return heading if len(heading) <= _MAX_TITLE else ""
    return ""


def _property_title(note: Note) -> str:
    title = next((value for key, value in note.properties.items() if key.casefold() == "title"), None)
    return title.strip() if isinstance(title, str) else ""


def _others(names: Iterable[str], *, than: str) -> tuple[str, ...]:
    """The names without empty ones, repetitions and `than`, case aside."""
    found = {name.casefold(): name for name in reversed([*names]) if name and name.casefold() != than.casefold()}
    return tuple(reversed(found.values()))
