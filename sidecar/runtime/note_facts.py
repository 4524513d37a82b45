"""One indexed note as it is told: its text in pieces, its links and the links to it, its days and tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import apsw

from sidecar.citations import obsidian_uri
from sidecar.errors import NoteMissingError
from sidecar.index import records
from sidecar.index.graph import backlinks, outgoing
from sidecar.notes.properties import property_type
from sidecar.runtime.shown import shown_link, shown_span
from sidecar.vault.settings import VaultSettings


def known_note(connection: apsw.Connection, path: str) -> records.NoteRecord:
    """The note at a vault-relative path, however its accents are composed. Raises NoteMissingError."""
    note = records.note_at(connection, path) or records.note_spelled(connection, path)
    if note is None:
        raise NoteMissingError(
            f"There is no indexed note at {path!r}.", hint="`sidecar why` says what became of a file."
        )
    return note


def note_facts(connection: apsw.Connection, path: str, *, vault: str, settings: VaultSettings) -> Mapping[str, Any]:
    """The note as `GET /vault/notes/{path}` gives it; `settings` are those of the vault with that name, which say what
    sorts its properties have. Raises NoteMissingError.
    """
    note = known_note(connection, path)
    return {
        "path": note.path,
        "kind": note.kind,
        "title": note.title,
        "aliases": note.aliases,
        "tags": note.tags,
        "properties": note.properties,
        "property_types": {
            name: property_type(name, value, settings.property_types) for name, value in note.properties.items()
        },
        "date": note.date,
        "date_source": note.date_source,
        "local": note.local,
        "dates": [{"day": day, "line": line} for day, line in records.dates_of(connection, note.id)],
        "tasks": [
            {"state": task.state, "text": task.text, "line": task.line}
            for task in records.tasks_of(connection, note.id)
        ],
        "uri": obsidian_uri(vault, note.path),
        "chunks": [
            {"heading_path": c.heading_path, "text": c.text, "span": shown_span(c.start_line, c.end_line)}
            for c in records.chunks_of(connection, note.path)
        ],
        "links": [
            {"target": link.target, "path": link.path, **shown_link(link)} for link in outgoing(connection, note.path)
        ],
        "backlinks": [{"path": link.source, **shown_link(link)} for link in backlinks(connection, note.path)],
    }
