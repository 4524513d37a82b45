"""What models take, compared with processes that really load them."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.hardware.machine import look
from sidecar.llama.budget import Way, needs_of
from sidecar.llama.gguf import GgufModel, read_gguf
from sidecar.llama.memory import KvType, MemoryNeeds, bytes_per_token, kv_bytes, memory_needs, weight_bytes
from sidecar.llama.settings import Mode
from sidecar.llama.shape import Shape

pytest.importorskip("gguf", reason="the gguf package, which writes model files, is not installed")
pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")

from tests.llama.memory_probe import probe  # skipped above where it cannot be
from tests.models import sized  # skipped above where it cannot be

MIB = 2**20

SMALL: dict[str, Any] = {"width": 256, "layers": 4, "heads": 4, "kv_heads": 2}
MIDDLE: dict[str, Any] = {"width": 1024, "layers": 3, "heads": 16, "kv_heads": 4, "feed_forward": 2816}
ENCODER: dict[str, Any] = {"width": 384, "layers": 4, "heads": 12}

CASES: list[tuple[str, Mode, dict[str, Any], dict[str, Any]]] = [
    ("a small chat model", "chat", SMALL, {"cells": 1024}),
    ("without flash attention", "chat", SMALL, {"cells": 1024, "flash_attention": False}),
    ("a cache of 8 bits", "chat", {**SMALL, "kv_heads": 4, "layers": 8}, {"cells": 768, "kv_type": "q8_0"}),
    ("a cache of 4 bits", "chat", {**SMALL, "kv_heads": 4, "layers": 8}, {"cells": 768, "kv_type": "q4_0"}),
    ("a large vocabulary", "chat", {**SMALL, "vocabulary": 128_000}, {"cells": 1024}),
    ("a wider one, many key-value heads", "chat", {**MIDDLE, "kv_heads": 16}, {"cells": 1024}),
    ("weights of 32 bits", "chat", {**MIDDLE, "storage": "f32"}, {"cells": 1024}),
    ("weights of 8 bits", "chat", {**MIDDLE, "storage": "q8_0", "vocabulary": 32_000}, {"cells": 1024}),
    ("weights laid out anew", "chat", {**MIDDLE, "storage": "q4_k"}, {"cells": 1024}),
    ("an embedding model", "embedding", {**ENCODER, "vocabulary": 30_522}, {"batch": 512}),
    ("an embedding model of long texts", "embedding", {**ENCODER, "vocabulary": 30_522}, {"batch": 1024}),
    ("a decoder that embeds", "embedding", {**MIDDLE, "vocabulary": 8000}, {"batch": 1024, "decoder": True}),
    ("a reranking model", "rerank", {**ENCODER, "rank": True}, {"batch": 1024}),
    ("one without flash attention", "rerank", {**ENCODER, "rank": True}, {"batch": 1024, "flash_attention": False}),
]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is resident of a mapped file")
@pytest.mark.parametrize(("mode", "shape", "way"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_model_takes_what_was_said_within_a_tenth(
    mode: Mode, shape: dict[str, Any], way: dict[str, Any], tmp_path: Path
) -> None:
    decoder = way.pop("decoder", mode == "chat") if "decoder" in (way := dict(way)) else mode == "chat"
    path = (sized.chat if decoder else sized.encoder)(tmp_path / "model.gguf", **shape)
    cells = way.pop("cells", way.get("batch", 0))
    batch = way.pop("batch", 512)
    outputs = {"outputs": 16} if mode == "chat" else {}
    found = probe(path, mode=mode, cells=cells, batch=batch, sequences=16, **outputs, **way)
    needs = estimate(read_gguf(path), mode=mode, cells=cells, batch=batch, **way)
    assert needs.total + needs.dropped == pytest.approx(found["resident"], rel=0.1)
    told = sum(size for _, purpose, size in found["buffers"] if purpose == "KV")
    assert needs.kv_cache == pytest.approx(told, abs=0.01 * MIB)


def estimate(model: GgufModel, **way: Any) -> MemoryNeeds:
    """With the defaults of a chat model."""
    usual: dict[str, Any] = {
        "mode": "chat",
        "cells": 4096,
        "batch": 512,
        "sequences": 16,
        "kv_type": "f16",
        "flash_attention": True,
        "gpu_layers": 0,
        "instructions": look().instructions,
    }
    return memory_needs(model, **{**usual, **way})


# ── what holds for every model ──


def made(**fields: Any) -> GgufModel:
    """A model of 7 billion weights as its header would describe it."""
    shape = Shape(
        kv_heads=(8,) * 32,
        heads=32,
        key_length=128,
        value_length=128,
        feed_forward=14336,
        layer_bytes={12: 3_900_000_000},
        merges=280_000,
    )
    usual: dict[str, Any] = {
        "path": Path("made.gguf"),
        "architecture": "llama",
        "name": None,
        "context_length": 131_072,
        "embedding_length": 4096,
        "block_count": 32,
        "pooling": None,
        "causal_attention": True,
        "chat_template": None,
        "bos_id": None,
        "eos_id": None,
        "vocabulary_size": 128_256,
        "file_type": "Q4_K_M",
        "parameter_count": 8_000_000_000,
        "file_size": 4_900_000_000,
        "header_size": 8_000_000,
        "kv_bytes_per_token": shape.kv_bytes_per_token,
        "part_count": 1,
        "licence": None,
        "content": "model",
        "tokenizer": "gpt2",
        "rerank_template": None,
        "output_labels": None,
        "tensors": {},
        "shape": shape,
    }
    return GgufModel(**{**usual, **fields})


MODES: list[Mode] = ["chat", "embedding", "rerank"]
KV_TYPES: list[KvType] = ["f16", "q8_0", "q4_0"]
WAYS = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(MODES),
        "cells": st.integers(1, 200_000),
        "batch": st.integers(1, 4096),
        "sequences": st.integers(1, 64),
        "kv_type": st.sampled_from(KV_TYPES),
        "flash_attention": st.booleans(),
        "gpu_layers": st.integers(-1, 40),
    }
)
GROWN = st.sampled_from(["cells", "batch", "sequences"])


@given(way=WAYS, field=GROWN, more=st.integers(1, 10_000))
def test_more_of_anything_never_takes_less(way: dict[str, Any], field: str, more: int) -> None:
    one, two = memory_needs(made(), **way), memory_needs(made(), **{**way, field: way[field] + more})
    assert two.total >= one.total
    assert two.on_gpu >= one.on_gpu


@given(way=WAYS)
def test_what_lies_on_the_graphics_processor_is_a_part_of_the_whole(way: dict[str, Any]) -> None:
    needs = memory_needs(made(), **way)
    assert 0 <= needs.on_gpu <= needs.total
    assert needs.in_ram >= needs.process
    assert (needs.on_gpu == 0) == (way["gpu_layers"] == 0)


@given(way=WAYS, layers=st.integers(0, 33))
def test_more_layers_on_the_graphics_processor_leave_less_in_main_memory(way: dict[str, Any], layers: int) -> None:
    fewer = memory_needs(made(), **{**way, "gpu_layers": layers})
    more = memory_needs(made(), **{**way, "gpu_layers": layers + 1})
    assert more.on_gpu >= fewer.on_gpu
    assert more.on_gpu - fewer.on_gpu >= fewer.in_ram - more.in_ram


@given(way=WAYS)
def test_flash_attention_and_smaller_numbers_never_take_more(way: dict[str, Any]) -> None:
    needs = memory_needs(made(), **way)
    assert memory_needs(made(), **{**way, "flash_attention": True}).total <= needs.total
    assert memory_needs(made(), **{**way, "kv_type": "q4_0"}).kv_cache <= needs.kv_cache


def test_a_known_model_takes_what_is_known_of_it() -> None:
    # Llama 3.1 8B: 1 GiB for 8,192 tokens, by llama.cpp's own log.
    assert kv_bytes(made(), cells=8192, kv_type="f16", sequences=16) == 1024 * MIB
    assert kv_bytes(made(), cells=8192, kv_type="q8_0", sequences=16) == 544 * MIB
    assert kv_bytes(made(), cells=8192, kv_type="q4_0", sequences=16) == 288 * MIB


def test_an_encoder_keeps_no_cache() -> None:
    assert kv_bytes(made(causal_attention=False), cells=8192, kv_type="f16", sequences=16) == 0


def test_the_logits_that_llama_keeps_for_a_pooled_model_are_counted() -> None:
    small = estimate(made(), mode="embedding", cells=2048, batch=2048)
    large = estimate(replace(made(), vocabulary_size=250_000), mode="embedding", cells=2048, batch=2048)
    assert large.compute - small.compute >= 2048 * 4 * (250_000 - 128_256)


def test_a_recurrent_state_is_counted_a_sequence_and_not_a_token() -> None:
    shape = Shape(kv_heads=(0,) * 32, heads=32, key_length=128, feed_forward=1, state_bytes=5 * MIB)
    model = made(shape=shape, kv_bytes_per_token=0)
    assert {kv_bytes(model, cells=n, kv_type="f16", sequences=16) for n in (256, 65_536)} == {80 * MIB}


def test_all_parts_of_a_split_model_count(tmp_path: Path) -> None:
    names = [f"big-0000{part}-of-00003.gguf" for part in (1, 2, 3)]
    for name, length in zip(names, (10, 20, 40), strict=True):
        (tmp_path / name).write_bytes(b"x" * length)
    first = made(path=tmp_path / names[0], part_count=3, file_size=10)
    assert weight_bytes(first) == 70
    (tmp_path / names[2]).unlink()
    assert weight_bytes(first) == 40


def test_a_token_reads_the_weights_it_passes_and_its_cache() -> None:
    dense = made()
    assert bytes_per_token(dense, context=0) == 4_892_000_000
    assert bytes_per_token(dense, context=8192) == 4_892_000_000 + 1024 * MIB
    experts = replace(dense.shape, experts=8, experts_used=2, expert_bytes=3_200_000_000)
    assert bytes_per_token(made(shape=experts), context=0) == 4_892_000_000 - 2_400_000_000


def test_a_header_that_says_nothing_is_still_an_estimate() -> None:
    needs = estimate(
        made(shape=Shape(), embedding_length=None, block_count=None, vocabulary_size=0, kv_bytes_per_token=0)
    )
    assert needs.total > 4_900_000_000


@given(numbers=st.lists(st.integers(0, 2**64 - 1), min_size=8, max_size=8))
def test_numbers_too_large_to_be_true_are_no_error(numbers: list[int]) -> None:
    a, b, c, d, e, f, g, h = numbers
    shape = Shape(kv_heads=(a,), heads=b, key_length=c, feed_forward=d, experts=e, experts_used=f, state_bytes=g)
    model = made(shape=shape, block_count=h, embedding_length=a, vocabulary_size=b)
    assert estimate(model, gpu_layers=3).total > 0
    assert bytes_per_token(model, context=100) >= 0


def test_states_of_recurrent_models_are_counted_as_often_as_they_are_kept() -> None:
    way = Way(context_length=4096, cells=4096)
    plain, recurrent = made(), made(shape=replace(made().shape, state_bytes=20 * MIB))
    caches = [needs_of(model, way, mode="chat", parallel=4).kv_cache for model in (plain, recurrent)]
    # Four at work, and the one that was left last.
    assert caches[1] - caches[0] == 5 * 20 * MIB


def test_what_stays_mapped_is_told_apart_from_what_is_copied() -> None:
    plain, copied = estimate(made(), instructions=()), estimate(made(), instructions=("AVX512", "AVX2"))
    assert plain.mapped == plain.weights
    assert copied.mapped + copied.dropped == plain.mapped
    assert 0 < estimate(made(), gpu_layers=16).mapped < plain.mapped
