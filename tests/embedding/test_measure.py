from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.embedding.llama import LlamaEmbeddingModel, Prefixes
from sidecar.embedding.measure import BEST_LENGTH, TextLimit, estimate, open_counter
from sidecar.embedding.static import MAX_TOKENS, StaticEmbeddingModel
from sidecar.errors import ModelUnavailableError

_TEXTS = [
    "",
    "one",
    "The quick brown fox jumps over the lazy dog.",
    "你好，世界。",
    "café \ud800 👩‍👩‍👧 </s>",
    "x" * 3000,
]
pytestmark = pytest.mark.anyio


async def test_the_builtin_models_tokens_are_counted_as_the_model_counts_them() -> None:
    model = StaticEmbeddingModel()
    limit = await model.text_limit()
    assert limit.most == MAX_TOKENS
    embeddings = await model.embed(_TEXTS, kind="passage")
    assert tuple(open_counter(limit)(_TEXTS)) == embeddings.token_counts


async def test_a_gguf_models_tokens_are_counted_from_its_vocabulary_alone(tiny_bert_gguf: Path) -> None:
    model = LlamaEmbeddingModel(tiny_bert_gguf)
    texts = ["the quick brown fox", "the", "a dog and the fox"]
    try:
        limit = await model.text_limit()
        embeddings = await model.embed(texts, kind="plain")
        assert limit.tokenizer == "gguf"
        assert limit.most == min(BEST_LENGTH, await model.process.context_length())
        assert tuple(open_counter(limit)(texts)) == embeddings.token_counts
    finally:
        await model.aclose()


async def test_a_prefix_takes_its_share_of_the_length(tiny_bert_gguf: Path) -> None:
    plain = LlamaEmbeddingModel(tiny_bert_gguf)
    prefixed = LlamaEmbeddingModel(tiny_bert_gguf, prefixes=Prefixes(passage="passage: "))
    assert (await prefixed.text_limit()).most < (await plain.text_limit()).most


def test_a_vocabulary_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelUnavailableError, match=r"broken\.gguf"):
        open_counter(TextLimit(tokenizer="gguf", path=str(broken)))


async def test_the_estimate_is_no_lower_than_the_builtin_tokenizers_count() -> None:
    counter = open_counter(await StaticEmbeddingModel().text_limit())
    texts = [
        "Quem quer viajar de noite precisa de um bom casaco e de paciência com os horários.",
        "Die Wirtschaftlichkeitsberechnung wurde am Donnerstag fertiggestellt.",
        "The agreement was signed by both parties on the first of May.",
    ]
    assert all(guess >= count for guess, count in zip(estimate(texts), counter(texts), strict=True))
