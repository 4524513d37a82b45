"""`POST /v1/rerank`: the request body and the response, as Cohere, Jina and llama.cpp have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from sidecar.errors import RequestError
from sidecar.protocol.fields import Body, Whole

MOST_DOCUMENTS = 1_000
_MOST_CHARACTERS = 10_000
"""Of the query, which is read anew with every document; no model takes as many."""


def _documents(given: list[Any]) -> list[str]:
    if not 0 < len(given) <= MOST_DOCUMENTS:
        raise RequestError(
            f"'documents' holds {len(given)} texts; between 1 and {MOST_DOCUMENTS:,} fit a request.",
            param="documents",
            code="invalid_value",
        )
    return [_document(place, document) for place, document in enumerate(given)]


def _document(place: int, given: Any) -> str:
    text = given.get("text") if isinstance(given, dict) else given
    if not isinstance(text, str):
        raise RequestError(
            f"Invalid 'documents[{place}]': send a string or an object with a 'text'.",
            param=f"documents[{place}]",
            code="invalid_type",
        )
    return text


class RerankBody(Body):
    """The request body; `documents` are texts whatever form they came in."""

    model: str | None = Field(default=None, min_length=1, max_length=512)
    query: str = Field(min_length=1, max_length=_MOST_CHARACTERS)
    documents: Annotated[list[Any], AfterValidator(_documents)]
    top_n: Whole | None = Field(default=None, ge=1)
    return_documents: bool = False


def rerank_result(*, index: int, score: float, document: str | None) -> dict[str, Any]:
    """Build one of `results`; `index` is the position of the text in `documents`, `document` the text to repeat."""
    result: dict[str, Any] = {"index": index, "relevance_score": score}
    return result if document is None else {**result, "document": {"text": document}}


def rerank_list(*, model: str, results: Sequence[dict[str, Any]], tokens: int) -> dict[str, Any]:
    """Build the response."""
    return {
        "object": "list",
        "model": model,
        "results": list(results),
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }
