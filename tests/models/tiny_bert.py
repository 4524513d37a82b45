"""An embedding model of 0.3 MB with random weights, pooled as asked for, or a reranking model. Its vocabulary is
letters, digits and a few words, so that a token count can be told from the text."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Literal

import gguf
import numpy as np

from tests.models.gguf_parts import Array, half, open_writer, single, write

WIDTH = 64
LAYERS = 2
HEADS = 4
FEED_FORWARD = 128
CONTEXT_LENGTH = 512

_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_WORDS = ["the", "of", "to", "and", "in", "is", "it", "for", "on", "with", "as", "was", "at", "by", "an", "be", "this"]
_CHARACTERS = [*string.ascii_lowercase, *string.digits, *".,:;!?-_'\"()[]/@#%&+*=<>$"]
_POOLING = {"mean": gguf.PoolingType.MEAN, "cls": gguf.PoolingType.CLS, "rank": gguf.PoolingType.RANK}


def build(
    path: Path,
    *,
    pooling: Literal["mean", "cls", "rank"] = "mean",
    context_length: int = CONTEXT_LENGTH,
    name: str = "tiny-random-bert",
) -> Path:
    """Write the model."""
    random = np.random.default_rng(1)
    writer = open_writer(path, "bert")
    writer.add_name(name)
    writer.add_context_length(context_length)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(_POOLING[pooling])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    vocabulary = _add_tokenizer(writer)

    def matrix(rows: int, columns: int, *, scale: float | None = None) -> Array:
        return random.standard_normal((rows, columns)) * (columns**-0.5 if scale is None else scale)

    def norm(tensor: str) -> None:
        single(writer, tensor + ".weight", np.ones(WIDTH))
        single(writer, tensor + ".bias", np.zeros(WIDTH))

    def linear(tensor: str, rows: int, columns: int) -> None:
        half(writer, tensor + ".weight", matrix(rows, columns))
        single(writer, tensor + ".bias", np.zeros(rows))

    half(writer, "token_embd.weight", matrix(vocabulary, WIDTH, scale=1.0))
    single(writer, "position_embd.weight", matrix(context_length, WIDTH, scale=0.02))
    single(writer, "token_types.weight", matrix(2, WIDTH, scale=0.02))
    norm("token_embd_norm")
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            linear(block + part, WIDTH, WIDTH)
        norm(block + "attn_output_norm")
        linear(block + "ffn_up", FEED_FORWARD, WIDTH)
        linear(block + "ffn_down", WIDTH, FEED_FORWARD)
        norm(block + "layer_output_norm")
    if pooling == "rank":
        for tensor, rows in (("cls", WIDTH), ("cls.output", 1)):
            single(writer, tensor + ".weight", matrix(rows, WIDTH))
            single(writer, tensor + ".bias", np.zeros(rows))
    write(writer)
    return path


def _add_tokenizer(writer: gguf.GGUFWriter) -> int:
    # llama.cpp keeps WordPiece the other way round: what begins a word is marked, what continues it is not.
    begin = ["\u2581" + text for text in (*_WORDS, *_CHARACTERS)]
    tokens = [*_SPECIALS, *begin, *_CHARACTERS]
    control, unknown = gguf.TokenType.CONTROL, gguf.TokenType.UNKNOWN
    types = [control, unknown, control, control, control] + [gguf.TokenType.NORMAL] * (len(tokens) - len(_SPECIALS))
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_type_count(2)
    writer.add_pad_token_id(0)
    writer.add_unk_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(3)
    writer.add_sep_token_id(3)
    writer.add_mask_token_id(4)
    return len(tokens)
