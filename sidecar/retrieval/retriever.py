"""The retriever of one vault: takes a query, asks the index by words and by vector, gives hits, best first.

What runs here: one read that does it all, since two threads that both need Python's lock for a millisecond wait longer
for each other than either works. Where there are many vectors to scan, or the query's vector is still being made, the
lanes of words and of vectors run at once, each on a reader's thread with its own connection; then one more read puts
both in one order. Between those reads the index may change: what is gone by then is left out.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from weakref import WeakKeyDictionary

import apsw
import numpy as np

from sidecar.chunking import embedding_text
from sidecar.embedding.model import EmbeddingModel, TextKind
from sidecar.errors import IndexUnavailableError, ModelUnavailableError, SidecarError
from sidecar.index import filters, lexical
from sidecar.index.codes import Codes
from sidecar.index.database import Database
from sidecar.index.lexical import TermCounts, Totals
from sidecar.index.records import ChunkRecord, NoteRecord
from sidecar.rerank.blend import RERANKED, reranked, worth_asking
from sidecar.rerank.model import RerankModel
from sidecar.retrieval.candidates import WordsFound, find_by_vector, find_by_words
from sidecar.retrieval.explain import Absence, absence
from sidecar.retrieval.hit import Found, Hit
from sidecar.retrieval.lanes import Lanes
from sidecar.retrieval.neighbours import Stretch, stretches
from sidecar.retrieval.query import Query
from sidecar.retrieval.ranking import Near, Plan, rank, shown
from sidecar.retrieval.related import Related, related_notes
from sidecar.retrieval.trust import (
    LEAST_SAMPLES,
    Cloze,
    best_weight,
    cloze_samples,
    doubted,
    reciprocal_ranks,
    share_alone,
    tempered,
)

log = logging.getLogger(__name__)

_MOST_LANGUAGES = 6
# Copies of vectors larger than this take longer to scan than handing the scan to another thread does.
_SCANNED_IN_PASSING = 16 * 1024 * 1024
_SAMPLES_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class _Memory:
    """What is kept in memory beside an index."""

    codes: Codes
    counts: TermCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A search as its parts, each of which runs on a reader's thread."""

    plan: Plan
    limit: int
    memory: _Memory
    today: dt.date
    shows: bool
    """Whether the hits are the ones to show, or are ordered again first."""

    def words(self, connection: apsw.Connection) -> WordsFound:
        return find_by_words(
            connection,
            self.plan.query,
            counts=self.memory.counts,
            today=self.today,
            lanes=self.plan.lanes,
            limit=self.limit,
            within=self.plan.within,
        )

    def near(self, connection: apsw.Connection, vector: np.ndarray) -> Near | None:
        codes, within = self.memory.codes, self.plan.within
        found = find_by_vector(connection, vector, codes=codes, limit=self.limit, within=within)
        return None if found is None else Near(vector=vector, found=found)

    def ranked(self, connection: apsw.Connection, found: WordsFound, near: Near | None) -> list[Hit]:
        hits = rank(connection, self.plan, found, near)
        return shown(connection, hits) if self.shows else hits

    def at_once(self, connection: apsw.Connection, vector: np.ndarray | None) -> list[Hit]:
        near = None if vector is None else self.near(connection, vector)
        return self.ranked(connection, self.words(connection), near)


