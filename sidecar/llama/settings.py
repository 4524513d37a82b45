"""How one model is loaded: what the client decides and the worker process obeys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from sidecar.llama.gguf import Pooling

Mode: TypeAlias = Literal["chat", "embedding", "rerank"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSettings:
    """Everything the worker needs to load a model; checked before it is sent, for llama.cpp aborts on bad values."""

    path: str
    mode: Mode
    context_length: int
    """Chat: tokens of prompt and answer together. Embedding: tokens of one text, rerank: of a query and a text; longer
    ones are cut.
    """
    threads: int | None
    """`None` means one a physical core."""
    gpu_layers: int
    """-1 means all; ignored by builds without a GPU."""
    pooling: Pooling | None = None
    chat_template: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> LoadSettings:
        return cls(**fields)
