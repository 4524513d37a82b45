"""What an answer cites, looked up in the index: the notes and sections that are meant, and their text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import apsw

from sidecar.evaluation.reply import Cited, Reply
from sidecar.evaluation.support import Ground
from sidecar.evaluation.targets import Aim
from sidecar.index import records
from sidecar.index.records import ChunkRecord
from sidecar.inference.model import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Citations:
    """What an answer cites: names as in a ranking, each once, and the text of the passages."""

    names: tuple[str, ...]
    grounds: tuple[Ground, ...]


def look_up(aim: Aim, reply: Reply, connection: apsw.Connection) -> Citations:
    """Find the pieces of notes behind an answer's citations. One that the index does not have counts by its path."""
    names: dict[str, None] = {}
    grounds = []
    for cited in reply.cited:
        note = records.chunks_of(connection, cited.path)
        chunks = [chunk for chunk in note if _overlaps(chunk, cited)]
        names |= dict.fromkeys(_names(aim, cited, chunks))
        grounds.append(_ground(cited, [chunk for chunk in note if _led_to(chunk, cited, chunks)]))
    return Citations(names=tuple(names), grounds=tuple(grounds))


def given_grounds(sources: Iterable[Source]) -> tuple[Ground, ...]:
    """The passages that a model was given."""
    return tuple(
        Ground(text="\n".join([each.title, *each.heading_path, each.date or "", each.text]), link=each.link)
        for each in sources
    )


def _overlaps(chunk: ChunkRecord, cited: Cited) -> bool:
    return chunk.start_line <= cited.end_line and cited.start_line <= chunk.end_line


def _names(aim: Aim, cited: Cited, chunks: Sequence[ChunkRecord]) -> list[str]:
    """The targets that a passage meets; its note where it meets none."""
    met = [target.name for target in (*aim.targets, *aim.unwanted) if any(map(target.met_by, chunks))]
    return met or [cited.path]


def _led_to(chunk: ChunkRecord, cited: Cited, chunks: Sequence[ChunkRecord]) -> bool:
    """Whether a reader who follows the citation finds a piece there: in the section, or in a note cited as a whole."""
    return "#" not in cited.link or chunk.heading_path in {each.heading_path for each in chunks}


def _ground(cited: Cited, chunks: Sequence[ChunkRecord]) -> Ground:
    notes = [each for chunk in chunks[:1] for each in (chunk.note.title, chunk.note.date or "")]
    texts = [each for chunk in chunks for each in (*chunk.heading_path, chunk.text)]
    return Ground(text="\n".join([*notes, *texts, cited.text]), link=cited.link)
