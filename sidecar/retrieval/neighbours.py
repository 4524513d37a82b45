"""Hits become stretches: the chunks of one note that are read together, and what stands around a hit that is cut off.

What is joined: hits that follow each other; a short note, whole; and to the first hits, where a long section was cut
into chunks, the chunk before or behind. A neighbour is of the same note and so obeys the same filters and the same rule
of privacy. Reads the index; what has changed in it since the search is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import apsw

from sidecar.index import records
from sidecar.index.records import ChunkRecord
from sidecar.retrieval.hit import Hit, linked
from sidecar.retrieval.leads import lead_of
from sidecar.retrieval.sections import begins_section, sections_within

# Some 300 tokens: about four bytes of UTF-8 each, in every script.
SHORT_BYTES = 1_200
"""A note with no more text than this is read whole."""
_SHORT_CHUNKS = 12
# How many of the best hits get their neighbours: each may be as long as the hit itself, and a model on a processor
# reads some hundred tokens a second.
_CONTINUED = 3
_MOST_BEFORE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class StretchSection:
    """A section that begins in a stretch, at a line of the note."""

    heading_path: tuple[str, ...]
    link: str
    start_line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Chunks of one note that follow each other, in its order, with the hits among them."""

    chunks: tuple[ChunkRecord, ...]
    hits: tuple[Hit, ...]
    link: str
    """Leads to the section in which the first chunk begins."""
    sections: tuple[StretchSection, ...] = ()
    lead: str = ""
    """What of the note in front of it its text depends on."""
    local: bool = False


def stretches(connection: apsw.Connection, hits: Sequence[Hit]) -> list[Stretch]:
    """The stretches that hits, given best first, belong to, in the order of their best hits."""
    chunks = _around(connection, hits)
    found = [stretch for group in _groups(hits) for stretch in _runs(group, chunks)]
    rank = {id(hit): place for place, hit in enumerate(hits)}
    found.sort(key=lambda stretch: min(rank[id(hit)] for hit in stretch.hits))
    return _with_links(connection, [_with_lead(connection, stretch) for stretch in found])


def _groups(hits: Sequence[Hit]) -> list[list[Hit]]:
    groups: dict[tuple[int, bool], list[Hit]] = {}
    for hit in hits:
        groups.setdefault((hit.chunk.note.id, hit.mentioned), []).append(hit)
    return list(groups.values())


def _around(connection: apsw.Connection, hits: Sequence[Hit]) -> dict[int, ChunkRecord]:
    """What stands around the hits and is to be read with them, by chunk."""
    ranked = [hit.chunk for hit in hits if not hit.mentioned]
    mentioned = {hit.chunk.id for hit in hits if hit.mentioned}
    near = records.chunks_by_id(connection, _near_ids(connection, ranked))
    by_place = {(chunk.note.id, chunk.ordinal): chunk for chunk in near.values()}
    # A chunk that is another by now, in an index made anew, says nothing of what stands around it.
    known = [chunk for chunk in ranked if _unchanged(near.get(chunk.id), chunk)]
    found = {chunk.id: chunk for chunk in ranked} | {chunk.id: near[chunk.id] for chunk in known}
    for place, chunk in enumerate(known):
        whole = _short_note([each for each in near.values() if each.note.id == chunk.note.id])
        wanted = whole or (_continued(chunk, by_place) if place < _CONTINUED else ())
        found.update((each.id, each) for each in wanted if each.id not in mentioned | found.keys())
    return found


def _near_ids(connection: apsw.Connection, chunks: Sequence[ChunkRecord]) -> list[int]:
    """The chunks next to these, and all those of notes that have few."""
    places = json.dumps([[chunk.note.id, chunk.ordinal] for chunk in chunks])
    rows = connection.execute(
        "SELECT DISTINCT c.id FROM json_each(?) j CROSS JOIN chunks c ON c.note_id = j.value ->> 0"
        " WHERE c.ordinal < ? AND NOT EXISTS"
        " (SELECT 1 FROM chunks o WHERE o.note_id = c.note_id AND o.ordinal >= ?)"
        " OR c.ordinal BETWEEN (j.value ->> 1) - 1 AND (j.value ->> 1) + 1",
        (places, _SHORT_CHUNKS, _SHORT_CHUNKS),
    )
    return [row for (row,) in rows]


def _unchanged(now: ChunkRecord | None, then: ChunkRecord) -> bool:
    return now is not None and (now.note.path, now.ordinal, now.text) == (then.note.path, then.ordinal, then.text)


def _short_note(chunks: Sequence[ChunkRecord]) -> list[ChunkRecord]:
    """The chunks of a note when they are all there and short together; its properties stand in front of it anyway."""
    ordered = sorted(chunks, key=lambda chunk: chunk.ordinal)
    whole = [chunk.ordinal for chunk in ordered] == list(range(len(ordered))) and len(ordered) < _SHORT_CHUNKS
    size = sum(len(chunk.text.encode("utf-8", "replace")) for chunk in ordered)
    return [chunk for chunk in ordered if not _is_properties(chunk)] if whole and size <= SHORT_BYTES else []


