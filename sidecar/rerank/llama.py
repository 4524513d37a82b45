"""A GGUF cross-encoder as a reranking model, run by llama.cpp in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sidecar.llama.pairs import CHARACTERS_PER_TOKEN
from sidecar.llama.process import LlamaProcess, ProcessOptions
from sidecar.llama.tuning import USUAL_CONTEXT

# No model is given more. Cut before it is sent: writing megabytes as JSON would hold the event loop.
_MOST_CHARACTERS = USUAL_CONTEXT["rerank"] * CHARACTERS_PER_TOKEN
_SLICE = 16
"""Texts a turn: a client that sends a thousand leaves room for the questions asked meanwhile."""


class LlamaRerankModel:
    """Follows `RerankModel`. The process starts with the first query and stops after `keep_alive` idle seconds."""

    def __init__(self, path: Path, *, name: str | None = None, options: ProcessOptions | None = None) -> None:
        self._name = name or path.stem
        self.process = LlamaProcess(path, mode="rerank", options=options or ProcessOptions())

    @property
    def name(self) -> str:
        return self._name

    async def check(self) -> None:
        """Read the file's header and raise ModelUnavailableError when the model cannot rank. Loads nothing."""
        self.process.check_kind(await self.process.describe())

    async def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """Score texts in order, as `RerankModel.scores`; loads the model if need be."""
        if not texts:
            return []
        scores: list[float] = []
        for first in range(0, len(texts), _SLICE):
            part = [text[:_MOST_CHARACTERS] for text in texts[first : first + _SLICE]]
            scores += await self.process.rank(query[:_MOST_CHARACTERS], part)
        return scores

    async def aclose(self) -> None:
        await self.process.aclose()
