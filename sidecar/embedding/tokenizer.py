"""A tokenizer kept as a file of the `tokenizers` package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.errors import ModelUnavailableError

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def open_tokenizer(path: Path) -> Tokenizer:
    """Open a tokenizer that neither pads nor cuts. Raises ModelUnavailableError."""
    from tokenizers import Tokenizer  # a native library, and one that not every installation has

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as exc:  # tokenizers raises bare Exception for a file it cannot read
        raise ModelUnavailableError(f"The tokenizer {path.name} cannot be read: {exc}") from exc
    tokenizer.no_padding()
    tokenizer.no_truncation()
    # "</s>" in a note is three characters of text, not the end of a sequence.
    tokenizer.encode_special_tokens = True
    return tokenizer


def encodable(text: str) -> str:
    """The text without lone surrogates, which JSON can spell and at which the tokenizer would raise."""
    return text.encode("utf-8", "replace").decode("utf-8")
