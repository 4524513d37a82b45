"""Candidates become hits: their lanes fused, boosted and put in one order, and the best of them read and explained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import apsw
import numpy as np

from sidecar.index import records, vectors
from sidecar.index.conditions import MayLeave
from sidecar.index.records import ChunkRecord
from sidecar.language.terms import terms
from sidecar.retrieval.boosts import linked_boosts, named_boosts, with_days
from sidecar.retrieval.candidates import VectorsFound, WordsFound
from sidecar.retrieval.embeds import embedded_in
from sidecar.retrieval.fusion import Scored, fused
from sidecar.retrieval.hit import Embedded, Found, Hit, linked
from sidecar.retrieval.lanes import Lanes
from sidecar.retrieval.mentions import mentioned
from sidecar.retrieval.query import Query
from sidecar.retrieval.reasons import linking_paths, special_lanes
from sidecar.retrieval.trust import trusted

PER_NOTE = 3
"""Most hits of one note."""
# An image's name is short, so that each word of it weighs much; what it shows is rather said in the notes around it.
_IMAGE_SHARE = 0.5
# Puts the note whose name is the whole question before all others, whatever these score.
_FIRST = 10.0
# "What can you do?" matches many a note word for word, and is about none.
_SMALL_TALK = 0.15
# What of the usual weight of vectors a language gets that was not measured.
_UNMEASURED = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """What the vector lane found, and the query's vector."""

    vector: np.ndarray
    found: VectorsFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A search, and how far vectors are trusted in a language that was not measured."""

    query: Query
    limit: int
    lanes: Lanes
    within: Sequence[int] | None
    vector_weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranking:
    """Scores and the weights of vectors by chunk; by note, the note whose link raised it."""

    scores: Mapping[int, float]
    weights: Mapping[int, float]
    linking: Mapping[int, int]


def rank(connection: apsw.Connection, plan: Plan, found: WordsFound, near: Near | None) -> list[Hit]:
    """Mentioned notes, which come whole, then the best candidates: at most `plan.limit`, at most three of one note."""
    named = mentioned(connection, plan.query)
    ranked = _ranked(connection, plan, found, near, without={hit.chunk.id for hit in named})
    # That notes may leave is no filter of the asker's.
    filters = set(plan.query.conditions) - {MayLeave()}
    if not ranked and not named and plan.within and filters and not terms(plan.query.text):
        ranked = _listed(connection, plan.within, plan.limit)
    return [*named, *ranked]


def shown(connection: apsw.Connection, hits: list[Hit]) -> list[Hit]:
    """The hits with what they embed and the links that lead to them."""
    return linked(connection, _with_embeds(connection, hits))


def _ranked(
    connection: apsw.Connection, plan: Plan, found: WordsFound, near: Near | None, *, without: set[int]
) -> list[Hit]:
    similarities = _all_similarities(connection, found, near)
    found.score([row for row in similarities if row not in found.scores], connection, pairs=plan.lanes.phrases)
    notes = records.notes_of_chunks(connection, found.scores)
    ranking = _scores(connection, plan, found, near, similarities, notes)
    scores = ranking.scores
    order = sorted(scores, key=lambda row: (-len(found.phrases.get(row, ())), -scores[row], row))
    # Quoted phrases narrow to the chunks that have them, unless none has.
    holding = [row for row in order if row in found.phrases]
    best = list(_limited(holding or order, scores, notes, limit=plan.limit, without=without))
    # Only what is shown is read whole: decoding all candidates' notes took half of a query's time.
    chunks = records.chunks_by_id(connection, best)
    linking = linking_paths(connection, ranking.linking, {chunk.note.id for chunk in chunks.values()})
    told = _Told(
        found=found,
        similarities=similarities,
        near=near,
        words=plan.lanes.words,
        weights=ranking.weights,
        linking=linking,
    )
    return [told.hit(chunks[row], min(1.0, scores[row])) for row in best if row in chunks]


def _scores(
    connection: apsw.Connection,
    plan: Plan,
    found: WordsFound,
    near: Near | None,
    similarities: Mapping[int, float],
    notes: Mapping[int, tuple[int, str]],
) -> _Ranking:
    trust = trusted(connection)
    # Less than usual: with the words of a few notes there is little that a vector has to make up for.
    unmeasured = plan.vector_weight * _UNMEASURED
    candidates = [
        Scored(
            id=row,
            share=score.share if plan.lanes.words else 0.0,
            similarity=similarities.get(row),
            vector_weight=trust.get(found.languages[row], unmeasured) if plan.lanes.words else 1.0,
        )
        for row, score in found.scores.items()
        if row in notes
    ]
    scores = fused(candidates, background=near.found.background if near else None)
    if not found.words.content:
        # What was quoted is asked for to the letter.
        scores = {row: score * (1.0 if row in found.phrases else _SMALL_TALK) for row, score in scores.items()}
    boosted, linking = _boosted(connection, plan, found, scores, notes)
    weights = {candidate.id: candidate.vector_weight for candidate in candidates} if near else {}
    return _Ranking(scores=boosted, linking=linking, weights=weights)


def _boosted(
    connection: apsw.Connection,
    plan: Plan,
    found: WordsFound,
    scores: Mapping[int, float],
    notes: Mapping[int, tuple[int, str]],
) -> tuple[dict[int, float], dict[int, int]]:
    """The fused scores with what names, days and links add: an order, in which a score may pass 1; and for each note
    that gained by a link, the note that has it.
    """
    special = found.special
    own = {row: notes[row][0] for row in scores}
    telling = {row for row, score in found.scores.items() if not found.words.content.isdisjoint(score.matched)}
    dated = with_days(connection, scores, own, special, telling=telling)
    named = named_boosts(special, found.words)
    gains = linked_boosts(connection, dated, own) if plan.lanes.graph and not special.only_days else {}
    best = max(dated.values(), default=0.0)
    boosted = {}
    for row, score in dated.items():
        note, kind = notes[row]
        raised = score + best * (named.get(note, 0.0) + (gains[note].gain if note in gains else 0.0))
        boosted[row] = (raised + _FIRST * (note in special.whole)) * (_IMAGE_SHARE if kind == "image" else 1.0)
    return boosted, {note: gain.source for note, gain in gains.items()}


def _limited(
    order: Sequence[int],
    scores: Mapping[int, float],
    notes: Mapping[int, tuple[int, str]],
    *,
    limit: int,
    without: set[int],
) -> Iterator[int]:
    seen: dict[int, int] = {}
    given = 0
    for row in order:
        note = notes[row][0]
        if given >= limit or scores[row] <= 0:
            return
        if row in without or seen.get(note, 0) >= PER_NOTE:
            continue
        seen[note] = seen.get(note, 0) + 1
        given += 1
        yield row


def _all_similarities(connection: apsw.Connection, found: WordsFound, near: Near | None) -> dict[int, float]:
    """Cosines of all candidates, those that only the words found included."""
    if near is None:
        return {}
    known = dict(near.found.similarities)
    missing = [row for row in found.scores if row not in known]
    return known | vectors.similarities(connection, near.vector, missing)


class _Told:
    """Makes hits that say which lanes found them, at which rank, and by what of the query."""

    def __init__(
        self,
        *,
        found: WordsFound,
        similarities: Mapping[int, float],
        near: Near | None,
        words: bool,
        weights: Mapping[int, float],
        linking: Mapping[int, str],
    ) -> None:
        """`weights` are those of vectors by chunk; `linking` has by note the path of the one whose link raised it."""
        self._found = found
        self._weights = weights
        self._linking = linking
        self._similarities = similarities
        told = {row: score.share for row, score in found.scores.items() if score.matched and words}
        self._by_words = _ranks(told)
        self._by_vector = _ranks(near.found.similarities) if near else {}

    def hit(self, chunk: ChunkRecord, score: float) -> Hit:
        lexical = self._found.scores[chunk.id]
        phrases = self._found.phrases.get(chunk.id, ())
        return Hit(
            chunk=chunk,
            score=score,
            link="",
            lexical=lexical.share,
            matched=lexical.matched,
            similarity=self._similarities.get(chunk.id),
            vector_weight=self._weights.get(chunk.id),
            pinned=bool(phrases) or chunk.note.id in self._found.special.whole,
            found=tuple(self._lanes(chunk, lexical.matched, phrases)),
        )

    def _lanes(self, chunk: ChunkRecord, matched: Sequence[str], phrases: Sequence[str]) -> Iterator[Found]:
        if chunk.id in self._by_words:
            yield Found(lane="words", rank=self._by_words[chunk.id], detail=", ".join(matched))
        if chunk.id in self._by_vector:
            yield Found(lane="vectors", rank=self._by_vector[chunk.id])
        yield from (Found(lane="phrases", detail=phrase) for phrase in phrases)
        yield from special_lanes(self._found.special, chunk)
        if chunk.note.id in self._linking:
            yield Found(lane="graph", detail=self._linking[chunk.note.id])


def _ranks(scores: Mapping[int, float]) -> dict[int, int]:
    ordered = sorted(scores, key=lambda row: (-scores[row], row))
    return {row: rank for rank, row in enumerate(ordered, start=1)}


def _listed(connection: apsw.Connection, within: Sequence[int], limit: int) -> list[Hit]:
    """A query of filters alone lists what they admit, the first chunk of each note, newest note first."""
    first = records.newest_first_chunks(connection, within, limit=limit)
    chunks = records.chunks_by_id(connection, first)
    return [
        Hit(chunk=chunks[row], score=1.0, link="", found=(Found(lane="filters"),)) for row in first if row in chunks
    ]


def _with_embeds(connection: apsw.Connection, hits: list[Hit]) -> list[Hit]:
    shown = embedded_in(connection, [hit.chunk for hit in hits])
    return [
        replace(hit, embedded=tuple(Embedded(chunk=chunk, link="") for chunk in shown[hit.chunk.id]))
        if hit.chunk.id in shown
        else hit
        for hit in hits
    ]
