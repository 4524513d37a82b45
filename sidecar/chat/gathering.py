"""Hits become the passages that a prompt holds: joined where they belong together, each text once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from sidecar.chat.finding import Notes, find_hits
from sidecar.chat.request import ChatRequest
from sidecar.index.records import ChunkRecord
from sidecar.prompt import Matched, Passage, Section, told_properties, with_less_around, without_duplicates
from sidecar.retrieval.hit import Hit
from sidecar.retrieval.neighbours import SHORT_BYTES, Stretch

# What the note hides between two chunks keeps its lines, so that lines can be counted; but not pages of them.
_MOST_LINES_BETWEEN = 40
# Letters of what stands around a hit in its section. On articles cut by length (XQuAD, words alone) this brought one to
# two in a hundred questions their answer, half as much did less, and the whole of both neighbours, at four times the
# tokens, hardly more.
_MOST_AROUND = 400
_UNSPACED = re.compile("[\u0e00-\u0eff\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")


async def find_passages(
    request: ChatRequest, notes: Notes, *, away: bool = False, quoting: bool = False
) -> list[Passage]:
    """The passages for the last user message, as `find_hits` finds them and `gather` puts them together."""
    return await gather(await find_hits(request, notes, away=away, quoting=quoting), notes)


async def gather(hits: Sequence[Hit], notes: Notes) -> list[Passage]:
    """Make hits, given best first, into passages, best first: with what they are read together with, none twice."""
    if not hits:
        return []
    found = await notes.retriever.stretches(hits)
    passages = [_passage_of_stretch(stretch, vault=notes.name) for stretch in found]
    return without_duplicates([_with_enough_around(passage) for passage in passages])


def passage_of(hit: Hit, *, vault: str) -> Passage:
    """A hit in a vault as the prompt needs it."""
    chunk = hit.chunk
    note = chunk.note
    return Passage(
        vault=vault,
        file=note.path.rpartition("#")[0] if note.kind == "row" else None,
        path=note.path,
        link=hit.link,
        title=note.title,
        heading_path=chunk.heading_path,
        date=note.date,
        text=chunk.text,
        start_line=chunk.start_line,
        end_line=chunk.end_line,
        block_ids=chunk.block_ids,
        score=hit.score,
        mentioned=hit.mentioned,
        local=hit.local,
        kind=note.kind,
        tags=note.tags,
        properties=told_properties(
            note.properties, date=note.date, aliases=note.aliases, title=note.title, text=chunk.text
        ),
        embedded=tuple(
            passage_of(Hit(chunk=each.chunk, score=hit.score, link=each.link), vault=vault) for each in hit.embedded
        ),
    )


def _passage_of_stretch(stretch: Stretch, *, vault: str) -> Passage:
    hits = stretch.hits
    text, places = _joined(stretch.chunks)
    start = {chunk.id: place for chunk, place in zip(stretch.chunks, places, strict=True)}
    found = tuple(_matched(hit, start[hit.chunk.id]) for hit in hits)
    first, last = stretch.chunks[0], stretch.chunks[-1]
    best = max(hits, key=lambda hit: hit.score)
    whole = passage_of(replace(best, chunk=replace(first, text=text), link=stretch.link), vault=vault)
    return replace(
        whole,
        end_line=last.end_line,
        block_ids=tuple(name for chunk in stretch.chunks for name in chunk.block_ids),
        local=stretch.local or whole.local,
        embedded=tuple(each for hit in hits for each in passage_of(hit, vault=vault).embedded),
        sections=tuple(
            Section(heading_path=each.heading_path, link=each.link, start_line=each.start_line)
            for each in stretch.sections
        ),
        # A stretch that is all one hit needs no telling which of it is.
        matched=() if len(stretch.chunks) == 1 else found,
        lead=stretch.lead,
    )


def _with_enough_around(passage: Passage) -> Passage:
    short = len(passage.text.encode("utf-8", "replace")) <= SHORT_BYTES
    return passage if short else with_less_around(passage, most=_MOST_AROUND)


def _matched(hit: Hit, start: int) -> Matched:
    return Matched(
        start=start,
        end=start + len(hit.chunk.text),
        heading_path=hit.chunk.heading_path,
        link=hit.link,
        score=hit.score,
    )


def _joined(chunks: Sequence[ChunkRecord]) -> tuple[str, list[int]]:
    """The text of chunks that follow each other, line by line as in the note, and where each begins in it."""
    pieces = [chunks[0].text, *_continuations(chunks)]
    text, places = pieces[0], [0]
    for chunk, piece in zip(chunks[1:], pieces[1:], strict=True):
        text += piece
        places.append(len(text) - len(chunk.text))
    return text, places


def _continuations(chunks: Sequence[ChunkRecord]) -> Iterator[str]:
    for one, other in pairwise(chunks):
        yield _between(one, other) + other.text


def _between(one: ChunkRecord, other: ChunkRecord) -> str:
    lines = min(_MOST_LINES_BETWEEN, other.start_line - one.end_line)
    heading = _heading_between(one, other)
    if heading:
        return "\n" * max(1, lines - 1) + heading + "\n"
    if lines > 0:
        return "\n" * lines
    # A long line that was cut: where blanks part words, one was there, and mostly stands at the cut.
    if one.text[-1:].isspace() or other.text[:1].isspace():
        return ""
    return "" if _UNSPACED.match(one.text[-1:]) and _UNSPACED.match(other.text[:1]) else " "


def _heading_between(one: ChunkRecord, other: ChunkRecord) -> str:
    """The name of a page or card, which is not in its text; that of a section is."""
    if one.note.kind == "markdown" or one.heading_path == other.heading_path or not other.heading_path:
        return ""
    return f"## {other.heading_path[-1]}"