def _is_properties(chunk: ChunkRecord) -> bool:
    name, colon, _ = chunk.text.partition(":")
    return chunk.ordinal == 0 and bool(colon) and not chunk.heading_path and name.strip() in chunk.note.properties


def _continued(chunk: ChunkRecord, by_place: Mapping[tuple[int, int], ChunkRecord]) -> Iterator[ChunkRecord]:
    """The chunks before and behind in the same section."""
    before = by_place.get((chunk.note.id, chunk.ordinal - 1))
    behind = by_place.get((chunk.note.id, chunk.ordinal + 1))
    if before is not None and _continues(before, chunk):
        yield before
    if behind is not None and _continues(chunk, behind):
        yield behind


def _continues(one: ChunkRecord, other: ChunkRecord) -> bool:
    """Whether the section of a chunk goes on in the one behind it."""
    same = one.heading_path == other.heading_path and not begins_section(other)
    return same and not _is_properties(one) and other.start_line - one.end_line <= 2


def _runs(group: Sequence[Hit], chunks: Mapping[int, ChunkRecord]) -> Iterator[Stretch]:
    """The runs of chunks of one note, each with at least one hit in it."""
    note = group[0].chunk.note.id
    hits = {hit.chunk.ordinal: hit for hit in group}
    others = {chunk.ordinal: chunk for chunk in chunks.values() if chunk.note.id == note and not group[0].mentioned}
    # As the index has them now: a note may have come to stay on this machine since the search.
    placed = {ordinal: hit.chunk for ordinal, hit in hits.items()} | others
    run: list[ChunkRecord] = []
    for ordinal in [*sorted(placed), None]:
        if run and (ordinal is None or ordinal != run[-1].ordinal + 1):
            found = tuple(hits[chunk.ordinal] for chunk in run if chunk.ordinal in hits)
            if found:
                yield _stretch(run, found)
            run = []
        if ordinal is not None:
            run.append(placed[ordinal])


def _stretch(chunks: Sequence[ChunkRecord], hits: tuple[Hit, ...]) -> Stretch:
    local = any(chunk.note.local is not None for chunk in chunks)
    return Stretch(chunks=tuple(chunks), hits=hits, link=hits[0].link, local=local)


def _with_lead(connection: apsw.Connection, stretch: Stretch) -> Stretch:
    first = stretch.chunks[0]
    if first.ordinal == 0 or begins_section(first):
        return stretch
    return replace(stretch, lead=lead_of("\n".join(_before(connection, first)), first.text))


def _before(connection: apsw.Connection, chunk: ChunkRecord) -> list[str]:
    """The texts of the same section in front of a chunk, in order."""
    rows = connection.execute(
        "SELECT id FROM chunks WHERE note_id = ? AND ordinal < ? ORDER BY ordinal DESC LIMIT ?",
        (chunk.note.id, chunk.ordinal, _MOST_BEFORE),
    )
    found = records.chunks_by_id(connection, [row for (row,) in rows])
    ordered = sorted((*found.values(), chunk), key=lambda each: each.ordinal, reverse=True)
    texts: list[str] = []
    for behind, one in pairwise(ordered):
        if one.note.path != chunk.note.path or not _continues(one, behind):
            break
        texts.insert(0, one.text)
    return texts


def _with_links(connection: apsw.Connection, found: Sequence[Stretch]) -> list[Stretch]:
    """Give each stretch the link of its beginning, and its sections theirs, in one look at the index."""
    wanted = [_beginnings(stretch) for stretch in found]
    told = linked(connection, [Hit(chunk=chunk, score=0.0, link="") for each in wanted for chunk, _ in each])
    links = iter(hit.link for hit in told)
    complete = []
    for stretch, beginnings in zip(found, wanted, strict=True):
        first, *sections = (
            StretchSection(heading_path=chunk.heading_path, link=next(links), start_line=line)
            for chunk, line in beginnings
        )
        several = len({section.link for section in sections} | {first.link}) > 1
        complete.append(replace(stretch, link=first.link, sections=tuple(sections) if several else ()))
    return complete


def _beginnings(stretch: Stretch) -> list[tuple[ChunkRecord, int]]:
    """The first chunk under its own heading, then, as chunks of their own, the sections that begin in the stretch."""
    sections = [
        (replace(chunk, heading_path=path), chunk.start_line + line)
        for chunk in stretch.chunks
        for line, path in sections_within(chunk)
    ]
    first = stretch.chunks[0]
    return [(first, first.start_line), *(sections if len(stretch.chunks) > 1 or len(sections) > 1 else [])]
