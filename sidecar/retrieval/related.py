"""Notes related to a note: what its vectors, its words, its links and its tags lead to, as one list with reasons."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import apsw
import numpy as np

from sidecar.index import lexical, records, vectors
from sidecar.index.codes import Codes
from sidecar.index.leaving import LeavingCounts, staying_notes
from sidecar.index.lexical import TermCounts
from sidecar.index.records import ChunkRecord
from sidecar.retrieval.fusion import similarity_above
from sidecar.retrieval.hit import Found, Hit, linked
from sidecar.retrieval.kinship import Kin, kin_of, names_of
from sidecar.retrieval.telling import TellingWords, as_written, telling_words

# Chosen by hiding each link of four vaults and looking for its target (docs/decisions/0025).
_VECTORS = 0.3
_SHARED = 0.25
_LINKED = 0.05
# What is shared counts half when it weighs as much as two targets that no third note links to.
_HALF_SHARED = 2.0
_CANDIDATES = 60
_MOST_KIN = 30
# Of a note that is akin and nothing else; its best piece is rarely behind them.
_MOST_PIECES = 3
_MOST_OWN = 1_000
_MOST_NAMED = 3
_MOST_WORDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """What takes part, so that each one's share can be measured by leaving it out."""

    vectors: bool = True
    words: bool = True
    graph: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """A related note by its best chunk. `hit.found` knows `vectors`, `words`, `links`, `shared links` and `tags`."""

    hit: Hit
    links_to: bool
    """Whether the note that was asked about links to it."""
    linked_from: bool
    """Whether it links to the note that was asked about."""

    @property
    def linked(self) -> bool:
        return self.links_to or self.linked_from


