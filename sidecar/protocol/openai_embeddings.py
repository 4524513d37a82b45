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


def _texts(given: Any) -> list[str]:
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list):
        raise RequestError("Invalid 'input': send a string or a list of strings.", param="input", code="invalid_type")
    if not texts or any(text == "" or text == [] for text in texts):
        raise RequestError("'input' is empty or holds an empty text.", param="input", code="invalid_value")
    if len(texts) > MAX_INPUTS:
        raise RequestError(f"'input' holds {len(texts)} texts; at most {MAX_INPUTS} fit a request.", param="input")
    if all(isinstance(text, str) for text in texts):
        return list(texts)
    if all(_is_tokens(text) for text in texts):
        # Ids of OpenAI's tokenizer mean other words to any other model: refused, never embedded (langchain#21318).
        raise RequestError(
            "'input' holds token ids. This model has a tokenizer of its own: send text. "
            "In LangChain, set check_embedding_ctx_length=False.",
            param="input",
            code="token_input_unsupported",
        )
    raise RequestError("Invalid 'input': send a string or a list of strings.", param="input", code="invalid_type")


def _is_tokens(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(token, int) and not isinstance(token, bool) for token in value)
    return isinstance(value, int) and not isinstance(value, bool)


class EmbeddingsBody(Body):
    """The request body; `input` is a list of texts whatever form it came in."""

    model: str = Field(min_length=1, max_length=512)
    input: Annotated[Any, AfterValidator(_texts)]
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
