"""A chat model that says one text, whatever it is asked: for the marks that each family of models writes.

Every token of the text is in the vocabulary once and only leads to the next, so a layer that does nothing is enough:
the embedding of a token is a direction of its own, and the output looks for it. Anything else leads to the first token.
Marks given as control tokens are such; the rest is cut into the shortest pieces, of two bytes or more, that have not
come before, so that marks and characters are split over tokens.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import gguf
import numpy as np

from tests.models.chatml import CHATML
from tests.models.gguf_parts import add_byte_tokenizer, byte_characters, half, open_writer, single, write

HEADS = 2
FEED_FORWARD = 32
GAIN = 40.0
CONTROLS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def build(
    path: Path, script: str, *, chat_template: str = CHATML, controls: Sequence[str] = (), context_length: int = 4096
) -> Path:
    """Write the model that says `script`; each of `controls` may stand in it once."""
    pieces = _pieces(script, controls)
    stand_ins = byte_characters()
    shown = [piece if isinstance(piece, str) else "".join(stand_ins[b] for b in piece) for piece in pieces]
    all_controls = [*CONTROLS, *controls]
    ordinary = [text for text in shown if text not in controls]
    width = -(-(len(pieces) + 1) // 32) * 32

    writer = open_writer(path, "llama")
    writer.add_name("parrot")
    writer.add_context_length(context_length)
    writer.add_embedding_length(width)
    writer.add_block_count(1)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(width // HEADS)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    # llama.cpp wants merges, and each becomes a token: these never happen, so that no prompt is read as the text.
    merges = [(stand_ins[0], stand_ins[1]), *((text, "") for text in ordinary)]
    size = add_byte_tokenizer(
        writer,
        merges=merges,
        controls=all_controls,
        bos="<|endoftext|>",
        eos="<|im_end|>",
        pad="<|endoftext|>",
    )
    writer.add_vocab_size(size)
    writer.add_chat_template(chat_template)

    first_control = size - len(all_controls)
    places = {text: 257 + number for number, text in enumerate(ordinary)}
    places |= {text: first_control + number for number, text in enumerate(all_controls)}
    chain = [*(places[text] for text in shown), places["<|im_end|>"]]
    embeddings, output = np.zeros((size, width)), np.zeros((size, width))
    embeddings[:, 0] = 1.0
    for place, token in enumerate(chain[:-1], start=1):
        embeddings[token] = 0.0
        embeddings[token, place] = 1.0
    for place, token in enumerate(chain):
        output[token, place] = GAIN / np.sqrt(width)
    norm = np.ones(width)
    half(writer, "token_embd.weight", embeddings)
    single(writer, "output_norm.weight", norm)
    half(writer, "output.weight", output)
    single(writer, "blk.0.attn_norm.weight", norm)
    single(writer, "blk.0.ffn_norm.weight", norm)
    for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
        half(writer, f"blk.0.{part}.weight", np.zeros((width, width)))
    half(writer, "blk.0.ffn_gate.weight", np.zeros((FEED_FORWARD, width)))
    half(writer, "blk.0.ffn_up.weight", np.zeros((FEED_FORWARD, width)))
    half(writer, "blk.0.ffn_down.weight", np.zeros((width, FEED_FORWARD)))
    write(writer)
    return path


def _pieces(script: str, controls: Sequence[str]) -> list[bytes | str]:
    parts = re.split(f"({'|'.join(map(re.escape, controls))})", script) if controls else [script]
    pieces: list[bytes | str] = []
    seen: set[bytes] = set()
    for part in filter(None, parts):
        if part in controls:
            pieces.append(part)
            continue
        raw = part.encode("utf-8")
        at = 0
        while at < len(raw):
            end = at + 2
            while raw[at:end] in seen and end < len(raw):
                end += 1
            if len(raw) - end < 2:
                end = len(raw)
            piece = raw[at:end]
            while piece in seen:
                # Only the end of a part repeats: it goes to the piece before.
                before = pieces.pop()
                assert isinstance(before, bytes)
                piece = before + piece
            seen.add(piece)
            pieces.append(piece)
            at = end
    return pieces
