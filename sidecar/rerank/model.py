"""The protocol every reranking model follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class RerankModel(Protocol):
    """Reads a query and a text together. Safe to call from several tasks at once; blocking work is done elsewhere."""

    @property
    def name(self) -> str:
        """The name shown to users, for example `bge-reranker-v2-m3`."""

    async def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers the query, in [0, 1], in order; over-long texts are cut to the model's limit.

        Comparable within one call, not between models: many files have heads that say 0.45 for no and 0.55 for yes.
        Raises ModelUnavailableError, and OverloadedError when too many queries wait.
        """

    async def aclose(self) -> None:
        """Stop what was started. Idempotent."""
