"""A reranker's head: which of them llama.cpp computes rightly, and how its outputs become a relevance.

llama.cpp takes what the header names on trust. It pools without a head and gives out the first number of a vector as
the score, and it looks at the first token of a causal model, which has seen nothing yet, unless it knows the model.

Source: `llm_graph_context::build_pooling` and `build_inp_cls` in
https://github.com/ggml-org/llama.cpp/blob/master/src/llama-graph.cpp
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sidecar.llama.gguf import GgufModel

QUERY, DOCUMENT = "{query}", "{document}"
"""What a rerank template holds the places with."""
_JUDGES = frozenset({"qwen3", "qwen3vl"})
"""Architectures asked for a yes or no: the last token is looked at, and their outputs are shares that add up to 1."""


def rank_problem(model: GgufModel) -> str | None:
    """Say why a reranking model cannot be used here, in words that follow "cannot rank: "; `None` when it can."""
    outputs = 1 if model.output_labels is None else model.output_labels
    if model.head is None:
        return "it has rank pooling but no classification head, so nothing in it makes a score"
    if model.head.rows != outputs or outputs < 1:
        return f"its classification head has {model.head.rows} outputs where the header names {outputs}"
    if not model.causal_attention:
        return None
    if model.architecture not in _JUDGES:
        return f"llama.cpp reads the first token of a causal model, which tells nothing ({model.architecture})"
    if outputs < 2:
        return "its head has one output, of which llama.cpp makes a share of 1 for every text"
    template = model.rerank_template or ""
    if template.count(QUERY) != 1 or template.count(DOCUMENT) != 1:
        return "it brings no rerank template that says how a query and a text are put before it"
    return None


def relevance(outputs: npt.NDArray[np.float32], model: GgufModel) -> npt.NDArray[np.float32]:
    """Scores in [0, 1] from a head's outputs, shape (pairs, outputs): of several the first counts, as in llama.cpp.

    A logit goes through the sigmoid; a share (`yes` before `no`) is what the sigmoid of their difference would give.
    """
    first = outputs[:, 0].astype(np.float64)
    if model.causal_attention and model.architecture in _JUDGES:
        return first.clip(0.0, 1.0).astype(np.float32)
    # Beyond 60 the sigmoid is 0 or 1 in 32 bits; without the limit the exponential overflows with a warning.
    scores: npt.NDArray[np.float32] = (1.0 / (1.0 + np.exp(-first.clip(-60.0, 60.0)))).astype(np.float32)
    return scores
