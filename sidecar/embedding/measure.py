"""How long a text may be for an embedding model, told so that another process can count its tokens for itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from sidecar.embedding.tokenizer import encodable, open_tokenizer

CountTokens: TypeAlias = Callable[[Sequence[str]], Sequence[int]]

BEST_LENGTH = 512
"""Tokens. Models that take more are given no more: a chunk is to be about one thing, and the smaller ones end here."""
_BYTES_A_TOKEN = 2.5
# Less than English (4), Portuguese (3.5) or Chinese (2.6 to 3) need with any common tokenizer: an estimate must not be
# too low, as the server cuts off what is too much.


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLimit:
    """At most `most` tokens, as the tokenizer in `path` counts them.

    `tokenizer`: a tokenizer file, the vocabulary of a GGUF model, or an estimate from the text's size (no path).
    """

    most: int = BEST_LENGTH
    tokenizer: Literal["file", "gguf", "estimate"] = "estimate"
    path: str = ""


def open_counter(limit: TextLimit) -> CountTokens:
    """Give the function that counts. Raises ModelUnavailableError; for a GGUF model only where the process may end."""
    if limit.tokenizer == "gguf":
        from sidecar.llama.vocabulary import Vocabulary  # the native library: 30 MB that few parsers need

        return Vocabulary(Path(limit.path)).count
    if limit.tokenizer == "file":
        return _file_counter(limit.path)
    return estimate


def estimate(texts: Sequence[str]) -> list[int]:
    """Tokens that texts may have with a tokenizer that is not known; rather too many than too few."""
    return [int(len(text.encode("utf-8", "replace")) / _BYTES_A_TOKEN) + 1 for text in texts]


def _file_counter(path: str) -> CountTokens:
    tokenizer = open_tokenizer(Path(path))

    def count(texts: Sequence[str]) -> list[int]:
        encodings = tokenizer.encode_batch_fast([encodable(text) for text in texts], add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]

    return count
