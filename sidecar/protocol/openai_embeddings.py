"""`POST /v1/embeddings`: the request body and the response."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from sidecar.errors import RequestError
from sidecar.protocol.fields import Body, Whole

MAX_INPUTS = 2048
"""OpenAI's own limit; clients cut their batches to it."""


def _inputs(given: Any) -> list[str] | list[list[int]]:
    """A list of texts, or of texts as token ids, whatever form it came in."""
    inputs = [given] if isinstance(given, str) or _is_tokens(given) else given
    if not isinstance(inputs, list):
        raise _wrong_input()
    if not inputs or any(text == "" or text == [] for text in inputs):
        raise RequestError("'input' is empty or holds an empty text.", param="input", code="invalid_value")
    if len(inputs) > MAX_INPUTS:
        raise RequestError(f"'input' holds {len(inputs)} texts; at most {MAX_INPUTS} fit a request.", param="input")
    if all(isinstance(text, str) for text in inputs) or all(_is_tokens(text) for text in inputs):
        return list(inputs)
    raise _wrong_input()


def _is_tokens(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(type(token) is int for token in value)


def _wrong_input() -> RequestError:
    return RequestError(
        "Invalid 'input': send a string, a list of strings, or token ids.", param="input", code="invalid_type"
    )


class EmbeddingsBody(Body):
    """The request body; `input` is a list of texts, or of lists of token ids, whatever form it came in."""

    model: str = Field(min_length=1, max_length=512)
    input: Annotated[Any, AfterValidator(_inputs)]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Whole | None = Field(default=None, ge=1)


def base64_vector(little_endian_float32: bytes) -> str:
    """Encode a vector as OpenAI does: base64 of its float32 numbers, least significant byte first."""
    return base64.b64encode(little_endian_float32).decode("ascii")


def embedding_entry(*, index: int, embedding: Sequence[float] | str) -> dict[str, Any]:
    """Build one of `data`; `index` is the position of the text in `input`."""
    return {"object": "embedding", "index": index, "embedding": embedding}


def embeddings_list(*, model: str, data: Sequence[Any], prompt_tokens: int) -> dict[str, Any]:
    """Build the response."""
    return {
        "object": "list",
        "data": list(data),
        "model": model,
        "usage": {"prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens},
    }
