"""The protocol every embedding model follows, and the shape of what it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from sidecar.embedding.measure import TextLimit

Vectors: TypeAlias = npt.NDArray[np.float32]

TextKind: TypeAlias = Literal["query", "passage", "plain"]
"""What the text is for. Models trained with prefixes put one before queries and passages; `plain` gets none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """Vectors of one batch: float32, shape (texts, dimensions), each row of length 1 (all zero for a text without
    any known token); `token_counts` has one entry a text.
    """

    vectors: Vectors
    token_counts: tuple[int, ...]


class EmbeddingModel(Protocol):
    """Turns texts into vectors. Safe to call from several tasks at once; blocking work is done elsewhere."""

    @property
    def name(self) -> str:
        """The id shown to users and clients, for example `builtin`."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same text could get another vector: model file, prefixes, pooling, version."""

    @property
    def on_this_machine(self) -> bool:
        """False when what it is sent leaves this machine."""

    async def dimensions(self) -> int:
        """Length of a vector. May load the model. Raises ModelUnavailableError or UpstreamError."""

    async def text_limit(self) -> TextLimit:
        """How long a passage may be, prefix aside. Loads no weights. Raises ModelUnavailableError."""

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        """Embed texts in order; over-long texts are cut to the model's own limit. Raises ModelUnavailableError or
        UpstreamError.
        """

    async def aclose(self) -> None:
        """Stop what was started. Idempotent."""
