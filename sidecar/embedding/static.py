"""The built-in embedding: a table of token vectors from the installed `wordllama` wheel, averaged over a text's tokens.

Only two files of that package are read; it is never imported, because its own loader downloads what it does not find.
What runs here: a short query on the event loop (0.1 ms), everything else and the first load (0.2 s, about 20 MB) in a
thread; tokenizing and the sums release the interpreter's lock. The table stays float16, and in its file: of its 16 MB
the pages are in memory whose words were used, and the system may take them back at any time. Read into memory it took
16.4 MB for as long as the server runs; mapped, 0.2 MB between two uses. The price: a file that is cut short while it is
mapped ends the server (SIGBUS). Installers put another file in its place, which harms nobody. Converting the rows of
one text at a time keeps them in the processor's cache, which measured 2.5 times faster than one large
`np.add.reduceat` over a batch.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
import json
import mmap
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from sidecar.embedding.measure import TextLimit
from sidecar.embedding.model import Embeddings, TextKind
from sidecar.embedding.tokenizer import encodable, open_tokenizer
from sidecar.errors import ModelUnavailableError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FindSpec: TypeAlias = Callable[[str], ModuleSpec | None]

DIMENSIONS = 256
MAX_TOKENS = 2048
"""Longest stretch of a text that counts. Chunks are far shorter; this bounds what one request can cost."""
_MAX_CHARS = MAX_TOKENS * 8
# Texts per call of the tokenizer. Slices of 64 held the event loop for 8 ms at worst, 16 for 5, at the same speed.
_SLICE = 16
_INLINE_CHARS = 2_000
_WEIGHTS = "weights/l2_supercat_256.safetensors"
_TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
_HINT = "Install the built-in embedding with `pip install 'obsidian-sidecar[builtin]'`."
# Raised when pooling or normalising changes here, so that stored vectors are computed again.
_POOLING = 1
_MAX_HEADER = 2**20


def static_available(*, find: FindSpec = importlib.util.find_spec) -> str | None:
    """Say why the built-in embedding cannot be used, or `None` when it can. Imports and opens nothing."""
    for package in ("wordllama", "tokenizers"):
        if find(package) is None:
            return f"The package {package} is not installed."
    missing = [path for path in _files(find) if not path.is_file()]
    return f"The installed wordllama lacks {missing[0].name}." if missing else None


class StaticEmbeddingModel:
    """An `EmbeddingModel` that needs no download. Opens its files at the first use."""

    def __init__(self, *, find: FindSpec = importlib.util.find_spec) -> None:
        self._find = find
        self._table: _Table | None = None
        self._opening = asyncio.Lock()

    @property
    def name(self) -> str:
        return "builtin"

    @property
    def fingerprint(self) -> str:
        """Package version, size of the weights, own pooling. Raises ModelUnavailableError without the package."""
        self._check()
        weights, _ = _files(self._find)
        version = importlib.metadata.version("wordllama")
        return f"builtin:wordllama-{version}:{weights.stat().st_size}:{MAX_TOKENS}:{_POOLING}"

    @property
    def on_this_machine(self) -> bool:
        return True

    async def dimensions(self) -> int:
        return (await self._opened()).dimensions

    async def text_limit(self) -> TextLimit:
        """Where its tokenizer lies. Raises ModelUnavailableError without the package."""
        self._check()
        # All that counts, not less: an average of words has no window to fit, and a Chinese note cut into pieces of 512
        # tokens made an index half as large again, and searches as much slower, for the same nDCG@10.
        return TextLimit(most=MAX_TOKENS, tokenizer="file", path=str(_files(self._find)[1]))

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        """Embed texts in order. `kind` changes nothing: a table of words has no prefixes."""
        table = await self._opened()
        if sum(map(len, texts)) <= _INLINE_CHARS:
            return table.embed(texts)
        made = await asyncio.to_thread(table.embed, texts)
        table.let_go()
        return made

    async def aclose(self) -> None:
        self._table = None

    async def _opened(self) -> _Table:
        async with self._opening:
            if self._table is None:
                self._check()
                self._table = await asyncio.to_thread(_open, *_files(self._find))
            return self._table

    def _check(self) -> None:
        if reason := static_available(find=self._find):
            raise ModelUnavailableError(f"The built-in embedding cannot be used. {reason}", hint=_HINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    tokenizer: Tokenizer
    weights: npt.NDArray[np.float16]
    mapping: mmap.mmap

    @property
    def dimensions(self) -> int:
        return int(self.weights.shape[1])

    def embed(self, texts: Sequence[str]) -> Embeddings:
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        counts: list[int] = []
        for start in range(0, len(texts), _SLICE):
            batch = [_clean(text) for text in texts[start : start + _SLICE]]
            for encoding in self.tokenizer.encode_batch_fast(batch, add_special_tokens=False):
                ids = encoding.ids[:MAX_TOKENS]
                if ids:
                    # The sum points the same way as the mean; normalising makes them equal.
                    vectors[len(counts)] = self.weights[np.asarray(ids, dtype=np.intp)].astype(np.float32).sum(axis=0)
                counts.append(len(ids))
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        return Embeddings(vectors=vectors, token_counts=tuple(counts))

    def let_go(self) -> None:
        """Have the table's pages leave this process's memory; the system keeps them for when they are read again."""
        if sys.platform == "linux":
            self.mapping.madvise(mmap.MADV_DONTNEED)


def _clean(text: str) -> str:
    # Blanks alone would get a vector of their own.
    cut = text[:_MAX_CHARS]
    return encodable(cut) if cut.strip() else ""


def _files(find: FindSpec) -> tuple[Path, Path]:
    spec = find("wordllama")
    if spec is None or spec.origin is None:
        raise ModelUnavailableError("The package wordllama is not installed.", hint=_HINT)
    folder = Path(spec.origin).parent
    return folder / _WEIGHTS, folder / _TOKENIZER


def _open(weights_file: Path, tokenizer_file: Path) -> _Table:
    try:
        weights, mapping = _mapped(weights_file)
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not in the format safetensors"
        raise ModelUnavailableError(f"{weights_file.name} of wordllama cannot be read: {reason}.", hint=_HINT) from exc
    tokenizer = open_tokenizer(tokenizer_file)
    if weights.shape[0] < tokenizer.get_vocab_size():
        raise ModelUnavailableError(f"{weights_file.name} of wordllama does not fit its tokenizer.", hint=_HINT)
    return _Table(tokenizer=tokenizer, weights=weights, mapping=mapping)


def _mapped(file: Path) -> tuple[npt.NDArray[np.float16], mmap.mmap]:
    """The table as the file has it, of which what is used is read: the length of a JSON header in eight bytes, the
    header, and behind it the numbers (https://huggingface.co/docs/safetensors). Raises OSError, and whatever reading
    raises for a file of another kind.
    """
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        if not 0 < length <= _MAX_HEADER:
            raise ValueError("no header")
        told = json.loads(opened.read(length))["embedding.weight"]
        mapping = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    rows, columns = told["shape"]
    if told["dtype"] != "F16" or min(rows, columns) < 1:
        raise ValueError("not a table of float16")
    begin = 8 + length + told["data_offsets"][0]
    table = np.frombuffer(mapping, dtype="<f2", count=rows * columns, offset=begin)
    return table.reshape(rows, columns), mapping
