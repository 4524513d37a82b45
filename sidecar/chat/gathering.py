"""Hits become the passages that a prompt holds."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.chat.finding import Notes, find_hits
from sidecar.chat.request import ChatRequest
from sidecar.prompt import Passage
from sidecar.retrieval.hit import Hit


async def find_passages(request: ChatRequest, notes: Notes, *, away: bool = False) -> list[Passage]:
    """The passages for the last user message, as `find_hits` finds them and `gather` puts them together."""
    return await gather(await find_hits(request, notes, away=away), notes)


async def gather(hits: Sequence[Hit], notes: Notes) -> list[Passage]:
    """Make hits into passages, in the order that they are to have in the prompt."""
    return [passage_of(hit, vault=notes.name) for hit in hits]


def passage_of(hit: Hit, *, vault: str) -> Passage:
    """A hit in a vault as the prompt needs it."""
    chunk = hit.chunk
    return Passage(
        vault=vault,
        file=chunk.note.path.rpartition("#")[0] if chunk.note.kind == "row" else None,
        path=chunk.note.path,
        link=hit.link,
        title=chunk.note.title,
        heading_path=chunk.heading_path,
        date=chunk.note.date,
        text=chunk.text,
        start_line=chunk.start_line,
        end_line=chunk.end_line,
        block_ids=chunk.block_ids,
        score=hit.score,
        mentioned=hit.mentioned,
        local=hit.local,
        embedded=tuple(
            passage_of(Hit(chunk=each.chunk, score=hit.score, link=each.link), vault=vault) for each in hit.embedded
        ),
    )