class Retriever:
    """Searches one vault's index. `vector_weight` says how far such an embedding model is usually trusted beside the
    words; how far on this vault is measured.
    """

    def __init__(
        self,
        serving: Callable[[], Database],
        embedding: Callable[[], EmbeddingModel | None],
        *,
        vector_weight: float,
        proven: bool = True,
        rerank: RerankModel | None = None,
        today: Callable[[], dt.date] = dt.date.today,
    ) -> None:
        """`proven` says that `vector_weight` holds in every language; `today` is the day that "last week" is counted
        from.
        """
        self._serving = serving
        self._embedding = embedding
        self._vector_weight = vector_weight
        self._proven = proven
        self._rerank = rerank
        self._today = today
        self._memories: WeakKeyDictionary[Database, _Memory] = WeakKeyDictionary()

    async def search(self, query: Query, *, limit: int, lanes: Lanes = Lanes()) -> list[Hit]:  # noqa: B008  # frozen
        """Hits, best first, at most `limit` and at most three of one note; mentioned notes come whole and first."""
        while True:
            index = self._serving()
            try:
                hits = await self._search(index, query, limit=limit, lanes=lanes)
            except IndexUnavailableError:
                if index is self._serving():
                    raise
                continue
            # While the vector was made, a new index may have been switched to: its vectors mean something else.
            if index is self._serving():
                return hits

    async def stretches(self, hits: Sequence[Hit]) -> list[Stretch]:
        """Hits, given best first, with what stands around them in their notes, in the order of their best."""
        while True:
            index = self._serving()
            try:
                return await index.read(partial(stretches, hits=hits))
            except IndexUnavailableError:
                if index is self._serving():
                    raise

    async def related(self, path: str, *, limit: int, leaving: bool = False) -> list[Related]:
        """Other notes that belong with the one at `path`, each by its best chunk, the most related first. `leaving`: as
        if there were none that stay on this machine.
        """
        index = self._serving()
        memory = self.memory(index)
        return await index.read(
            partial(related_notes, path=path, limit=limit, codes=memory.codes, counts=memory.counts, leaving=leaving)
        )

    async def absence(self, query: Query, note: NoteRecord, *, shown: Sequence[Hit]) -> Absence:
        """Why a note is not among the hits that were shown for a query."""
        index = self._serving()
        explained = partial(
            absence,
            query=query,
            note=note,
            vector=await self._embed(query, Lanes()),
            shown=shown,
            counts=self.memory(index).counts,
            today=self._today(),
        )
        return await index.read(explained)

    async def measure_trust(self, index: Database, *, seconds: float = 60.0) -> dict[str, float] | None:
        """Measure, by language, the weight at which vectors help most. Languages with few chunks are left out, and
        those that a slow model does not reach in about so many seconds.

        `None` when it cannot be measured now: there are no vectors, or the model is away.
        """
        try:
            return await self._measured(index, until=asyncio.get_running_loop().time() + seconds)
        except SidecarError as error:
            log.warning("the vectors' weight was not measured: %s", error.logged)
            return None

    async def _measured(self, index: Database, *, until: float) -> dict[str, float] | None:
        model = self._embedding()
        if model is None or index is not self._serving():
            return None
        memory = self.memory(index)
        totals = await index.read(lexical.totals)
        weights = {}
        for language in totals.languages[:_MOST_LANGUAGES]:
            away = not model.on_this_machine
            samples = await index.read(partial(cloze_samples, language=language, away=away))
            if len(samples) < LEAST_SAMPLES:
                continue
            ranks = []
            for start in range(0, len(samples), _SAMPLES_AT_ONCE):
                if asyncio.get_running_loop().time() > until:
                    break
                batch = samples[start : start + _SAMPLES_AT_ONCE]
                ranks += await self._cloze(index, model, memory, batch, totals, away=away)
            if len(ranks) < LEAST_SAMPLES and asyncio.get_running_loop().time() > until:
                break
            # Texts that have no vector at all get no help from vectors.
            enough = len(ranks) >= LEAST_SAMPLES
            weights[language] = self._weight(ranks) if enough else 0.0
        return weights

    def _weight(self, ranks: Sequence[Sequence[float]]) -> float:
        """The weight of vectors that a sample's reciprocal ranks tell: at each weight and, last, by vectors alone."""
        alone = [row[-1] for row in ranks]
        weight = tempered(best_weight([row[:-1] for row in ranks], alone=alone), usual=self._vector_weight)
        return weight if self._proven else doubted(weight, share_alone(alone, [row[0] for row in ranks]))

    async def _cloze(
        self,
        index: Database,
        model: EmbeddingModel,
        memory: _Memory,
        batch: Sequence[Cloze],
        totals: Totals,
        *,
        away: bool,
    ) -> list[list[float]]:
        queries = await _embedded(model, [sample.sentence for sample in batch], kind="query", away=away)
        rests = await _embedded(model, [sample.rest for sample in batch], kind="passage", away=away)

        def ranked(connection: apsw.Connection) -> list[list[float]]:
            return [
                reciprocal_ranks(
                    connection,
                    sample,
                    query=query,
                    rest=rest,
                    codes=memory.codes,
                    counts=memory.counts,
                    totals=totals,
                )
                for sample, query, rest in zip(batch, queries, rests, strict=True)
                if query.any() and rest.any()
            ]

        return await index.read(ranked)

    def memory(self, index: Database) -> _Memory:
        """What is kept in memory beside an index."""
        return self._memories.setdefault(index, _Memory(Codes(), TermCounts()))

    async def _search(self, index: Database, query: Query, *, limit: int, lanes: Lanes) -> list[Hit]:
        within = await index.read(partial(filters.chunk_ids, conditions=query.conditions)) if query.filtered else None
        reranks = lanes.rerank and self._rerank is not None
        plan = Plan(
            query=query,
            limit=max(limit, 2 * RERANKED) if reranks else limit,
            lanes=lanes,
            within=within,
            vector_weight=self._vector_weight,
        )
        work = _Work(plan=plan, limit=limit, memory=self.memory(index), today=self._today(), shows=not reranks)
        hits = await self._found(index, work)
        if not reranks:
            return hits
        hits = await self._reranked(query.text, hits)
        first = sum(hit.mentioned for hit in hits)
        return await index.read(partial(shown, hits=hits[: first + limit]))

    async def _found(self, index: Database, work: _Work) -> list[Hit]:
        embedding = asyncio.ensure_future(self._embed(work.plan.query, work.plan.lanes))
        try:
            # One turn of the loop is all that the built-in embedding takes.
            await asyncio.sleep(0)
            if embedding.done() and work.memory.codes.nbytes <= _SCANNED_IN_PASSING:
                return await index.read(partial(work.at_once, vector=embedding.result()))
            found, near = await asyncio.gather(index.read(work.words), _near(index, work, embedding))
            return await index.read(partial(work.ranked, found=found, near=near))
        finally:
            embedding.cancel()

    async def _reranked(self, text: str, hits: list[Hit]) -> list[Hit]:
        """The hits in the order that the reranking model gives them; as they were when it is away."""
        assert self._rerank is not None
        scores = [hit.score for hit in hits]
        pinned = [hit.pinned for hit in hits]
        asked = worth_asking(scores, pinned=pinned)
        if not text or len(asked) < 2:
            return hits
        texts = [_rerank_text(hits[place].chunk) for place in asked]
        try:
            relevance = dict(zip(asked, await self._rerank.scores(text, texts), strict=True))
        except SidecarError as error:
            log.warning("the hits of this query are not reranked: %s", error.logged)
            return hits
        new = reranked(scores, [relevance.get(place) for place in range(len(hits))], pinned=pinned)
        ranks = {place: rank for rank, place in enumerate(sorted(asked, key=lambda p: -relevance[p]), start=1)}
        told = [
            replace(hit, score=score, found=(*hit.found, Found(lane="rerank", rank=ranks[place])))
            if place in ranks
            else replace(hit, score=score)
            for place, (hit, score) in enumerate(zip(hits, new, strict=True))
        ]
        # Mentioned notes and those with the phrase stand first, whatever the scores of the others.
        return sorted(told, key=lambda hit: (not hit.pinned, -hit.score))

    async def _embed(self, query: Query, lanes: Lanes) -> np.ndarray | None:
        """The query's vector: that of its text, and of what its conversation adds, at their weights. A model elsewhere
        is not given what an answer adds.
        """
        model = self._embedding() if lanes.vectors else None
        if model is None:
            return None
        heard = query.answered if model.on_this_machine else ()
        parts = [(text, weight) for text, weight in ((query.text, 1.0), *query.context, *heard) if text]
        if not parts:
            return None
        try:
            made: np.ndarray = (await model.embed([text for text, _ in parts], kind="query")).vectors
        except SidecarError as error:
            # A model that is down must not take search with it: words still find notes.
            log.warning("vector search is off for this query: %s", error.logged)
            return None
        if len(parts) == 1:
            vector: np.ndarray = made[0]
            return vector
        summed = np.asarray([weight for _, weight in parts], dtype=np.float32) @ made
        length = float(np.linalg.norm(summed))
        return summed / length if length else None


async def _embedded(model: EmbeddingModel, texts: Sequence[str], *, kind: TextKind, away: bool) -> np.ndarray:
    """Embed what was chosen for a model that is `away` or not. Raises ModelUnavailableError when that has changed."""
    if away == model.on_this_machine:
        raise ModelUnavailableError("It became known that the embedding model is on another machine.")
    vectors: np.ndarray = (await model.embed(texts, kind=kind)).vectors
    return vectors


async def _near(index: Database, work: _Work, embedding: asyncio.Future[np.ndarray | None]) -> Near | None:
    vector = await embedding
    return None if vector is None else await index.read(partial(work.near, vector=vector))


def _rerank_text(chunk: ChunkRecord) -> str:
    return embedding_text(title=chunk.note.title, heading_path=chunk.heading_path, text=chunk.text)
