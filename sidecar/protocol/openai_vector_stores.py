"""`/v1/vector_stores`: the search's request body, stores, their files, results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from sidecar.errors import RequestError
from sidecar.protocol.fields import Body, Whole

MOST_RESULTS = 50
_MOST_QUERIES = 16
_MOST_CHARACTERS = 10_000


def _queries(given: Any) -> list[str]:
    queries = [given] if isinstance(given, str) else given
    if not isinstance(queries, list) or not all(isinstance(query, str) for query in queries):
        raise RequestError("Invalid 'query': send a string or a list of strings.", param="query", code="invalid_type")
    if not queries or not all(query.strip() for query in queries):
        raise RequestError("'query' is empty or holds an empty text.", param="query", code="invalid_value")
    if len(queries) > _MOST_QUERIES or any(len(query) > _MOST_CHARACTERS for query in queries):
        raise RequestError(
            f"'query' holds at most {_MOST_QUERIES} texts of at most {_MOST_CHARACTERS:,} characters.",
            param="query",
            code="invalid_value",
        )
    return list(queries)


def _within(top_k: Any) -> int | None:
    """The older limit had no bounds of its own; what is no number never counted."""
    return None if isinstance(top_k, bool) or not isinstance(top_k, int) else max(1, min(top_k, MOST_RESULTS))


class RankingOptions(Body):
    """How results are chosen. There is one way of ranking here, so that only the threshold counts."""

    score_threshold: float = Field(default=0.0, ge=0, le=1)


class VectorSearchBody(Body):
    """The request body. `query` is a list whatever form it came in; the older names `filter` and `top_k` still count
    where the newer ones are absent.
    """

    query: Annotated[Any, AfterValidator(_queries)]
    max_num_results: Whole = Field(default=10, ge=1, le=MOST_RESULTS)
    filters: dict[str, Any] | None = None
    ranking_options: RankingOptions = RankingOptions()

    @model_validator(mode="before")
    @classmethod
    def _older_names(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        given = {key: item for key, item in value.items() if item is not None}
        older: dict[str, Any] = {"filters": given.get("filter"), "max_num_results": _within(given.get("top_k"))}
        return {**older, **given}


def list_page(data: Sequence[Mapping[str, Any]], *, has_more: bool) -> dict[str, Any]:
    """Build a page of anything that has an `id`."""
    return {
        "object": "list",
        "data": list(data),
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": has_more,
    }


def store_body(
    *,
    id: str,  # noqa: A002  # the wire's own name
    name: str,
    created_at: int,
    last_active_at: int,
    usage_bytes: int,
    completed: int,
    failed: int,
    in_progress: int,
    ready: bool,
) -> dict[str, Any]:
    """Build one store. Times are in seconds since 1970."""
    return {
        "id": id,
        "object": "vector_store",
        "created_at": created_at,
        "name": name,
        "usage_bytes": usage_bytes,
        "file_counts": {
            "in_progress": in_progress,
            "completed": completed,
            "failed": failed,
            "cancelled": 0,
            "total": completed + failed + in_progress,
        },
        "status": "completed" if ready else "in_progress",
        "expires_after": None,
        "expires_at": None,
        "last_active_at": last_active_at,
        "metadata": {},
    }


def store_file_body(
    *,
    id: str,  # noqa: A002  # the wire's own name
    store_id: str,
    created_at: int,
    usage_bytes: int,
    problem: str | None,
    attributes: Mapping[str, str | float | bool],
) -> dict[str, Any]:
    """Build one file of a store; `problem` says why it could not be read."""
    return {
        "id": id,
        "object": "vector_store.file",
        "usage_bytes": usage_bytes,
        "created_at": created_at,
        "vector_store_id": store_id,
        "status": "completed" if problem is None else "failed",
        "last_error": None if problem is None else {"code": "invalid_file", "message": problem},
        # Some 1,200 characters a piece, none of them in two.
        "chunking_strategy": {
            "type": "static",
            "static": {"max_chunk_size_tokens": 300, "chunk_overlap_tokens": 0},
        },
        "attributes": dict(attributes),
    }


def content_page(texts: Sequence[str]) -> dict[str, Any]:
    """Build the page that holds all of a file's text, in order."""
    return {
        "object": "vector_store.file_content.page",
        "data": [_text(text) for text in texts],
        "has_more": False,
        "next_page": None,
    }


def search_result(
    *, file_id: str, filename: str, score: float, attributes: Mapping[str, str | float | bool], texts: Sequence[str]
) -> dict[str, Any]:
    """Build one result: a file, with those of its texts that answer the query, best first."""
    return {
        "file_id": file_id,
        "filename": filename,
        "score": score,
        "attributes": dict(attributes),
        "content": [_text(text) for text in texts],
    }


def search_page(queries: Sequence[str], results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Build the response of a search, which is always whole."""
    return {
        "object": "vector_store.search_results.page",
        "search_query": list(queries),
        "data": list(results),
        "has_more": False,
        "next_page": None,
    }


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}
