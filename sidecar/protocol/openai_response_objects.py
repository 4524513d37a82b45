"""What `/v1/responses` answers with: the response itself, its token counts, lists of items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseHead:
    """What every snapshot of one response repeats. `created_at` is in seconds since 1970."""

    id: str
    created_at: int
    model: str
    echoed: Mapping[str, Any]


def response_body(
    head: ResponseHead,
    *,
    status: str,
    output: Sequence[Mapping[str, Any]],
    usage: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
    incomplete: str | None = None,
    completed_at: int | None = None,
) -> dict[str, Any]:
    """Build the response; `incomplete` is the reason why it is not whole, `usage` is null while it is being made."""
    return {
        "id": head.id,
        "object": "response",
        "created_at": head.created_at,
        "completed_at": completed_at,
        "status": status,
        "error": error,
        "incomplete_details": None if incomplete is None else {"reason": incomplete},
        "model": head.model,
        "output": list(output),
        **head.echoed,
        "usage": usage,
    }


def response_usage(
    *, input_tokens: int, output_tokens: int, cached_tokens: int, reasoning_tokens: int
) -> dict[str, Any]:
    """Build `usage`. All counts are tokens of the model that answered."""
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"cached_tokens": cached_tokens, "cache_write_tokens": 0},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": reasoning_tokens},
        "total_tokens": input_tokens + output_tokens,
    }


def response_error(*, message: str, code: str | None) -> dict[str, Any]:
    """Build `error` of a response that failed; OpenAI's types know few codes."""
    known = code if code == "rate_limit_exceeded" else "server_error"
    return {"code": known, "message": message}


def deleted_body(response_id: str) -> dict[str, Any]:
    """Build the answer to `DELETE`."""
    return {"id": response_id, "object": "response", "deleted": True}


def input_tokens_body(count: int) -> dict[str, Any]:
    """Build the answer to `POST /v1/responses/input_tokens`."""
    return {"object": "response.input_tokens", "input_tokens": count}


def item_list(items: Sequence[Mapping[str, Any]], *, has_more: bool) -> dict[str, Any]:
    """Build a page of items. OpenAI's types want ids even of an empty page."""
    return {
        "object": "list",
        "data": list(items),
        "first_id": items[0]["id"] if items else "",
        "last_id": items[-1]["id"] if items else "",
        "has_more": has_more,
    }
