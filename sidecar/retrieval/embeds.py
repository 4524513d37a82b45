"""What a chunk shows of other notes: the text of the notes, sections and blocks that it embeds, one level deep."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import apsw

from sidecar.index import graph, records
from sidecar.index.graph import StoredLink
from sidecar.index.records import ChunkRecord
from sidecar.notes.links import block_key, fold_path, heading_matches, section_matches

MAX_EMBEDS = 3
MAX_CHARS = 2_000
"""Most characters that a chunk shows of all notes that it embeds together."""
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*")
_LIST_ITEM = re.compile(r"([ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]")


def embedded_in(connection: apsw.Connection, chunks: Sequence[ChunkRecord]) -> dict[int, tuple[ChunkRecord, ...]]:
    """What each of the chunks shows of other notes, by its id; chunks that embed nothing are absent.

    A record's text is the piece that is embedded, cut to what there is room for. Nothing is there twice: neither what
    is among `chunks` nor what an earlier one shows. Notes that are not indexed, and images, show nothing.
    """
    notes: dict[str, list[ChunkRecord]] = {}
    shown = {(chunk.id, chunk.text) for chunk in chunks}
    whole = {chunk.id for chunk in chunks}
    found: dict[int, tuple[ChunkRecord, ...]] = {}
    embedding = graph.notes_with_embeds(connection, {chunk.note.id for chunk in chunks})
    for chunk in chunks:
        if chunk.note.id not in embedding:
            continue
        links = _embeds(connection, chunk)
        for link in links:
            if link.path is not None and link.path not in notes:
                notes[link.path] = records.chunks_of(connection, link.path)
        meant = [piece for link in links for piece in _meant(link, notes[link.path or ""])]
        new = {(piece.id, piece.text): piece for piece in meant if piece.id not in whole}
        if pieces := _fitting([piece for key, piece in new.items() if key not in shown]):
            found[chunk.id] = pieces
            shown.update(new)
    return found


def _embeds(connection: apsw.Connection, chunk: ChunkRecord) -> list[StoredLink]:
    links = graph.embeds_between(connection, chunk.note.id, chunk.start_line, chunk.end_line)
    text = fold_path(chunk.text) if links else ""
    # A long line is cut into several chunks. What a Markdown link says is decoded, and not to be found as it is.
    here = [each for each in links if each.style == "markdown" or fold_path(each.target or each.block or "") in text]
    return here[:MAX_EMBEDS]


def _meant(link: StoredLink, chunks: Sequence[ChunkRecord]) -> Iterator[ChunkRecord]:
    """What an embed means of a note, piece by piece."""
    for piece in _named(link, chunks):
        if piece.text.strip() and piece.note.kind != "image":
            yield piece


def _named(link: StoredLink, chunks: Sequence[ChunkRecord]) -> Iterator[ChunkRecord]:
    if link.block is not None:
        wanted = block_key(link.block)
        holding = (chunk for chunk in chunks if wanted in map(block_key, chunk.block_ids))
        yield from (_block(chunk, wanted) for chunk in holding)
    elif link.heading is not None:
        yield from _section(link.heading, chunks)
    else:
        yield from chunks


def _section(heading: str, chunks: Sequence[ChunkRecord]) -> Iterator[ChunkRecord]:
    """The first section of that heading with all below it."""
    inside = False
    for chunk in chunks:
        path = chunk.heading_path
        if any(section_matches(heading, path[:depth]) for depth in range(1, len(path) + 1)):
            inside = True
            yield chunk
        elif inside:
            return
        elif (part := _section_within(chunk, heading)) is not None:
            inside = True
            yield part


def _section_within(chunk: ChunkRecord, heading: str) -> ChunkRecord | None:
    """The section out of a chunk in which several short ones are joined."""
    lines = chunk.text.split("\n")
    headings = [(number, match) for number, line in enumerate(lines) if (match := _HEADING.fullmatch(line))]
    for number, match in headings:
        if heading_matches(heading, match[2]):
            level = len(match[1])
            end = next((n for n, other in headings if n > number and len(other[1]) <= level), len(lines))
            return replace(_lines(chunk, number, end), heading_path=(*chunk.heading_path, match[2]))
    return None


def _block(chunk: ChunkRecord, block_id: str) -> ChunkRecord:
    """The paragraph or list item out of a chunk, or the whole where it cannot be told."""
    lines = chunk.text.split("\n")
    mark = re.compile(rf"(.*(?:^|\s))?(?:\^|id::[ \t]*){re.escape(block_id)}[ \t]*", re.IGNORECASE)
    place = next((number for number, line in enumerate(lines) if mark.fullmatch(line)), None)
    if place is None:
        return chunk
    start, end = _stretch(lines, place)
    if start == place and end == place + 1 and not (mark.fullmatch(lines[place]) or [""])[1]:
        # On a line of its own it is the id of what stands above.
        above = next((n for n in range(place - 1, -1, -1) if lines[n].strip()), place)
        start, end = _stretch(lines, above)
        return _lines(chunk, start, end)
    item = next((n for n in range(place, start - 1, -1) if _LIST_ITEM.match(lines[n])), None)
    if item is not None:
        start, end = item, next((n for n in range(item + 1, end) if _ends_item(lines[item], lines[n])), end)
    return _lines(chunk, start, end)


def _stretch(lines: Sequence[str], place: int) -> tuple[int, int]:
    """The lines around `place` up to the next blank ones, the last one excluded."""
    start = next((n + 1 for n in range(place, -1, -1) if not lines[n].strip()), 0)
    return start, next((n for n in range(place, len(lines)) if not lines[n].strip()), len(lines))


def _ends_item(first: str, line: str) -> bool:
    item, next_item = _LIST_ITEM.match(first), _LIST_ITEM.match(line)
    return item is not None and next_item is not None and len(next_item[1]) <= len(item[1])


def _lines(chunk: ChunkRecord, start: int, end: int) -> ChunkRecord:
    lines = chunk.text.split("\n")
    return replace(
        chunk,
        text="\n".join(lines[start:end]).rstrip(),
        start_line=chunk.start_line + start,
        end_line=chunk.start_line + max(start, end - 1),
    )


def _fitting(pieces: Sequence[ChunkRecord]) -> tuple[ChunkRecord, ...]:
    kept: list[ChunkRecord] = []
    room = MAX_CHARS
    for piece in pieces:
        if len(piece.text) > room:
            # A piece that fits nowhere is shown by its beginning, any other one whole or not at all.
            if kept:
                break
            text = piece.text[:room]
            piece = replace(piece, text=text, end_line=piece.start_line + text.count("\n"))
        kept.append(piece)
        room -= len(piece.text)
    return tuple(kept)