def related_notes(
    connection: apsw.Connection,
    path: str,
    *,
    limit: int,
    codes: Codes,
    counts: TermCounts,
    lanes: Lanes = Lanes(),  # frozen
    leaving: bool = False,
) -> list[Related]:
    """The notes most related to the one at `path`, best first, each once; scores are in [0, 1]. `leaving`: as if there
    were none of the notes that stay on this machine.

    Left out are the note itself, its parts, the file it is a part of, and images.
    """
    own = _own(connection, path)
    chunk_ids = _chunk_ids(connection, own)
    totals = lexical.totals(connection)
    staying = staying_notes(connection) if leaving else frozenset()
    counts = LeavingCounts(counts) if leaving else counts
    streams = list(lexical.streams_of(connection, chunk_ids if lanes.words else []).values())
    words = telling_words(connection, streams, totals=totals, counts=counts)
    near = _near(connection, chunk_ids, codes, limit=limit) if lanes.vectors else None
    kin = kin_of(connection, own, without=staying) if lanes.graph else {}
    akin = {note: _akin(each) for note, each in kin.items()}
    candidates = [
        *(near.similarities if near else ()),
        *words.candidates(connection, totals, limit=max(_CANDIDATES, 2 * limit) + len(chunk_ids)),
        *_pieces(connection, sorted(akin, key=lambda note: -akin[note])[: max(_MOST_KIN, 2 * limit)]),
    ]
    notes = records.notes_of_chunks(connection, dict.fromkeys(candidates))
    left_out = staying.union(own)
    admitted = [row for row, (note, kind) in notes.items() if note not in left_out and kind != "image"]
    scored = _Scored.of(connection, admitted, near=near, words=words, lengths=totals.lengths)
    best = _best(scored, {row: notes[row][0] for row in admitted}, akin)
    order = _ordered(connection, best, path, limit=limit)
    return _told(connection, order, scored=scored, kin=kin, words=words, own=chunk_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Near:
    """The note's mean vector, the cosines of the chunks nearest to it, and that of a chance neighbour."""

    centre: np.ndarray
    similarities: Mapping[int, float]
    background: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scored:
    """What the candidates' content says, by chunk."""

    content: Mapping[int, float]
    shares: Mapping[int, tuple[float, tuple[str, ...]]]
    similarities: Mapping[int, float]

    @classmethod
    def of(
        cls,
        connection: apsw.Connection,
        rows: Sequence[int],
        *,
        near: _Near | None,
        words: TellingWords,
        lengths: Mapping[str, float],
    ) -> _Scored:
        shares = {
            row: words.score(streams, usual_length=lengths.get(streams.language, 1.0))
            for row, streams in lexical.streams_of(connection, rows if words.weights else []).items()
        }
        similarities: dict[int, float] = {}
        if near is not None:
            missing = [row for row in rows if row not in near.similarities]
            known = {row: near.similarities[row] for row in rows if row in near.similarities}
            similarities = {**known, **vectors.similarities(connection, near.centre, missing)}
        weight = _VECTORS if words.weights else 1.0
        content = {}
        for row in rows:
            content[row] = shares[row][0] if row in shares else 0.0
            if near is not None:
                above = similarity_above(similarities.get(row, near.background), near.background)
                content[row] = (1 - weight) * content[row] + weight * above
        return cls(content=content, shares=shares, similarities=similarities)


def _own(connection: apsw.Connection, path: str) -> list[int]:
    """The note, its parts and the file that it is a part of."""
    rows = connection.execute(
        "SELECT o.id FROM notes n JOIN notes o ON o.id IN (n.id, n.part_of) OR o.part_of = n.id WHERE n.path = ?",
        (path,),
    )
    return [note for (note,) in rows]


def _chunk_ids(connection: apsw.Connection, notes: Iterable[int]) -> list[int]:
    rows = connection.execute(
        "SELECT id FROM chunks WHERE note_id IN (SELECT value FROM json_each(?)) ORDER BY note_id, ordinal LIMIT ?",
        (json.dumps(list(notes)), _MOST_OWN),
    )
    return [row for (row,) in rows]


def _near(connection: apsw.Connection, own: Sequence[int], codes: Codes, *, limit: int) -> _Near | None:
    stored = vectors.vectors_of(connection, own)
    centre = np.mean(list(stored.values()), axis=0) if stored else np.zeros(1)
    length = float(np.linalg.norm(centre))
    if not length:
        return None
    most = max(_CANDIDATES, 2 * limit) + len(stored)
    found = vectors.nearest(connection, codes, centre / length, limit=most, within=None)
    return _Near(
        centre=centre / length,
        similarities={match.chunk_id: match.similarity for match in found if match.chunk_id not in stored},
        # When all there is was found, the last one is no chance neighbour of many.
        background=found[-1].similarity if len(found) == most else 0.0,
    )


def _pieces(connection: apsw.Connection, notes: Sequence[int]) -> list[int]:
    """The first chunks of notes."""
    rows = connection.execute(
        "SELECT id FROM chunks WHERE note_id IN (SELECT value FROM json_each(?)) AND ordinal < ?",
        (json.dumps(list(notes)), _MOST_PIECES),
    )
    return [row for (row,) in rows]


def _akin(kin: Kin) -> float:
    """What links and tags say, in [0, 1]."""
    shared = kin.shared
    return 1 - (1 - _SHARED * shared / (shared + _HALF_SHARED)) * (1 - _LINKED * kin.linked)


def _best(scored: _Scored, notes: Mapping[int, int], akin: Mapping[int, float]) -> dict[int, float]:
    """The best chunk of each note, with the note's score. Content and graph add up as chances do."""
    chunks: dict[int, int] = {}
    for row in sorted(notes):
        note = notes[row]
        if note not in chunks or scored.content[row] > scored.content[chunks[note]]:
            chunks[note] = row
    return {row: 1 - (1 - scored.content[row]) * (1 - akin.get(note, 0.0)) for note, row in chunks.items()}


def _ordered(
    connection: apsw.Connection, scores: Mapping[int, float], path: str, *, limit: int
) -> list[tuple[ChunkRecord, float]]:
    best = sorted((row for row in scores if scores[row] > 0), key=lambda row: (-scores[row], row))
    # A few more: those that are equal are told apart by their folder.
    chunks = records.chunks_by_id(connection, best[: limit + _MOST_NAMED])
    folder = path.rpartition("/")[0]

    def place(row: int) -> tuple[float, bool, str]:
        other = chunks[row].note.path
        return -round(scores[row], 4), other.rpartition("/")[0] != folder, other

    return [(chunks[row], scores[row]) for row in sorted(chunks, key=place)[:limit]]


def _told(
    connection: apsw.Connection,
    order: Sequence[tuple[ChunkRecord, float]],
    *,
    scored: _Scored,
    kin: Mapping[int, Kin],
    words: TellingWords,
    own: Sequence[int],
) -> list[Related]:
    reasons = _Reasons.of(connection, [chunk for chunk, _ in order], scored=scored, kin=kin, words=words, own=own)
    hits = [
        Hit(
            chunk=chunk,
            score=score,
            link="",
            lexical=scored.shares[chunk.id][0] if chunk.id in scored.shares else None,
            matched=reasons.matched(chunk.id),
            similarity=scored.similarities.get(chunk.id),
            found=tuple(reasons.found(chunk)),
        )
        for chunk, score in order
    ]
    return [
        Related(
            hit=hit,
            links_to=kin[hit.chunk.note.id].links_to if hit.chunk.note.id in kin else False,
            linked_from=kin[hit.chunk.note.id].linked_from if hit.chunk.note.id in kin else False,
        )
        for hit in linked(connection, hits)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reasons:
    """Why notes are related, in words."""

    scored: _Scored
    kin: Mapping[int, Kin]
    by_words: Mapping[int, int]
    by_vector: Mapping[int, int]
    written: Mapping[str, str]
    names: Mapping[str, str]

    @classmethod
    def of(
        cls,
        connection: apsw.Connection,
        chunks: Sequence[ChunkRecord],
        *,
        scored: _Scored,
        kin: Mapping[int, Kin],
        words: TellingWords,
        own: Sequence[int],
    ) -> _Reasons:
        through = [each for chunk in chunks if chunk.note.id in kin for each in kin[chunk.note.id].through]
        return cls(
            scored=scored,
            kin=kin,
            by_words=_ranks({row: share for row, (share, _) in scored.shares.items() if share}),
            by_vector=_ranks(scored.similarities),
            written=as_written(_texts(connection, own), words.language),
            names=names_of(connection, through),
        )

    def matched(self, row: int) -> tuple[str, ...]:
        terms = self.scored.shares.get(row, (0.0, ()))[1]
        return tuple(dict.fromkeys(self.written.get(term, term) for term in terms))

    def found(self, chunk: ChunkRecord) -> Iterable[Found]:
        if chunk.id in self.by_vector:
            yield Found(lane="vectors", rank=self.by_vector[chunk.id])
        if chunk.id in self.by_words:
            yield Found(
                lane="words", rank=self.by_words[chunk.id], detail=", ".join(self.matched(chunk.id)[:_MOST_WORDS])
            )
        akin = self.kin.get(chunk.note.id, Kin())
        if akin.linked:
            said = {"the note links to it": akin.links_to, "it links to the note": akin.linked_from}
            yield Found(lane="links", detail=", ".join(each for each, holds in said.items() if holds))
        rarest = sorted(akin.through, key=lambda each: -each.weight)
        if shared := dict.fromkeys(self.names.get(each.key, each.key) for each in rarest if each.kind != "tag"):
            yield Found(lane="shared links", detail=", ".join(list(shared)[:_MOST_NAMED]))
        if tags := [f"#{each.key}" for each in rarest if each.kind == "tag"]:
            yield Found(lane="tags", detail=", ".join(tags[:_MOST_NAMED]))


def _texts(connection: apsw.Connection, chunk_ids: Sequence[int]) -> Iterable[str]:
    rows = connection.execute(
        "SELECT n.title || char(10) || c.heading_path || char(10) || c.text FROM json_each(?) j"
        " CROSS JOIN chunks c ON c.id = j.value JOIN notes n ON n.id = c.note_id",
        (json.dumps(list(chunk_ids)),),
    )
    return (text for (text,) in rows)


def _ranks(scores: Mapping[int, float]) -> dict[int, int]:
    ordered = sorted(scores, key=lambda row: (-scores[row], row))
    return {row: rank for rank, row in enumerate(ordered, start=1)}
