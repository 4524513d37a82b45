"""What a search gives back: the chunks that answer a query, with the reasons why, and the link that leads to each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import apsw

from sidecar.index import records
from sidecar.index.graph import links_read_as
from sidecar.index.records import ChunkRecord
from sidecar.language.terms import fold

_UNLINKABLE = re.compile(r"[#|^\[\]]+|%%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """What a hit shows of another note that its chunk embeds. `link` leads to its section."""

    chunk: ChunkRecord
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A lane that found a chunk. `rank` counts from 1 in that lane's own list, where it has one; `detail` says what of
    the query was found: a name, a phrase, a day.
    """

    lane: str
    rank: int | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A chunk that answers the query. Lane values are `None` where the lane did not see it."""

    chunk: ChunkRecord
    score: float
    """In [0, 1]; means the same for every query and vault."""
    link: str
    """Wikilink target that leads to the chunk's section."""
    lexical: float | None = None
    matched: tuple[str, ...] = ()
    similarity: float | None = None
    vector_weight: float | None = None
    """How far vectors were trusted beside the words, in [0, 1]; `None` when there were none."""
    mentioned: bool = False
    pinned: bool = False
    """Whether it has what was asked for to the letter, a name or a phrase: no model moves it from its place."""
    found: tuple[Found, ...] = ()
    embedded: tuple[Embedded, ...] = ()
    """Text of other notes that the chunk shows in Obsidian; it has no part in the score."""

    @property
    def local(self) -> bool:
        """Whether its note stays on this machine."""
        return self.chunk.note.local is not None


def linked(connection: apsw.Connection, hits: Sequence[Hit]) -> list[Hit]:
    """Give each hit, and each text that it embeds, its wikilink target."""
    chunks = [chunk for hit in hits for chunk in (hit.chunk, *(each.chunk for each in hit.embedded))]
    titled = records.paths_titled(connection, {chunk.note.title for chunk in chunks})
    # Only Logseq links to a title that is not the file's name.
    by_title = links_read_as(connection) == "logseq"

    def target(chunk: ChunkRecord) -> str:
        alone = len(titled.get(fold(chunk.note.title), ())) < 2
        return link_target(chunk, by_path=not alone or not (by_title or _named_as_titled(chunk)))

    return [
        replace(
            hit,
            link=target(hit.chunk),
            embedded=hit.embedded and tuple(replace(each, link=target(each.chunk)) for each in hit.embedded),
        )
        for hit in hits
    ]


def link_target(chunk: ChunkRecord, *, by_path: bool) -> str:
    """Wikilink target of a chunk's section, written as Obsidian writes it: no `#|^[]` inside a heading.

    A heading that only repeats the title is left out: it is the whole note. A file that is no Markdown is named with
    its extension, a part of a file by the file's path and its own name.
    """
    note = chunk.note
    if note.kind == "row":
        return note.path
    if note.kind != "markdown":
        name = note.path if by_path else note.path.rpartition("/")[2]
    else:
        name = note.path.removesuffix(".md") if by_path else note.title
    heading = " ".join(_UNLINKABLE.sub(" ", chunk.heading_path[-1]).split()) if chunk.heading_path else ""
    if not heading or fold(heading) == fold(chunk.note.title):
        return name
    return f"{name}#{heading}"


def _named_as_titled(chunk: ChunkRecord) -> bool:
    stem, _, _ = chunk.note.path.rpartition("/")[2].rpartition(".")
    return stem == chunk.note.title
