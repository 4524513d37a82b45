"""Cases kept as Markdown: a title, the note, and what is expected of it as JSON, each behind a line with one dot.

The JSON names only the fields that the case is about; `seen` shows a note in the same form.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.notes.note import Callout, Link, Note
from sidecar.notes.properties import property_type

_FOLDER = Path(__file__).parent / "cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    title: str
    source: str
    expected: dict[str, Any]


def load_cases(name: str) -> list[Case]:
    sections = (_FOLDER / f"{name}.md").read_text(encoding="utf-8").split("\n.\n")
    # Title, note and JSON in turn; a title follows the blank line behind the JSON before it.
    triples = zip(sections[::3], sections[1::3], sections[2::3], strict=False)
    return [
        Case(title=title.strip().splitlines()[-1], source=source, expected=json.loads(expected))
        for title, source, expected in triples
    ]


def case_files() -> list[str]:
    """The names of all files of cases, without `.md`."""
    return sorted(path.stem for path in _FOLDER.glob("*.md"))


def case_titles(name: str) -> list[str]:
    """The titles in a file of cases, repetitions included."""
    sections = (_FOLDER / f"{name}.md").read_text(encoding="utf-8").split("\n.\n")
    return [section.strip().splitlines()[-1] for section in sections[::3] if section.strip()]


def seen(note: Note, fields: set[str]) -> dict[str, Any]:
    """The given fields of a note, as JSON has them."""
    everything: dict[str, Any] = {
        "title": note.title,
        "body": note.text[note.body_start :],
        "properties": dict(note.properties),
        "aliases": list(note.aliases),
        "tags": list(note.tags),
        "links": [_link(link) for link in note.links],
        "written": [note.text[link.span.start : link.span.end] for link in note.links],
        "blocks": [[block.kind, note.text[block.span.start : block.span.end]] for block in note.blocks],
        "kinds": [block.kind for block in note.blocks],
        "paths": [list(block.heading_path) for block in note.blocks],
        "items": [[note.text[item.start : item.end] for item in block.items] for block in note.blocks],
        "lines": [[block.span.start_line, block.span.end_line] for block in note.blocks],
        "block_ids": dict(note.block_ids),
        "callouts": [_callout(callout) for callout in note.callouts],
        "quoted": [note.text[callout.span.start : callout.span.end] for callout in note.callouts],
        "tasks": [[task.state, task.text] for task in note.tasks],
        "done": [task.done for task in note.tasks],
        "fields": [[field.key, field.value] for field in note.fields],
        "footnotes": [[footnote.label, footnote.text] for footnote in note.footnotes],
        "highlights": [note.text[span.start : span.end] for span in note.highlights],
        "comments": [note.text[span.start : span.end] for span in note.comments],
        "cssclasses": list(note.cssclasses),
        "types": {name: property_type(name, value, {}) for name, value in note.properties.items()},
        "date": note.date.isoformat() if note.date else None,
        "withheld": note.withheld,
        "local": note.local,
        "problems": [problem.code for problem in note.problems],
    }
    return {field: everything[field] for field in fields}


def _callout(callout: Callout) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": callout.type}
    for field in ("title", "fold"):
        if (value := getattr(callout, field)) is not None:
            shown[field] = value
    return shown


def _link(link: Link) -> dict[str, Any]:
    shown: dict[str, Any] = {"target": link.target}
    for field in ("heading", "block", "alias"):
        if (value := getattr(link, field)) is not None:
            shown[field] = value
    if link.embed:
        shown["embed"] = True
    if link.style == "markdown":
        shown["style"] = "markdown"
    return shown
