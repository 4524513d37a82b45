"""An embedding model whose vectors of passages are kept in a file: what takes an hour once takes seconds again.

Only a benchmark wants this. Queries are always embedded, as their time is measured.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sidecar.embedding.measure import TextLimit
from sidecar.embedding.model import EmbeddingModel, Embeddings, TextKind

# So much is lost at most when a run is broken off.
_SLICE = 64


class KeptVectors:
    """Follows `EmbeddingModel`. A file in `folder` belongs to the model's fingerprint."""

    def __init__(self, model: EmbeddingModel, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._model = model
        self._file = sqlite3.connect(folder / f"{model.fingerprint.replace(':', '-')}.db")
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS kept (text BLOB PRIMARY KEY, tokens INTEGER, vector BLOB) WITHOUT ROWID"
        )

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def on_this_machine(self) -> bool:
        return self._model.on_this_machine

    @property
    def fingerprint(self) -> str:
        return self._model.fingerprint

    async def dimensions(self) -> int:
        return await self._model.dimensions()

    async def text_limit(self) -> TextLimit:
        return await self._model.text_limit()

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        """As `EmbeddingModel.embed`."""
        if kind != "passage" or not texts:
            return await self._model.embed(texts, kind=kind)
        keys = [hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if self._kept(key) is None}
        for start in range(0, len(missing), _SLICE):
            part = dict(list(missing.items())[start : start + _SLICE])
            self._keep(list(part), await self._model.embed(list(part.values()), kind=kind))
        found = [row for key in keys if (row := self._kept(key)) is not None]
        return Embeddings(
            vectors=np.stack([np.frombuffer(vector, dtype=np.float32) for _, vector in found]),
            token_counts=tuple(tokens for tokens, _ in found),
        )

    async def aclose(self) -> None:
        self._file.close()
        await self._model.aclose()

    def _kept(self, key: bytes) -> tuple[int, bytes] | None:
        row: tuple[int, bytes] | None = self._file.execute(
            "SELECT tokens, vector FROM kept WHERE text = ?", (key,)
        ).fetchone()
        return row

    def _keep(self, keys: Sequence[bytes], made: Embeddings) -> None:
        rows = zip(keys, made.token_counts, (v.astype(np.float32).tobytes() for v in made.vectors), strict=True)
        with self._file:
            self._file.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", rows)
