"""Reading the headers of GGUF files: what they say, and what is wrong with them."""

from __future__ import annotations

import contextlib
import os
import struct
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.errors import ModelUnavailableError
from sidecar.llama.gguf import BLOCKS, GgufModel, read_gguf


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode("utf-8")


def _header(*, tensors: int = 0, keys: int = 0, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, keys)


def _refusal(path: Path) -> str:
    with pytest.raises(ModelUnavailableError) as caught:
        read_gguf(path)
    return caught.value.message


def _write(folder: Path, content: bytes) -> Path:
    path = folder / "model.gguf"
    path.write_bytes(content)
    return path


def test_a_chat_model_is_described(copybot_gguf: Path) -> None:
    model = read_gguf(copybot_gguf)
    assert (model.architecture, model.name, model.kind) == ("llama", "copybot", "chat")
    assert (model.context_length, model.block_count, model.embedding_length) == (16_384, 3, 128)
    assert model.pooling is None
    assert model.causal_attention
    assert model.chat_template is not None
    assert "<|im_start|>" in model.chat_template
    assert model.vocabulary_size == 273
    assert (model.bos_id, model.eos_id) == (258, 260)
    assert model.file_type == "F16"
    assert model.file_size == copybot_gguf.stat().st_size
    assert model.parameter_count == 1_066_160
    # 3 layers, one key and one value head of 96 numbers, 2 bytes each.
    assert model.kv_bytes_per_token == 3 * (96 + 96) * 2


def test_an_embedding_model_is_told_by_its_pooling(tiny_bert_gguf: Path) -> None:
    model = read_gguf(tiny_bert_gguf)
    assert (model.kind, model.pooling, model.causal_attention) == ("embedding", "mean", False)
    assert model.chat_template is None


def test_a_reranking_model_is_told_by_its_pooling(tiny_bert_gguf: Path, tmp_path: Path) -> None:
    from tests.models import tiny_bert

    assert read_gguf(tiny_bert.build(tmp_path / "rank.gguf", pooling="rank")).kind == "rerank"


def test_a_reranking_model_whose_file_tells_no_pooling_is_told_by_its_head(tmp_path: Path) -> None:
    pytest.importorskip("gguf", reason="the gguf package, which writes model files, is not installed")
    from tests.models import tiny_bert

    model = read_gguf(
        tiny_bert.build(tmp_path / "rank.gguf", pooling=None, head="pooled", outputs=2, labels=("a", "b"))
    )
    assert (model.kind, model.pooling, model.output_labels, model.tokenizer) == ("rerank", None, 2, "bert")
    assert model.head is not None
    assert (model.head.shape, model.head.rows) == ((64, 2), 2)
    assert model.tensors["token_types.weight"].rows == 2
    assert not any(name.startswith("blk.") for name in model.tensors)
    assert read_gguf(tiny_bert.build(tmp_path / "cls.gguf", pooling="cls", head="direct")).kind == "embedding"


def test_a_judge_brings_its_rerank_template(tiny_judge_gguf: Path) -> None:
    model = read_gguf(tiny_judge_gguf)
    assert (model.kind, model.causal_attention, model.chat_template) == ("rerank", True, None)
    assert model.rerank_template is not None
    assert "{query}" in model.rerank_template


def test_a_chat_architecture_named_for_embedding_is_an_embedding_model(tiny_chat_gguf: Path, tmp_path: Path) -> None:
    path = tmp_path / "some-embedding-model.gguf"
    path.write_bytes(tiny_chat_gguf.read_bytes())
    assert read_gguf(path).kind == "embedding"


@pytest.mark.parametrize("share", [0.999, 0.5, 0.05])
def test_a_file_cut_off_in_its_weights_is_recognised(copybot_gguf: Path, tmp_path: Path, share: float) -> None:
    whole = copybot_gguf.read_bytes()
    path = _write(tmp_path, whole[: int(len(whole) * share)])
    assert f"is cut off: {int(len(whole) * share):,} bytes where the header promises {len(whole):,}" in _refusal(path)


@pytest.mark.parametrize("size", [24, 100, 3000])
def test_a_file_cut_off_in_its_header_is_recognised(copybot_gguf: Path, tmp_path: Path, size: int) -> None:
    assert "is cut off inside its header" in _refusal(_write(tmp_path, copybot_gguf.read_bytes()[:size]))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is an empty file"),
        (b"GG", "is not a GGUF file"),
        (b"# A note, not a model\n" * 100, "is not a GGUF file"),
        (_header(version=1) + bytes(64), "of a version that cannot be read here (1)"),
        (_header(version=1 << 24) + bytes(64), "of a version that cannot be read here"),
        (_header(keys=2**63) + bytes(64), "has a damaged header"),
        (_header(tensors=2**63) + bytes(64), "has a damaged header"),
        (_header(keys=1) + struct.pack("<Q", 2**62) + bytes(64), "has a damaged header"),
        (_header(keys=1) + _string("a") + struct.pack("<IQ", 8, 2**40) + bytes(64), "has a damaged header"),
        (_header(keys=1) + _string("a") + struct.pack("<IIQ", 9, 8, 2**60) + bytes(64), "has a damaged header"),
        (_header(keys=1) + _string("a") + struct.pack("<IIQ", 9, 9, 1) + bytes(64), "has a damaged header"),
        (_header(keys=1) + _string("a") + struct.pack("<I", 77) + bytes(64), "has a damaged header"),
        (
            _header(keys=1) + _string("a") + struct.pack("<IIQ", 9, 12, 2**24) + bytes(64),
            "is cut off inside its header",
        ),
        (_header(keys=1) + _string("a") + struct.pack("<IIQ", 9, 8, 2**24) + bytes(64), "is cut off inside its header"),
        (_header() + bytes(64), "does not name its architecture"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, content: bytes, reason: str) -> None:
    started = time.monotonic()
    assert reason in _refusal(_write(tmp_path, content))
    assert time.monotonic() - started < 5


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    assert "does not exist" in _refusal(tmp_path / "none.gguf")
    assert "is a folder" in _refusal(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFOs in folders")
def test_a_fifo_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.gguf")
    assert "is not a regular file" in _refusal(tmp_path / "model.gguf")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_an_unreadable_file_is_said_to_be_unreadable(tmp_path: Path) -> None:
    path = _write(tmp_path, b"GGUF" * 10)
    path.chmod(0)
    assert "cannot be read" in _refusal(path)


def test_the_table_of_tensor_types_is_that_of_ggml() -> None:
    gguf = pytest.importorskip("gguf", reason="the gguf package is not installed")
    ggml = {int(kind): tuple(sizes) for kind, sizes in gguf.GGML_QUANT_SIZES.items()}
    assert {kind: ggml.get(kind) for kind in BLOCKS if kind in ggml} == {k: v for k, v in BLOCKS.items() if k in ggml}
    assert len(BLOCKS.keys() & ggml.keys()) > 30


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_header_is_read_or_refused_but_never_crashes(
    copybot_gguf: Path, tmp_path: Path, data: st.DataObject
) -> None:
    whole = bytearray(copybot_gguf.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, 7_000))
        whole[at] = data.draw(st.integers(0, 255))
    path = _write(tmp_path, bytes(whole))
    with contextlib.suppress(ModelUnavailableError):
        assert isinstance(read_gguf(path), GgufModel)
