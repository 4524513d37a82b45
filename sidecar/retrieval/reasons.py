"""Why a hit was found beside its words and its vector: the name, the days and the link that brought it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import apsw

from sidecar.index.names import name_key
from sidecar.index.records import ChunkRecord, notes_by_id
from sidecar.retrieval.hit import Found
from sidecar.retrieval.special import Special


def special_lanes(special: Special, chunk: ChunkRecord) -> Iterator[Found]:
    """The lanes of names and days that a chunk is in: `names` with the name as its note has it, `dates` with the day
    of its note, `days` with those that its text mentions.
    """
    note = chunk.note
    if note.id in special.named:
        own = (name for name in (note.title, *note.aliases) if name_key(name) == special.named[note.id])
        yield Found(lane="names", detail=next(own, special.named[note.id]))
    if note.id in special.dated:
        yield Found(lane="dates", detail=note.date)
    if any(chunk.start_line <= line <= chunk.end_line for line in special.saying.get(note.id, ())):
        yield Found(lane="days", detail=special.days)


def linking_paths(connection: apsw.Connection, linking: Mapping[int, int], notes: Collection[int]) -> Mapping[int, str]:
    """The paths of the notes whose link raised these `notes`, by the latter; `linking` has the ids of both."""
    sources = {note: linking[note] for note in notes if note in linking}
    if not sources:
        return {}
    found = notes_by_id(connection, sources.values())
    return {note: found[source].path for note, source in sources.items() if source in found}
