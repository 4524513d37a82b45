"""One vault opened again and again: with other models, with ones that are gone, with index files left behind."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from sidecar.embedding.measure import TextLimit
from sidecar.embedding.model import EmbeddingModel, Embeddings, TextKind
from sidecar.errors import ConfigError
from sidecar.runtime.opening import open_vault
from sidecar.runtime.vaults import OpenVault


class NamedModel:
    """Embeds everything alike; its fingerprint is what the test says."""

    def __init__(self, name: str, fingerprint: str) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.queries: list[str] = []

    async def dimensions(self) -> int:
        return 4

    async def text_limit(self) -> TextLimit:
        return TextLimit()

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        if kind == "query":
            self.queries.extend(texts)
        return Embeddings(vectors=np.eye(4, dtype=np.float32)[[0] * len(texts)], token_counts=(1,) * len(texts))

    async def aclose(self) -> None:
        """Nothing to close."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    vault = tmp_path / "vault"
    vault.mkdir()
    (vault / "Aunt Rosa.md").write_text("---\naliases: [Rosalind]\n---\nShe lives in Oslo.", encoding="utf-8")
    (vault / "Boat.md").write_text("The aardvark rows.", encoding="utf-8")
    return vault


@asynccontextmanager
async def opened(
    folder: Path, model: NamedModel | None, *, before: EmbeddingModel | ConfigError | None = None
) -> AsyncIterator[OpenVault]:
    def reopen(_name: str) -> EmbeddingModel | None:
        if isinstance(before, ConfigError):
            raise before
        return before

    vault = await open_vault(
        folder,
        name="vault",
        data_dir=folder.parent / "data",
        embedding=model,
        embedding_name=model.name if model else "none",
        reopen_embedding=reopen,
        exclude=(),
    )
    try:
        yield vault
    finally:
        await vault.aclose()


def index_files(folder: Path) -> list[Path]:
    return sorted((folder.parent / "data").glob("vaults/*/index-*.db"))


@pytest.mark.anyio
async def test_words_serve_while_the_model_of_the_index_before_is_gone(folder: Path) -> None:
    async with opened(folder, NamedModel("remote", "1")) as vault:
        await vault.index(accept_removals=False)

    gone = ConfigError("There is no upstream any more.")
    async with opened(folder, NamedModel("local", "2"), before=gone) as vault:
        assert [hit["path"] for hit in await vault.search("aardvark")] == ["Boat.md"]
        await vault.index(accept_removals=False)
        assert (await vault.status())["rebuilding"] is False
    assert len(index_files(folder)) == 1


@pytest.mark.anyio
async def test_a_model_that_has_changed_under_its_name_is_not_asked_about_older_vectors(folder: Path) -> None:
    async with opened(folder, NamedModel("same", "1")) as vault:
        await vault.index(accept_removals=False)

    changed = NamedModel("same", "2")
    async with opened(folder, NamedModel("other", "3"), before=changed) as vault:
        assert [hit["path"] for hit in await vault.search("aardvark")] == ["Boat.md"]
    assert changed.queries == []


@pytest.mark.anyio
async def test_an_index_left_unfinished_for_another_model_does_not_keep_text_for_ever(folder: Path) -> None:
    one = NamedModel("one", "1")
    async with opened(folder, one) as vault:
        await vault.index(accept_removals=False)
    async with opened(folder, NamedModel("two", "2"), before=one) as vault:
        await vault.indexer.reconcile()
    assert len(index_files(folder)) == 2

    async with opened(folder, one) as vault:
        await vault.index(accept_removals=False)
    (left,) = index_files(folder)
    (folder / "Boat.md").unlink()
    async with opened(folder, one) as vault:
        await vault.index(accept_removals=False)
    assert b"aardvark" not in left.read_bytes()


@pytest.mark.anyio
async def test_a_note_is_mentioned_by_its_alias_and_a_list_of_hits_is_as_long_as_asked(folder: Path) -> None:
    (folder / "Long.md").write_text("\n\n".join(f"# Part {n}\n\n{'word ' * 150}" for n in range(9)), encoding="utf-8")
    async with opened(folder, None) as vault:
        await vault.index(accept_removals=False)
        (hit,) = await vault.search("where does [[rosalind]] live?", explain=True)
        assert hit["path"] == "Aunt Rosa.md"
        assert hit["why"]["mentioned"]
        assert len(await vault.search("[[Long]]", limit=3)) == 3


@pytest.mark.anyio
async def test_brackets_that_name_no_property_filter_nothing(folder: Path) -> None:
    (folder / "Task.md").write_text("---\nstatus: open\n---\nFeed the aardvark.", encoding="utf-8")
    async with opened(folder, None) as vault:
        await vault.index(accept_removals=False)
        assert len(await vault.search("who [sic] is the aardvark")) == 2
        assert [hit["path"] for hit in await vault.search("aardvark [status]")] == ["Task.md"]
        assert await vault.search("aardvark [nothing:such]") == []


@pytest.mark.anyio
async def test_a_query_full_of_names_that_no_note_has_is_answered_at_once(folder: Path) -> None:
    for number in range(600):
        (folder / f"N{number}.md").write_text("", encoding="utf-8")
    async with opened(folder, None) as vault:
        await vault.index(accept_removals=False)
        begun = time.perf_counter()
        assert await vault.search(" ".join(f"[[no{number}]]" for number in range(600))) == []
        # Reading all names again for each of the 600 took 4 s here.
        assert time.perf_counter() - begun < 1.5
