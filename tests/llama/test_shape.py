"""Reading shapes out of metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.llama.gguf import read_gguf
from sidecar.llama.shape import Shape, read_shape


def shape(**keys: Any) -> Shape:
    """`__` stands for a dot."""
    return read_shape({f"arch.{name.replace('__', '.')}": value for name, value in keys.items()}, "arch")


LLAMA = {"block_count": 4, "embedding_length": 512, "attention__head_count": 8, "feed_forward_length": 2048}


@pytest.mark.parametrize(
    ("title", "keys", "kv_bytes", "state_bytes"),
    [
        ("as many key-value heads as heads", LLAMA, 4 * 8 * 64 * 2 * 2, 0),
        ("grouped queries", {**LLAMA, "attention__head_count_kv": 2}, 4 * 2 * 64 * 2 * 2, 0),
        (
            "heads of their own length",
            {**LLAMA, "attention__key_length": 128, "attention__value_length": 32}, 4 * 8 * 160 * 2, 0,
        ),
        ("heads that vary", {**LLAMA, "attention__head_count_kv": (1, 2, 0, 4)}, 7 * 64 * 2 * 2, 0),
        ("an array that is too short", {**LLAMA, "attention__head_count_kv": (1, 2)}, 3 * 64 * 2 * 2, 0),
        (
            "layers that share",
            {**LLAMA, "attention__head_count_kv": 2, "attention__shared_kv_layers": 3}, 2 * 64 * 2 * 2, 0,
        ),
        (
            "compressed keys that hold the values",
            {
                **LLAMA,
                "attention__head_count_kv": 1,
                "attention__key_length": 576,
                "attention__value_length": 512,
                "attention__kv_lora_rank": 512,
                "attention__key_length_mla": 192,
            },
            4 * 576 * 2,
            0,
        ),
        (
            "states alone",
            {
                "block_count": 2, "embedding_length": 512, "attention__head_count": 0, "feed_forward_length": 0,
                "ssm__inner_size": 1024, "ssm__state_size": 16, "ssm__conv_kernel": 4,
            },
            0,
            2 * (3 * 1024 + 16 * 1024) * 4,
        ),
        (
            "attention in every fourth layer",
            {
                **LLAMA, "attention__head_count_kv": 2, "full_attention_interval": 4,
                "ssm__inner_size": 1024, "ssm__state_size": 128, "ssm__conv_kernel": 4, "ssm__group_count": 8,
            },
            2 * 64 * 2 * 2,
            3 * (3 * (1024 + 2 * 8 * 128) + 128 * 1024) * 4,
        ),
        (
            "short convolutions between",
            {**LLAMA, "attention__head_count_kv": (0, 2, 0, 2), "shortconv__l_cache": 3},
            4 * 64 * 2 * 2,
            2 * 512 * 2 * 4,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_cache_is_as_large_as_the_layers_that_keep_one(
    title: str, keys: dict[str, Any], kv_bytes: int, state_bytes: int
) -> None:
    found = shape(**keys)
    assert (found.kv_bytes_per_token, found.state_bytes) == (kv_bytes, state_bytes), title


def test_the_experts_of_one_token_make_its_width() -> None:
    found = shape(**LLAMA, expert_count=64, expert_used_count=8, expert_feed_forward_length=512)
    assert (found.experts, found.experts_used, found.feed_forward) == (64, 8, 4096)


_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.one_of(st.integers(-5, 2**32), st.floats(), st.booleans()), max_size=9).map(tuple),
)
_NAMES = [
    "block_count", "embedding_length", "feed_forward_length", "attention.head_count", "attention.head_count_kv",
    "attention.key_length", "attention.shared_kv_layers", "full_attention_interval", "ssm.inner_size",
    "ssm.state_size", "wkv.head_size", "shortconv.l_cache", "expert_count", "expert_used_count",
]  # fmt: skip


@given(keys=st.dictionaries(st.sampled_from([f"arch.{name}" for name in _NAMES]), _VALUES))
def test_no_metadata_is_an_error_and_no_size_is_less_than_nothing(keys: dict[str, Any]) -> None:
    found = read_shape(keys, "arch")
    assert found.kv_bytes_per_token >= 0
    assert found.state_bytes >= 0
    assert len(found.kv_heads) <= 4096


def test_a_file_tells_the_bytes_of_its_layers(tmp_path: Path) -> None:
    pytest.importorskip("gguf", reason="the gguf package, which writes model files, is not installed")
    from tests.models import sized

    model = read_gguf(sized.chat(tmp_path / "m.gguf", width=256, layers=2, feed_forward=512, storage="q8_0"))
    matrices = 2 * (2 * 256 * 256 + 2 * 128 * 256 + 3 * 512 * 256)
    assert model.shape.layer_bytes == {0: 2 * 2 * 256 * 4, 8: matrices // 32 * 34}
    assert model.shape.outside_bytes == 2 * 320 * 256 // 32 * 34 + 256 * 4
    assert not model.shape.tied
    assert model.shape.merges == 320 - 256 - 4
    # Within the padding between tensors.
    assert (
        0
        <= model.file_size - model.header_size - sum(model.shape.layer_bytes.values()) - model.shape.outside_bytes
        < 1024
    )
