"""Models of real sizes whose weights are all zero: nothing they say means anything, but they take the memory and the
time that a real one of their shape takes. For measuring."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

import gguf
import numpy as np

from tests.models.gguf_parts import add_byte_tokenizer, open_writer, single, write

Storage: TypeAlias = Literal["f32", "f16", "q8_0", "q4_0", "q4_k"]
_KINDS = {
    "f32": gguf.GGMLQuantizationType.F32,
    "f16": gguf.GGMLQuantizationType.F16,
    "q8_0": gguf.GGMLQuantizationType.Q8_0,
    "q4_0": gguf.GGMLQuantizationType.Q4_0,
    "q4_k": gguf.GGMLQuantizationType.Q4_K,
}


def chat(
    path: Path,
    *,
    width: int = 256,
    layers: int = 4,
    heads: int = 4,
    kv_heads: int = 2,
    feed_forward: int | None = None,
    vocabulary: int = 320,
    storage: Storage = "f16",
    context_length: int = 65536,
) -> Path:
    """Write a decoder of the architecture "llama"; `storage` is that of its matrices."""
    feed_forward = feed_forward or 4 * width
    writer = open_writer(path, "llama")
    writer.add_name("sized-chat")
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    _add_shape(writer, width, layers, heads, feed_forward, context_length)
    writer.add_vocab_size(_add_tokens(writer, vocabulary))
    _matrix(writer, "token_embd.weight", vocabulary, width, storage)
    single(writer, "output_norm.weight", np.ones(width))
    _matrix(writer, "output.weight", vocabulary, width, storage)
    kv_width = kv_heads * width // heads
    for layer in range(layers):
        block = f"blk.{layer}."
        single(writer, block + "attn_norm.weight", np.ones(width))
        single(writer, block + "ffn_norm.weight", np.ones(width))
        for name, rows, columns in (
            ("attn_q", width, width),
            ("attn_k", kv_width, width),
            ("attn_v", kv_width, width),
            ("attn_output", width, width),
            ("ffn_gate", feed_forward, width),
            ("ffn_up", feed_forward, width),
            ("ffn_down", width, feed_forward),
        ):
            _matrix(writer, f"{block}{name}.weight", rows, columns, storage)
    write(writer)
    return path


def encoder(
    path: Path,
    *,
    width: int = 256,
    layers: int = 4,
    heads: int = 4,
    feed_forward: int | None = None,
    vocabulary: int = 320,
    storage: Storage = "f16",
    context_length: int = 2048,
    rank: bool = False,
) -> Path:
    """Write an encoder of the architecture "bert", with `rank` a reranking one."""
    feed_forward = feed_forward or 4 * width
    writer = open_writer(path, "bert")
    writer.add_name("sized-encoder")
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.RANK if rank else gguf.PoolingType.MEAN)
    _add_shape(writer, width, layers, heads, feed_forward, context_length)
    _add_tokens(writer, vocabulary)
    writer.add_token_type_count(2)
    _matrix(writer, "token_embd.weight", vocabulary, width, storage)
    single(writer, "position_embd.weight", np.zeros((context_length, width)))
    single(writer, "token_types.weight", np.zeros((2, width)))
    _norm(writer, "token_embd_norm", width)
    for layer in range(layers):
        block = f"blk.{layer}."
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            _linear(writer, block + part, width, width, storage)
        _norm(writer, block + "attn_output_norm", width)
        _linear(writer, block + "ffn_up", feed_forward, width, storage)
        _linear(writer, block + "ffn_down", width, feed_forward, storage)
        _norm(writer, block + "layer_output_norm", width)
    if rank:
        _linear(writer, "cls", width, width, "f32")
        _linear(writer, "cls.output", 1, width, "f32")
    write(writer)
    return path


def _add_shape(
    writer: gguf.GGUFWriter, width: int, layers: int, heads: int, feed_forward: int, context_length: int
) -> None:
    writer.add_context_length(context_length)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(feed_forward)
    writer.add_head_count(heads)


def _add_tokens(writer: gguf.GGUFWriter, vocabulary: int) -> int:
    """A byte vocabulary filled up to `vocabulary` tokens, with as many merges as a real one of that size has."""
    letters = [f"w{number:x}" for number in range(vocabulary - 256 - 4 - 2)]
    merges = [("h", "e"), ("i", "n"), *(("w", letter[1:]) for letter in letters)]
    ends = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"]
    return add_byte_tokenizer(writer, merges=merges, controls=ends, bos=ends[0], eos=ends[2], pad=ends[3])


def _matrix(writer: gguf.GGUFWriter, name: str, rows: int, columns: int, storage: Storage) -> None:
    kind = _KINDS[storage]
    block, size = gguf.GGML_QUANT_SIZES[kind]
    if columns % block:
        raise ValueError(f"rows of {columns} numbers cannot be stored as {storage}")
    if storage in ("f16", "f32"):
        writer.add_tensor(name, np.zeros((rows, columns), np.float16 if storage == "f16" else np.float32))
    else:
        writer.add_tensor(name, np.zeros((rows, columns // block * size), np.uint8), raw_dtype=kind)


def _linear(writer: gguf.GGUFWriter, name: str, rows: int, columns: int, storage: Storage) -> None:
    _matrix(writer, name + ".weight", rows, columns, storage)
    single(writer, name + ".bias", np.zeros(rows))


def _norm(writer: gguf.GGUFWriter, name: str, width: int) -> None:
    single(writer, name + ".weight", np.ones(width))
    single(writer, name + ".bias", np.zeros(width))
