"""How one model is loaded: what the client decides and the worker process obeys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from sidecar.llama.gguf import Pooling

Mode: TypeAlias = Literal["chat", "embedding", "rerank"]
KvType: TypeAlias = Literal["f16", "q8_0", "q4_0"]
"""The numbers of the key-value cache."""

_KEPT_SEQUENCES = 12
"""Texts beside those being answered whose beginnings are kept for the next request."""
POOLED_SEQUENCES = 16
"""Texts that may be in one call of an embedding or reranking model."""


def chat_sequences(parallel: int, *, shortens: bool) -> int:
    """Sequences of a chat model's cache. A state that cannot be shortened is large, and of use only to the very
    conversation that left it: few are kept.
    """
    return parallel + (_KEPT_SEQUENCES if shortens else 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSettings:
    """Everything the worker needs to load a model; checked before it is sent, for llama.cpp aborts on bad values."""

    path: str
    mode: Mode
    context_length: int
    """Chat: tokens of prompt and answer together. Embedding: tokens of one text, rerank: of a query and a text; longer
    ones are cut.
    """
    cells: int
    """Tokens that the key-value cache holds: those of all conversations, and of what is kept of earlier ones."""
    batch: int
    """Tokens evaluated by one call."""
    threads: int
    gpu_layers: int
    """-1 means all; ignored by builds without a GPU."""
    parallel: int = 1
    """Conversations answered at once."""
    kv_type: KvType = "f16"
    flash_attention: bool | None = None
    """`None` leaves it to llama.cpp."""
    pooling: Pooling | None = None
    chat_template: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> LoadSettings:
        return cls(**fields)
