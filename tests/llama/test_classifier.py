"""What the outputs of a reranker's head mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sidecar.llama.classifier import relevance
from sidecar.llama.gguf import read_gguf


def test_a_logit_becomes_a_relevance_through_the_sigmoid(tiny_rank_gguf: Path) -> None:
    model = read_gguf(tiny_rank_gguf)
    outputs = np.array([[0.0, 9.0], [2.0, 9.0], [-2.0, 9.0], [1e30, 0.0], [-1e30, 0.0]], dtype=np.float32)
    np.testing.assert_allclose(relevance(outputs, model), [0.5, 0.880797, 0.119203, 1.0, 0.0], atol=1e-6)


def test_the_share_of_yes_is_a_relevance_as_it_is(tiny_judge_gguf: Path) -> None:
    model = read_gguf(tiny_judge_gguf)
    outputs = np.array([[0.25, 0.75], [1.0, 0.0], [1.0000001, 0.0]], dtype=np.float32)
    np.testing.assert_array_equal(relevance(outputs, model), np.array([0.25, 1.0, 1.0], dtype=np.float32))
