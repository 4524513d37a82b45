"""An embedding model of 0.3 MB with random weights, pooled as asked for, or a reranking model with the head asked for.
Its vocabulary is letters, digits and a few words, so that a token count can be told from the text."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Literal, TypeAlias

import gguf
import numpy as np

from tests.models.gguf_parts import Array, Table, half, open_writer, single, write

WIDTH = 64
LAYERS = 2
HEADS = 4
FEED_FORWARD = 128
CONTEXT_LENGTH = 512

_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_WORDS = ["the", "of", "to", "and", "in", "is", "it", "for", "on", "with", "as", "was", "at", "by", "an", "be", "this"]
_CHARACTERS = [*string.ascii_lowercase, *string.digits, *".,:;!?-_'\"()[]/@#%&+*=<>$"]
_POOLING = {"mean": gguf.PoolingType.MEAN, "cls": gguf.PoolingType.CLS, "rank": gguf.PoolingType.RANK}
Head: TypeAlias = Literal["none", "direct", "pooled"]
"""Of a reranking model: none, a matrix alone, or a dense layer before it."""


def build(
    path: Path,
    *,
    pooling: Literal["mean", "cls", "rank"] | None = "mean",
    context_length: int = CONTEXT_LENGTH,
    layers: int = LAYERS,
    width: int = WIDTH,
    feed_forward: int = FEED_FORWARD,
    name: str = "tiny-random-bert",
    head: Head | None = None,
    outputs: int = 1,
    labels: tuple[str, ...] = (),
    segments: int = 2,
    segment_scale: float = 0.02,
    table: Table = half,
    tokenizer: Literal["bert", "t5"] = "bert",
    seed: int = 1,
) -> Path:
    """Write the model. `pooling` `None` is not told in the file; `head` `None` is what the pooling wants; `table` says
    how the token table is stored.
    """
    random = np.random.default_rng(seed)
    writer = open_writer(path, "bert")
    writer.add_name(name)
    writer.add_context_length(context_length)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(feed_forward)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    if pooling is not None:
        writer.add_pooling_type(_POOLING[pooling])
    if labels:
        writer.add_classifier_output_labels(labels)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    vocabulary = _add_word_pieces(writer) if tokenizer == "bert" else _add_unigrams(writer)
    writer.add_token_type_count(segments)

    def matrix(rows: int, columns: int, *, scale: float | None = None) -> Array:
        return random.standard_normal((rows, columns)) * (columns**-0.5 if scale is None else scale)

    def norm(tensor: str) -> None:
        single(writer, tensor + ".weight", np.ones(width))
        single(writer, tensor + ".bias", np.zeros(width))

    def linear(tensor: str, rows: int, columns: int) -> None:
        half(writer, tensor + ".weight", matrix(rows, columns))
        single(writer, tensor + ".bias", np.zeros(rows))

    table(writer, "token_embd.weight", matrix(vocabulary, width, scale=1.0))
    single(writer, "position_embd.weight", matrix(context_length, width, scale=0.02))
    single(writer, "token_types.weight", matrix(segments, width, scale=segment_scale))
    norm("token_embd_norm")
    for layer in range(layers):
        block = f"blk.{layer}."
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            linear(block + part, width, width)
        norm(block + "attn_output_norm")
        linear(block + "ffn_up", feed_forward, width)
        linear(block + "ffn_down", width, feed_forward)
        norm(block + "layer_output_norm")
    head = head or ("pooled" if pooling == "rank" else "none")
    heads = {"none": (), "direct": (("cls.output", outputs),), "pooled": (("cls", width), ("cls.output", outputs))}
    for tensor, rows in heads[head]:
        single(writer, tensor + ".weight", matrix(rows, width))
        single(writer, tensor + ".bias", np.zeros(rows))
    write(writer)
    return path


def _add_word_pieces(writer: gguf.GGUFWriter) -> int:
    # llama.cpp keeps WordPiece the other way round: what begins a word is marked, what continues it is not.
    begin = ["\u2581" + text for text in (*_WORDS, *_CHARACTERS)]
    tokens = [*_SPECIALS, *begin, *_CHARACTERS]
    control, unknown = gguf.TokenType.CONTROL, gguf.TokenType.UNKNOWN
    types = [control, unknown, control, control, control] + [gguf.TokenType.NORMAL] * (len(tokens) - len(_SPECIALS))
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_pad_token_id(0)
    writer.add_unk_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(3)
    writer.add_sep_token_id(3)
    writer.add_mask_token_id(4)
    return len(tokens)


def _add_unigrams(writer: gguf.GGUFWriter) -> int:
    """The order of XLM-R: `<s>`, `<pad>`, `</s>`, `<unk>`, then what text is made of."""
    tokens = ["<s>", "<pad>", "</s>", "<unk>", "\u2581", *("\u2581" + text for text in _WORDS), *_CHARACTERS]
    control, unknown, normal = gguf.TokenType.CONTROL, gguf.TokenType.UNKNOWN, gguf.TokenType.NORMAL
    writer.add_tokenizer_model("t5")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * 4 + [-1.0 - len(token) / 100 for token in tokens[4:]])
    writer.add_token_types([control, control, control, unknown] + [normal] * (len(tokens) - 4))
    writer.add_bos_token_id(0)
    writer.add_pad_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_sep_token_id(2)
    writer.add_unk_token_id(3)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(True)
    return len(tokens)
