"""Small vaults written as Markdown, in a real index, with the retriever that searches them."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sidecar.chunking import chunk_note
from sidecar.embedding.measure import TextLimit
from sidecar.embedding.model import EmbeddingModel, Embeddings, TextKind
from sidecar.index import graph, store
from sidecar.index.database import Database
from sidecar.index.schema import fingerprint
from sidecar.index.shelf import open_index
from sidecar.index.store import NoteEntry
from sidecar.index.streams import streams_of
from sidecar.index.vectors import chunks_to_embed, store_vectors
from sidecar.language.identification import languages_of_sections
from sidecar.notes.reading import read_note
from sidecar.retrieval.hit import Hit
from sidecar.retrieval.lanes import Lanes
from sidecar.retrieval.query import Query, parse_query
from sidecar.retrieval.retriever import Retriever
from tests.index.entries import entry_of

ALL = Lanes()
TODAY = dt.date(2024, 3, 20)
"""A Wednesday."""
_DIMENSIONS = 64


class Nonsense:
    """The worst model: the vector of a text is a chance one, the same whenever it is asked."""

    name = "nonsense"
    fingerprint = "nonsense"
    on_this_machine = True

    async def dimensions(self) -> int:
        return _DIMENSIONS

    async def text_limit(self) -> TextLimit:
        return TextLimit()

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        rows = np.asarray([self.row(text) for text in texts], dtype=np.float32).reshape(len(texts), _DIMENSIONS)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        return Embeddings(vectors=rows, token_counts=(1,) * len(texts))

    async def aclose(self) -> None:
        """Nothing to close."""

    def row(self, text: str) -> np.ndarray:
        return _chance(text)


class Knowing(Nonsense):
    """The best model: texts that are about the same thing, as `about` says, lie in one direction; others anywhere."""

    name = "knowing"
    fingerprint = "knowing"
    on_this_machine = True

    def __init__(self, about: Mapping[str, str]) -> None:
        self._about = about

    def row(self, text: str) -> np.ndarray:
        subjects = {subject for word, subject in self._about.items() if word in text.casefold()}
        return sum((_chance(subject) for subject in subjects), start=0.05 * _chance(text))


def _chance(text: str) -> np.ndarray:
    return np.random.default_rng(list(text.encode())).standard_normal(_DIMENSIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """A vault of which questions are asked."""

    database: Database
    retriever: Retriever
    model: EmbeddingModel | None

    async def search(self, text: str, *, limit: int = 10, lanes: Lanes = ALL) -> list[Hit]:
        return await self.ask(parse_query(text), limit=limit, lanes=lanes)

    async def ask(self, query: Query, *, limit: int = 10, lanes: Lanes = ALL) -> list[Hit]:
        hits = await self.retriever.search(query, limit=limit, lanes=lanes)
        first = sum(hit.pinned for hit in hits)
        assert all(0 < hit.score <= 1 for hit in hits)
        assert [hit.score for hit in hits[first:]] == sorted((hit.score for hit in hits[first:]), reverse=True)
        return hits

    async def paths(self, text: str, *, limit: int = 10, lanes: Lanes = ALL) -> list[str]:
        """Paths of the hits, each once, in order."""
        return list(dict.fromkeys(hit.chunk.note.path for hit in await self.search(text, limit=limit, lanes=lanes)))

    async def best(self, text: str, *, lanes: Lanes = ALL) -> Hit:
        return (await self.search(text, lanes=lanes))[0]

    async def score(self, text: str, path: str, *, lanes: Lanes = ALL) -> float:
        """The best score of a note's chunks, 0 when it is not found."""
        hits = await self.search(text, limit=50, lanes=lanes)
        return max((hit.score for hit in hits if hit.chunk.note.path == path), default=0.0)


@asynccontextmanager
async def opened(
    folder: Path,
    notes: Mapping[str, str],
    *,
    model: EmbeddingModel | None = None,
    vector_weight: float = 0.25,
    language: str | None = "recognised",
    today: dt.date = TODAY,
) -> AsyncIterator[Vault]:
    """The notes, by path, in an index; each in its recognised language or all in one."""
    database = await open_index(folder, fingerprint(reading="test", embedding=model.name if model else "none"))
    entries = [entry(path, markdown, language=language) for path, markdown in notes.items()]
    await database.write(lambda connection: [store.replace_note(connection, each) for each in entries])
    await settle(database, model)
    retriever = Retriever(lambda: database, lambda: model, vector_weight=vector_weight, today=lambda: today)
    try:
        yield Vault(database=database, retriever=retriever, model=model)
    finally:
        await database.aclose()


def entry(path: str, markdown: str, *, language: str | None = "recognised") -> NoteEntry:
    """What the index is given for a note."""
    note = read_note(path, markdown.encode("utf-8"))
    chunks = chunk_note(note)
    texts = [chunk.text for chunk in chunks]
    languages = languages_of_sections(texts) if language == "recognised" else [language] * len(texts)
    return replace(entry_of(note, chunks), streams=streams_of(note, chunks, languages))


async def settle(database: Database, model: EmbeddingModel | None) -> None:
    """Give every chunk its vector and every link its target."""
    while await database.write(lambda connection: graph.relink(connection)):  # has more parameters
        pass
    while model is not None and (todo := await database.read(lambda connection: chunks_to_embed(connection, 500))):
        made = (await model.embed([chunk.text for chunk in todo], kind="passage")).vectors
        await database.write(lambda connection, todo=todo, made=made: store_vectors(connection, todo, made))  # type: ignore[misc]  # mypy cannot infer a lambda's default
