"""A causal reranking model of 0.2 MB with random weights, in the architecture "qwen3": it is shown a query and a text
in its own template, and its head gives the shares of yes and no at the last token."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

from tests.models.gguf_parts import Array, add_byte_tokenizer, half, open_writer, single, write

WIDTH = 64
LAYERS = 2
HEADS = 4
FEED_FORWARD = 128
TEMPLATE = (
    "<|im_start|>system\nSay yes or no.<|im_end|>\n<|im_start|>user\nQuery: {query}\nDocument: {document}<|im_end|>\n"
    "<|im_start|>assistant\n"
)


def build(
    path: Path,
    *,
    context_length: int = 1024,
    template: str | None = TEMPLATE,
    labels: tuple[str, ...] = ("yes", "no"),
    architecture: str = "qwen3",
    head: bool = True,
) -> Path:
    """Write the model."""
    random = np.random.default_rng(5)
    writer = open_writer(path, architecture)
    writer.add_name("tiny-random-judge")
    writer.add_context_length(context_length)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_key_length(WIDTH // HEADS)
    writer.add_value_length(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_pooling_type(gguf.PoolingType.RANK)
    if labels:
        writer.add_classifier_output_labels(labels)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    vocabulary = add_byte_tokenizer(
        writer,
        merges=[("h", "e"), ("i", "n")],
        controls=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        bos="<|endoftext|>",
        eos="<|im_end|>",
        pad="<|endoftext|>",
    )
    writer.add_vocab_size(vocabulary)
    if template is not None:
        writer.add_chat_template([{"name": "rerank", "template": template}])

    def matrix(rows: int, columns: int, *, scale: float | None = None) -> Array:
        return random.standard_normal((rows, columns)) * (columns**-0.5 if scale is None else scale)

    half(writer, "token_embd.weight", matrix(vocabulary, WIDTH, scale=1.0))
    single(writer, "output_norm.weight", np.ones(WIDTH))
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        for norm, size in (("attn", WIDTH), ("ffn", WIDTH), ("attn_q", WIDTH // HEADS), ("attn_k", WIDTH // HEADS)):
            single(writer, f"{block}{norm}_norm.weight", np.ones(size))
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            half(writer, f"{block}{part}.weight", matrix(WIDTH, WIDTH))
        half(writer, block + "ffn_gate.weight", matrix(FEED_FORWARD, WIDTH))
        half(writer, block + "ffn_up.weight", matrix(FEED_FORWARD, WIDTH))
        half(writer, block + "ffn_down.weight", matrix(WIDTH, FEED_FORWARD))
    if head:
        single(writer, "cls.output.weight", matrix(max(1, len(labels)), WIDTH))
    write(writer)
    return path
