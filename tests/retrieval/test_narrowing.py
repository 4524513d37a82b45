"""Filters narrow both lanes before they are ranked: nothing else comes up, however well it matches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sidecar.embedding.measure import TextLimit
from sidecar.embedding.model import Embeddings, TextKind
from sidecar.index import store
from sidecar.index.schema import fingerprint
from sidecar.index.shelf import open_index
from sidecar.index.vectors import chunks_to_embed, store_vectors
from sidecar.retrieval.query import add_filters, parse_query
from sidecar.retrieval.retriever import Retriever
from tests.index.entries import make_entry


class OneDirection:
    """Gives every text the same vector, so that the vector lane would find every note."""

    name = "one direction"
    fingerprint = "one direction"
    on_this_machine = True

    async def dimensions(self) -> int:
        return 4

    async def text_limit(self) -> TextLimit:
        return TextLimit()

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        return Embeddings(vectors=np.eye(4, dtype=np.float32)[[0] * len(texts)], token_counts=(1,) * len(texts))

    async def aclose(self) -> None:
        """Nothing to close."""


@pytest.fixture(params=["words", "words and vectors"])
async def retriever(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Retriever]:
    database = await open_index(tmp_path, fingerprint(reading="test", embedding="test"))
    model = OneDirection() if request.param == "words and vectors" else None
    for entry in (
        make_entry("Work/Boiler.md", ["the boiler at work"], tags=("work/heating",), properties={"status": "done"}),
        make_entry("Home/Boiler at home.md", ["boiler boiler boiler, the boiler"], tags=("home",)),
        make_entry("Home/Garden.md", ["beans and peas"], tags=("home",), properties={"status": "open"}),
    ):
        await database.write(lambda connection, entry=entry: store.replace_note(connection, entry))  # type: ignore[misc]  # mypy cannot infer a lambda's default
    if model is not None:
        todo = await database.read(lambda connection: chunks_to_embed(connection, 10))
        vectors = (await model.embed([chunk.text for chunk in todo], kind="passage")).vectors
        await database.write(lambda connection: store_vectors(connection, todo, vectors))
    yield Retriever(lambda: database, lambda: model, vector_weight=0.25)
    await database.aclose()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("boiler path:Work/", {"Work/Boiler.md"}),
        ("boiler #work", {"Work/Boiler.md"}),
        ("boiler [status:done]", {"Work/Boiler.md"}),
        ("boiler file:home", {"Home/Boiler at home.md"}),
        ("boiler #nowhere", set()),
        ("#home", {"Home/Boiler at home.md", "Home/Garden.md"}),
        ("[status]", {"Work/Boiler.md", "Home/Garden.md"}),
        ("boiler -path:home", {"Work/Boiler.md"}),
        ("boiler -#work", {"Home/Boiler at home.md"}),
        ("boiler -[status]", {"Home/Boiler at home.md"}),
        ("boiler -[status:open OR done]", {"Home/Boiler at home.md"}),
        ('boiler -"at work"', {"Home/Boiler at home.md"}),
        ("boiler -work", {"Home/Boiler at home.md"}),
        ("[status:DONE OR open]", {"Work/Boiler.md", "Home/Garden.md"}),
        ("boiler [sic]", {"Work/Boiler.md", "Home/Boiler at home.md"}),
        ("-boiler", {"Home/Garden.md"}),
    ],
)
@pytest.mark.anyio
async def test_only_what_the_filters_admit_is_found(retriever: Retriever, query: str, found: set[str]) -> None:
    hits = await retriever.search(parse_query(query), limit=10)
    assert {hit.chunk.note.path for hit in hits} == found


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"where": {"type": "eq", "key": "folder", "value": "Home"}}, {"Home/Boiler at home.md"}),
        ({"where": {"type": "ne", "key": "status", "value": "done"}}, {"Home/Boiler at home.md"}),
        ({"properties": {"nowhere": None}}, set()),
        ({"after": "2024-01-01"}, set()),
    ],
)
@pytest.mark.anyio
async def test_filters_of_a_body_narrow_too(retriever: Retriever, filters: dict[str, Any], found: set[str]) -> None:
    hits = await retriever.search(add_filters(parse_query("boiler at"), filters), limit=1)
    assert {hit.chunk.note.path for hit in hits} == found
