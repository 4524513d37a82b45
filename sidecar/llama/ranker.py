"""A reranking model at work inside its process: query and texts become pairs, and a head's outputs become relevance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sidecar.errors import ModelUnavailableError
from sidecar.llama.classifier import relevance
from sidecar.llama.gguf import read_gguf
from sidecar.llama.native import NativeModel
from sidecar.llama.pairs import pairs_of
from sidecar.llama.pooled import PooledContext
from sidecar.llama.segments import SegmentedTokens, has_segments


class Ranker:
    """One loaded model with what its file says of pairs and segments. Raises ModelUnavailableError when made."""

    def __init__(self, native: NativeModel, context: PooledContext) -> None:
        self._context = context
        self._model = read_gguf(Path(native.settings.path))
        self._pairs = pairs_of(self._model, native, limit=native.settings.context_length)
        self._segments = SegmentedTokens(self._model, native.lib) if has_segments(self._model) else None

    def scores(self, query: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """How well each text answers the query, in [0, 1], in order. Raises StoppedError and ModelUnavailableError."""
        pairs = self._pairs.build(query, texts)
        if self._segments is None:
            outputs = self._context.embed([pair.tokens for pair in pairs])
        else:
            outputs = self._context.embed([self._segments.inputs(pair) for pair in pairs])
        if not np.isfinite(outputs).all():
            raise ModelUnavailableError("The model computed values that are not numbers; its file is damaged.")
        return relevance(outputs, self._model)
