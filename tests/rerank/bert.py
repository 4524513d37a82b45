"""The tiny BERT cross-encoder computed from its weights by the book, to compare llama.cpp's scores with.

Source: Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers, https://arxiv.org/abs/1810.04805
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import gguf
import numpy as np

from tests.models.gguf_parts import Array
from tests.models.tiny_bert import HEADS, LAYERS, WIDTH

_CLS, _SEP = 2, 3


class _Weights:
    def __init__(self, path: Path) -> None:
        reader = gguf.GGUFReader(str(path))
        self._tensors = {each.name: gguf.quants.dequantize(each.data, each.tensor_type) for each in reader.tensors}
        self.tokens: list[str] = reader.fields["tokenizer.ggml.tokens"].contents()

    def __getitem__(self, name: str) -> Array:
        return np.asarray(self._tensors[name], dtype=np.float64)

    def linear(self, name: str, values: Array) -> Array:
        return values @ self[name + ".weight"].T + self[name + ".bias"]

    def norm(self, name: str, values: Array) -> Array:
        centred = values - values.mean(axis=-1, keepdims=True)
        scaled: Array = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        return scaled * self[name + ".weight"] + self[name + ".bias"]


def bert_scores(path: Path, query: str, texts: Sequence[str], *, segments: bool) -> Array:
    """Relevance of each text, in [0, 1]; without `segments` all tokens count as the first segment's."""
    weights = _Weights(path)
    return np.array([_score(weights, query, text, segments=segments) for text in texts])


def _score(weights: _Weights, query: str, text: str, *, segments: bool) -> float:
    first = [_CLS, *_tokens(weights, query), _SEP]
    second = [*_tokens(weights, text), _SEP]
    ids = np.array([*first, *second])
    kinds = np.array([0] * len(first) + [int(segments)] * len(second))
    hidden = weights["token_embd.weight"][ids] + weights["token_types.weight"][kinds]
    hidden = weights.norm("token_embd_norm", hidden + weights["position_embd.weight"][: len(ids)])
    for layer in range(LAYERS):
        hidden = _layer(weights, f"blk.{layer}.", hidden)
    pooled = np.tanh(weights.linear("cls", hidden[0]))
    return float(1 / (1 + math.exp(-weights.linear("cls.output", pooled)[0])))


def _layer(weights: _Weights, block: str, hidden: Array) -> Array:
    query, key, value = (
        weights.linear(block + part, hidden).reshape(len(hidden), HEADS, -1).swapaxes(0, 1)
        for part in ("attn_q", "attn_k", "attn_v")
    )
    attention = np.exp(query @ key.swapaxes(1, 2) / math.sqrt(WIDTH // HEADS))
    mixed = attention / attention.sum(axis=-1, keepdims=True) @ value
    attended = weights.linear(block + "attn_output", mixed.swapaxes(0, 1).reshape(len(hidden), WIDTH))
    hidden = weights.norm(block + "attn_output_norm", hidden + attended)
    inner = weights.linear(block + "ffn_up", hidden)
    gelu = 0.5 * inner * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
    return weights.norm(block + "layer_output_norm", hidden + weights.linear(block + "ffn_down", gelu))


def _tokens(weights: _Weights, text: str) -> list[int]:
    """Longest match first, as WordPiece; the marks that the texts here have stand alone."""
    ids = []
    for word in text.replace("!", " ! ").split():
        rest = "\u2581" + word
        while rest:
            piece = next(rest[:end] for end in range(len(rest), 0, -1) if rest[:end] in weights.tokens)
            ids.append(weights.tokens.index(piece))
            rest = rest[len(piece) :]
    return ids
