"""A chat model of 0.2 MB with random weights and a byte vocabulary: answers gibberish, never stops by itself for long,
and does everything else that a large one does. For streaming, limits, sampling and grammars."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

from tests.models.chatml import CHATML
from tests.models.gguf_parts import Array, add_byte_tokenizer, half, open_writer, single, write

WIDTH = 64
LAYERS = 2
HEADS = 4
KV_HEADS = 2
FEED_FORWARD = 128
CONTROLS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>")


def build(
    path: Path,
    *,
    context_length: int = 4096,
    layers: int = LAYERS,
    width: int = WIDTH,
    feed_forward: int = FEED_FORWARD,
    chat_template: str | None = CHATML,
    architecture: str = "llama",
    pre_tokenizer: str = "gpt-2",
    seed: int = 0,
    ends: bool = True,
) -> Path:
    """Write the model. More `layers` and a greater `width` make it slower, so that there is time to
    interrupt it, or something to measure. `pre_tokenizer` is llama.cpp's name for how texts are split.
    Without `ends`, the token that ends an answer is never the likeliest: at temperature 0 it goes on to
    its limit."""
    random = np.random.default_rng(seed)
    writer = open_writer(path, architecture)
    writer.add_name("tiny-random-chat")
    writer.add_context_length(context_length)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(feed_forward)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_rope_dimension_count(width // HEADS)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    vocabulary = add_byte_tokenizer(
        writer,
        merges=[("h", "e"), ("i", "n")],
        controls=list(CONTROLS),
        bos="<|endoftext|>",
        eos="<|im_end|>",
        pad="<|pad|>",
        pre_tokenizer=pre_tokenizer,
    )
    writer.add_vocab_size(vocabulary)
    if chat_template is not None:
        writer.add_chat_template(chat_template)

    def matrix(rows: int, columns: int, *, scale: float | None = None) -> Array:
        return random.standard_normal((rows, columns)) * (columns**-0.5 if scale is None else scale)

    half(writer, "token_embd.weight", matrix(vocabulary, width, scale=1.0))
    single(writer, "output_norm.weight", np.ones(width))
    output = matrix(vocabulary, width)
    if not ends:
        output[-len(CONTROLS) :] = 0.0
    half(writer, "output.weight", output)
    kv_width = KV_HEADS * width // HEADS
    for layer in range(layers):
        block = f"blk.{layer}."
        single(writer, block + "attn_norm.weight", np.ones(width))
        single(writer, block + "ffn_norm.weight", np.ones(width))
        half(writer, block + "attn_q.weight", matrix(width, width))
        half(writer, block + "attn_k.weight", matrix(kv_width, width))
        half(writer, block + "attn_v.weight", matrix(kv_width, width))
        half(writer, block + "attn_output.weight", matrix(width, width))
        half(writer, block + "ffn_gate.weight", matrix(feed_forward, width))
        half(writer, block + "ffn_up.weight", matrix(feed_forward, width))
        half(writer, block + "ffn_down.weight", matrix(width, feed_forward))
    write(writer)
    return path
