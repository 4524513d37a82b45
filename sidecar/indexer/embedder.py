"""The vectors of an index: chunks that have none yet are embedded, batch by batch. A model on another machine is given
none of the notes that stay on this one; words find those.

What is missing is always read off the index itself, so that an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

import apsw

from sidecar.embedding.model import EmbeddingModel
from sidecar.errors import SidecarError
from sidecar.index import vectors
from sidecar.index.database import Database
from sidecar.indexer.pacing import Pace, Pacing, Stint
from sidecar.indexer.progress import Progress

log = logging.getLogger(__name__)

_BATCH_TEXTS = 128
# With a large model, more of them would be seconds of work on every core before the first rest.
_SLOW_TEXTS = 16
# Counting what is left took 50 ms for 60,000 chunks: too much for each batch of a fast model.
_COUNT_EVERY = 2048


class Embedder:
    """Embeds with one model, or does nothing where there is none."""

    def __init__(
        self, embedding: EmbeddingModel | None, *, pacing: Pacing, progress: Progress, on_change: Callable[[], None]
    ) -> None:
        self._embedding = embedding
        self._pacing = pacing
        self._stint: Stint | None = None
        self._progress = progress
        self._on_change = on_change

    async def embed_missing(self, target: Database) -> bool:
        """Whether every chunk that was there has been embedded. Takes no lock: a vector is stored only when its chunk
        still has the text that was embedded. On battery it goes slowly, or leaves them for later.
        """
        counted = 0
        try:
            while todo := await self.waiting(target, limit=_BATCH_TEXTS):
                self._progress.pace = pace = await self._pacing.now()
                self._progress.vectors_left = pace == "pause"
                if pace == "pause":
                    return False
                counted = await self._count(target, len(todo), counted=counted)
                if self._progress.phase == "idle":
                    self._show("embedding")
                if not await self._embed_at(pace, target, todo):
                    return False
                self._on_change()
            self._progress.embedding_problem = None
            self._progress.vectors_left = False
        finally:
            self._progress.vectors_done = self._progress.vectors_total = 0
            if self._progress.phase == "embedding":
                self._show("idle")
        return True

    async def waiting(self, target: Database, *, limit: int) -> list[vectors.ChunkToEmbed]:
        """The next chunks without a vector that the model may be given."""
        if self._embedding is None:
            return []
        while True:
            away = not self._embedding.on_this_machine
            todo = await target.read(partial(vectors.chunks_to_embed, limit=limit, away=away))
            # Where the model is may become known meanwhile.
            if away != self._embedding.on_this_machine:
                return todo

    async def _count(self, target: Database, following: int, *, counted: int) -> int:
        """Bring the total up to date now and then, as notes come and go meanwhile. `counted` is how many were done when
        it was last; the answer is that number from now on.
        """
        progress = self._progress
        done = progress.vectors_done
        if done and done - counted < _COUNT_EVERY and done + following <= progress.vectors_total:
            return counted
        away = self._embedding is not None and not self._embedding.on_this_machine
        progress.vectors_total = done + await target.read(partial(vectors.count_to_embed, away=away))
        return done

    async def _embed_at(self, pace: Pace, target: Database, todo: Sequence[vectors.ChunkToEmbed]) -> bool:
        if pace == "run":
            return await self._embed(target, todo)
        stint = await self._pacing.work(self._stint)
        done = await self._embed(target, todo[:_SLOW_TEXTS])
        self._stint = await self._pacing.rest(stint)
        return done

    async def _embed(self, target: Database, todo: Sequence[vectors.ChunkToEmbed]) -> bool:
        assert self._embedding is not None
        try:
            embeddings = await self._embedding.embed([chunk.text for chunk in todo], kind="passage")
        except SidecarError as error:
            problem = f"Embedding stopped: {error.message}"
            if problem != self._progress.embedding_problem:
                log.warning("embedding stopped, words still find every note: %s", error.logged)
            self._progress.embedding_problem = problem
            return False

        def write(connection: apsw.Connection) -> None:
            vectors.store_vectors(connection, todo, embeddings.vectors)

        await target.write(write)
        self._progress.vectors_done += len(todo)
        return True

    def _show(self, phase: str) -> None:
        self._progress.phase = phase
        self._on_change()
