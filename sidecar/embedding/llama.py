"""A GGUF file as an embedding model, run by llama.cpp in a process of its own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sidecar.embedding.measure import BEST_LENGTH, TextLimit, estimate
from sidecar.embedding.model import Embeddings, TextKind
from sidecar.errors import ModelUnavailableError
from sidecar.llama.gguf import GgufModel, read_gguf
from sidecar.llama.process import LlamaProcess, ProcessOptions, effective_pooling

RECIPE = 1
"""Raise it when a change here gives the same text another vector."""
_SLICE = 16
"""Texts a turn: an index under way hands over the model to a waiting query after so many (half a second of MiniLM)."""
_EDGE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefixes:
    """What a model was trained to see before a text."""

    query: str = ""
    passage: str = ""

    def put_before(self, text: str, *, kind: TextKind) -> str:
        return {"query": self.query, "passage": self.passage, "plain": ""}[kind] + text


# Pattern over architecture, name in the file and file name → prefixes, from the models' cards; the first match wins.
_FAMILIES: tuple[tuple[str, Prefixes], ...] = (
    (r"nomic-embed-code", Prefixes(query="Represent this query for searching relevant code: ")),
    (r"nomic", Prefixes(query="search_query: ", passage="search_document: ")),
    (
        r"e5.*instruct|qwen3.*embed",
        Prefixes(query="Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "),
    ),
    (r"\be5\b", Prefixes(query="query: ", passage="passage: ")),
    (
        r"embeddinggemma|gemma-embedding",
        Prefixes(query="task: search result | query: ", passage="title: none | text: "),
    ),
    (
        r"bge-(small|base|large)-en|mxbai-embed-large|arctic-embed-(?!.*v2)|gist-embedding",
        Prefixes(query="Represent this sentence for searching relevant passages: "),
    ),
    (r"arctic-embed", Prefixes(query="query: ")),
    (r"bge-(small|base|large)-zh", Prefixes(query="为这个句子生成表示以用于检索相关文章：")),
)


def prefixes_of(model: GgufModel) -> Prefixes:
    """The prefixes of the family that a model belongs to; none when it is not known."""
    names = re.sub(r"[\s_]+", "-", f"{model.architecture} {model.name or ''} {model.path.stem}".lower())
    return next((prefixes for pattern, prefixes in _FAMILIES if re.search(pattern, names)), Prefixes())


class LlamaEmbeddingModel:
    """Follows `EmbeddingModel`. The process starts with the first text and stops after `keep_alive` idle seconds."""

    def __init__(
        self,
        path: Path,
        *,
        name: str | None = None,
        prefixes: Prefixes | None = None,
        options: ProcessOptions | None = None,
    ) -> None:
        """`prefixes`: `None` looks the model's family up."""
        self._path = path
        self._name = name or path.stem
        self._prefixes = prefixes
        self._fingerprint: str | None = None
        self.process = LlamaProcess(path, mode="embedding", options=options or ProcessOptions())

    @property
    def name(self) -> str:
        return self._name

    @property
    def fingerprint(self) -> str:
        """Read from the file when first asked for: header and both ends, some milliseconds. Raises
        ModelUnavailableError.
        """
        if self._fingerprint is None:
            self._fingerprint = self._read_fingerprint()
        return self._fingerprint

    @property
    def on_this_machine(self) -> bool:
        return True

    async def dimensions(self) -> int:
        """Length of a vector; loads the model. Raises ModelUnavailableError."""
        return await self.process.load()

    async def text_limit(self) -> TextLimit:
        """Read from the file's header. Raises ModelUnavailableError."""
        model = await self.process.describe()
        prefix = (self._prefixes or prefixes_of(model)).passage
        most = min(BEST_LENGTH, self.process.context_length_of(model)) - (estimate([prefix])[0] if prefix else 0)
        return TextLimit(most=max(most, 8), tokenizer="gguf", path=str(self._path))

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        """Embed texts in order, as `EmbeddingModel.embed`. May raise OverloadedError too."""
        prefixes = self._prefixes or prefixes_of(await self.process.describe())
        prefixed = [prefixes.put_before(text, kind=kind) for text in texts]
        slices = [prefixed[start : start + _SLICE] for start in range(0, len(prefixed), _SLICE)]
        done = [await self.process.embed(part) for part in slices]
        if not done:
            return Embeddings(vectors=np.zeros((0, await self.dimensions()), dtype=np.float32), token_counts=())
        return Embeddings(
            vectors=np.concatenate([vectors for vectors, _ in done]),
            token_counts=tuple(count for _, counts in done for count in counts),
        )

    async def aclose(self) -> None:
        await self.process.aclose()

    def _read_fingerprint(self) -> str:
        model = read_gguf(self._path)
        digest = hashlib.sha256()
        try:
            with self._path.open("rb") as file:
                digest.update(file.read(model.header_size + _EDGE))
                file.seek(max(0, model.file_size - _EDGE))
                digest.update(file.read(_EDGE))
        except OSError as error:
            raise ModelUnavailableError(f"The model file {self._path.name} cannot be read: {error}.") from error
        prefixes = self._prefixes or prefixes_of(model)
        recipe = (RECIPE, model.file_size, effective_pooling(model), prefixes.query, prefixes.passage,
                  self.process.context_length_of(model))  # fmt: skip
        digest.update(repr(recipe).encode("utf-8"))
        return f"gguf:{digest.hexdigest()[:32]}"
