"""Vectors of GGUF embedding models through llama.cpp."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sidecar.embedding.llama import LlamaEmbeddingModel, Prefixes, prefixes_of
from sidecar.errors import ModelUnavailableError
from sidecar.llama.gguf import read_gguf
from tests.llama.run_options import run_options

pytestmark = pytest.mark.anyio

TEXTS = [
    "the gate code",
    "",
    "a",
    "boots, and a lamp!",
    "漢字 outside the vocabulary",
    "x" * 300,
    "of the cabin " * 40,
] * 6


@asynccontextmanager
async def _model(
    path: Path, *, prefixes: Prefixes | None = None, **options: Any
) -> AsyncGenerator[LlamaEmbeddingModel]:
    model = LlamaEmbeddingModel(path, prefixes=prefixes, options=run_options(**options))
    try:
        yield model
    finally:
        await model.aclose()


async def test_vectors_have_length_one_and_the_model_s_dimensions(tiny_bert_gguf: Path) -> None:
    async with _model(tiny_bert_gguf) as model:
        embeddings = await model.embed(TEXTS, kind="plain")
        assert await model.dimensions() == 64
    assert embeddings.vectors.shape == (len(TEXTS), 64)
    assert embeddings.vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(embeddings.vectors, axis=1), 1, atol=1e-5)
    # [CLS] and [SEP] stand around every text, even an empty one.
    assert embeddings.token_counts[1:3] == (2, 3)


async def test_a_batch_gives_the_vectors_of_single_texts_in_order(tiny_bert_gguf: Path) -> None:
    async with _model(tiny_bert_gguf) as model:
        batch = (await model.embed(TEXTS, kind="plain")).vectors
        for row, text in enumerate(TEXTS[:7]):
            single = (await model.embed([text], kind="plain")).vectors[0]
            np.testing.assert_allclose(batch[row], single, atol=2e-3)
    np.testing.assert_allclose(batch[:7], batch[7:14], atol=2e-3)
    assert abs(float(batch[0] @ batch[2])) < 0.99


@pytest.mark.parametrize("pooling", ["mean", "cls"])
async def test_pooling_is_that_of_the_file(tmp_path: Path, tiny_bert_gguf: Path, pooling: Any) -> None:
    from tests.models import tiny_bert

    path = tiny_bert.build(tmp_path / "model.gguf", pooling=pooling)
    async with _model(path) as model, _model(tiny_bert_gguf) as mean:
        vector = (await model.embed(["the cabin"], kind="plain")).vectors[0]
        mean_vector = (await mean.embed(["the cabin"], kind="plain")).vectors[0]
    assert np.allclose(vector, mean_vector, atol=1e-3) == (pooling == "mean")


@pytest.mark.parametrize("length", [510, 511, 5000, 200_000])
async def test_a_text_beyond_the_model_s_limit_is_cut_not_fatal(tiny_bert_gguf: Path, length: int) -> None:
    async with _model(tiny_bert_gguf) as model:
        embeddings = await model.embed(["x" * length, "ok"], kind="plain")
        shorter = await model.embed(["x" * 510], kind="plain")
        assert model.process.running
    assert embeddings.token_counts == (512, 4)
    np.testing.assert_allclose(embeddings.vectors[0], shorter.vectors[0], atol=2e-3)


async def test_a_model_with_a_small_position_table_is_never_given_more(tmp_path: Path) -> None:
    from tests.models import tiny_bert

    path = tiny_bert.build(tmp_path / "model.gguf", context_length=32)
    async with _model(path, context_length=4096) as model:
        embeddings = await model.embed(["x" * 100, "x " * 100, "y"], kind="plain")
    assert embeddings.token_counts == (32, 32, 3)


async def test_no_texts_give_no_vectors(tiny_bert_gguf: Path) -> None:
    async with _model(tiny_bert_gguf) as model:
        embeddings = await model.embed([], kind="query")
    assert embeddings.vectors.shape == (0, 64)
    assert embeddings.token_counts == ()


async def test_prefixes_are_put_before_queries_and_passages_only(tiny_bert_gguf: Path) -> None:
    prefixes = Prefixes(query="query: ", passage="passage: ")
    async with _model(tiny_bert_gguf, prefixes=prefixes) as model, _model(tiny_bert_gguf) as plain:
        for kind, text in (("query", "query: cabin"), ("passage", "passage: cabin"), ("plain", "cabin")):
            vector = (await model.embed(["cabin"], kind=kind)).vectors  # type: ignore[arg-type]  # literals in a tuple
            np.testing.assert_allclose(vector, (await plain.embed([text], kind="plain")).vectors, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "query", "passage"),
    [
        ("nomic-embed-text-v1.5", "search_query: ", "search_document: "),
        ("Multilingual E5 Small", "query: ", "passage: "),
        ("multilingual-e5-large-instruct", "Instruct: ", ""),
        ("Qwen3 Embedding 0.6B", "Instruct: ", ""),
        ("bge-small-en-v1.5", "Represent this sentence", ""),
        ("bge-m3", "", ""),
        ("snowflake-arctic-embed-m", "Represent this sentence", ""),
        ("snowflake-arctic-embed-l-v2.0", "query: ", ""),
        ("embeddinggemma-300M", "task: search result | query: ", "title: none | text: "),
        ("all-MiniLM-L6-v2", "", ""),
        ("tiny-random-bert", "", ""),
    ],
)
def test_prefixes_are_known_by_family(tmp_path: Path, name: str, query: str, passage: str) -> None:
    pytest.importorskip("gguf", reason="the gguf package, which writes model files, is not installed")
    from tests.models import tiny_bert

    prefixes = prefixes_of(read_gguf(tiny_bert.build(tmp_path / "model.gguf", name=name)))
    assert prefixes.query.startswith(query)
    assert bool(prefixes.query) == bool(query)
    assert prefixes.passage == passage


async def test_the_fingerprint_changes_with_file_prefixes_and_limit_only(tmp_path: Path, tiny_bert_gguf: Path) -> None:
    from tests.models import tiny_bert

    copy = tmp_path / "copy.gguf"
    copy.write_bytes(tiny_bert_gguf.read_bytes())
    cls = tiny_bert.build(tmp_path / "cls.gguf", pooling="cls")
    fingerprint = LlamaEmbeddingModel(tiny_bert_gguf).fingerprint
    assert LlamaEmbeddingModel(copy).fingerprint == fingerprint
    others = {
        LlamaEmbeddingModel(cls).fingerprint,
        LlamaEmbeddingModel(copy, prefixes=Prefixes(query="q")).fingerprint,
        LlamaEmbeddingModel(copy, options=run_options(context_length=128)).fingerprint,
    }
    assert len(others | {fingerprint}) == 4


async def test_a_missing_a_chat_and_a_reranking_model_are_refused(tmp_path: Path, tiny_chat_gguf: Path) -> None:
    from tests.models import tiny_bert

    rank = tiny_bert.build(tmp_path / "rank.gguf", pooling="rank")
    for path, reason in ((tmp_path / "no.gguf", "does not exist"), (tiny_chat_gguf, "chat"), (rank, "reranking")):
        async with _model(path) as model:
            with pytest.raises(ModelUnavailableError, match=reason):
                await model.embed(["a"], kind="plain")
    with pytest.raises(ModelUnavailableError):
        _ = LlamaEmbeddingModel(tmp_path / "no.gguf").fingerprint
