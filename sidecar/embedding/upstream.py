"""An embedding model that lives on an upstream server. What comes back is checked before it is believed.

Ollama is asked by its native route with `truncate` off: its OpenAI route cuts a text that is too long without a word.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from sidecar.embedding.measure import BEST_LENGTH, TextLimit, estimate
from sidecar.embedding.model import Embeddings, TextKind, Vectors
from sidecar.errors import UpstreamError
from sidecar.upstream.server import Upstream

# Reading the JSON of 32 vectors of 1,024 numbers holds the event loop for about 5 ms; twice as many, twice as long.
_BATCH = 32
_TOO_LONG = re.compile(r"too (?:long|large|many tokens)|context (?:length|size|window)|exceed|maximum", re.IGNORECASE)
_QUERY_DEADLINE = 10.0
"""Seconds, and one more for each text, that a search waits for its vectors; words find notes without them."""
_LEFT_ALONE = 30.0
"""Seconds in which a server that let a query wait is not asked for another."""
_CUTS = 6
"""How often a text that the server finds too long is halved before the error is passed on."""


class UpstreamEmbeddingModel:
    """An `EmbeddingModel`. The upstream is shared and stays open when this closes."""

    def __init__(
        self,
        upstream: Upstream,
        model: str,
        *,
        name: str | None = None,
        here_only: bool = False,
        dimensions: int | None = None,
        query_prefix: str = "",
        passage_prefix: str = "",
    ) -> None:
        """`model` is its name on the server, `name` the id here, the same when `None`. `here_only` refuses a model
        that the server passes on to another machine. `dimensions` asks for shorter vectors; `None` takes the model's
        own.
        """
        self._upstream = upstream
        self._model = model
        self._name = name or model
        self._here_only = here_only
        self._asked = dimensions
        self._prefixes = {"query": query_prefix, "passage": passage_prefix}
        self._dimensions: int | None = None
        self._left_alone_until = -math.inf

    @property
    def name(self) -> str:
        return self._name

    @property
    def on_this_machine(self) -> bool:
        """Whether the server is, and is not known to pass this model's texts on."""
        return self._upstream.on_this_machine and not self._upstream.runs_elsewhere(self._model)

    @property
    def fingerprint(self) -> str:
        """Server, model, prefixes and the dimensions asked for; the model's own are checked at each answer."""
        parts = (self._upstream.url, self._model, str(self._asked or "own"), *self._prefixes.values())
        return ":".join(("upstream", *parts))

    async def dimensions(self) -> int:
        """Ask with a short text, once. Raises UpstreamError."""
        if self._dimensions is None:
            await self._embed_batch(["dimensions"], here=self.on_this_machine)
        assert self._dimensions is not None
        return self._dimensions

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        """Embed texts in order, in requests of at most 32; blank texts are not sent, since servers refuse them. A query
        fails when the server lets it wait for long, and the next ones at once for a while.
        """
        if kind != "query":
            return await self._embed(texts, kind=kind)
        now = asyncio.get_running_loop().time()
        if now < self._left_alone_until:
            raise UpstreamError(f"{self._upstream.name} let a query wait for too long a moment ago.")
        try:
            async with asyncio.timeout(_QUERY_DEADLINE + len(texts)):
                return await self._embed(texts, kind=kind)
        except TimeoutError:
            self._left_alone_until = now + _QUERY_DEADLINE + _LEFT_ALONE
            raise UpstreamError(f"{self._upstream.name} let a query wait for too long.") from None

    async def _embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        # What the texts were chosen by. A server may tell of another machine when it is next asked.
        here = self.on_this_machine
        prefix = self._prefixes.get(kind, "")
        sent = [position for position, text in enumerate(texts) if text.strip()]
        vectors = np.zeros((len(texts), await self.dimensions()), dtype=np.float32)
        counts = [0] * len(texts)
        for start in range(0, len(sent), _BATCH):
            batch = sent[start : start + _BATCH]
            found, tokens = await self._embed_cutting([prefix + texts[position] for position in batch], here=here)
            vectors[batch] = found
            for position, count in zip(batch, tokens, strict=True):
                counts[position] = count
        return Embeddings(vectors=vectors, token_counts=tuple(counts))

    async def text_limit(self) -> TextLimit:
        """An estimate: such a server tells neither its tokenizer nor where it cuts."""
        prefix = self._prefixes.get("passage", "")
        return TextLimit(most=BEST_LENGTH - (estimate([prefix])[0] if prefix else 0))

    async def aclose(self) -> None:
        """Nothing is held."""

    async def _embed_cutting(self, texts: list[str], *, here: bool, cuts: int = _CUTS) -> tuple[Vectors, list[int]]:
        """Embed, and when the server finds a text too long: find out which by halving the batch, then cut it."""
        try:
            return await self._embed_batch(texts, here=here)
        except UpstreamError as exc:
            refused = exc.status in (400, 413, 422, 500) and _TOO_LONG.search(exc.message)
            if not refused or (len(texts) == 1 and cuts == 0):
                raise
        if len(texts) == 1:
            return await self._embed_cutting([texts[0][: len(texts[0]) // 2]], here=here, cuts=cuts - 1)
        middle = len(texts) // 2
        first, first_counts = await self._embed_cutting(texts[:middle], here=here, cuts=cuts)
        second, second_counts = await self._embed_cutting(texts[middle:], here=here, cuts=cuts)
        return np.concatenate([first, second]), first_counts + second_counts

    async def _embed_batch(self, texts: list[str], *, here: bool) -> tuple[Vectors, list[int]]:
        kind = await self._upstream.kind()
        if not self.on_this_machine and (here or self._here_only):
            raise UpstreamError(
                f"{self._upstream.name} passes what '{self._model}' is sent on to another machine.",
                hint="Choose an embedding model that runs here.",
            )
        body: dict[str, Any] = {"model": self._model, "input": texts}
        if self._asked is not None:
            body["dimensions"] = self._asked
        if kind == "ollama":
            answer = await self._upstream.post_json("/api/embed", body | {"truncate": False})
            found = answer.get("embeddings")
            entries = [{"embedding": vector} for vector in found] if isinstance(found, list) else None
            tokens = answer.get("prompt_eval_count")
        else:
            answer = await self._upstream.post_json("embeddings", body | {"encoding_format": "float"})
            entries, usage = answer.get("data"), answer.get("usage")
            tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
        return self._checked(entries, count=len(texts)), _shares(tokens, texts)

    def _checked(self, data: object, *, count: int) -> Vectors:
        entries = data if isinstance(data, list) else []
        if len(entries) != count or not all(isinstance(entry, dict) for entry in entries):
            raise self._wrong(f"{len(entries)} vectors for {count} texts")
        if sorted(str(entry.get("index")) for entry in entries) == sorted(map(str, range(count))):
            entries = sorted(entries, key=lambda entry: int(entry["index"]))
        try:
            # A number too large for float32 becomes infinite, which is refused below.
            with np.errstate(over="ignore"):
                vectors: Vectors = np.asarray([entry.get("embedding") for entry in entries], dtype=np.float32)
        except (TypeError, ValueError) as exc:
            raise self._wrong("vectors of unequal length or not of numbers") from exc
        if vectors.ndim != 2 or vectors.shape[1] == 0 or not np.isfinite(vectors).all():
            raise self._wrong("something that is not a vector of finite numbers")
        expected = self._dimensions or self._asked or vectors.shape[1]
        if vectors.shape[1] != expected:
            raise self._wrong(f"vectors of {vectors.shape[1]} numbers instead of {expected}")
        self._dimensions = expected
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        return vectors

    def _wrong(self, what: str) -> UpstreamError:
        return UpstreamError(
            f"{self._upstream.name} gave {what} for the embedding model '{self._model}'.",
            status=200,
            hint="Is it an embedding model, and still the same one?",
        )


def _shares(total: object, texts: Sequence[str]) -> list[int]:
    """Split the batch's token count over its texts by their size, so that the shares add up to it."""
    sizes = np.asarray([len(text.encode("utf-8", "replace")) for text in texts], dtype=np.float64)
    if not isinstance(total, int) or total <= 0:
        total = max(int(sizes.sum()) // 4, len(texts))
    borders = np.round(np.cumsum(sizes) / max(sizes.sum(), 1) * total).astype(int)
    return [int(share) for share in np.diff(borders, prepend=0)]
