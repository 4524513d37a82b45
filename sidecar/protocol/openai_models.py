"""`GET /v1/models`: one entry, and the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal


def model_body(
    *,
    id: str,  # noqa: A002  # the wire's own name
    kind: Literal["chat", "embedding"],
    created: int,
    owned_by: str,
    name: str,
    context_length: int | None,
) -> dict[str, Any]:
    """Build one entry. Beyond OpenAI's keys it says what Obsidian plugins look for: `type` and the context window."""
    body: dict[str, Any] = {
        "id": id,
        "object": "model",
        "created": created,
        "owned_by": owned_by,
        "name": name,
        "type": "llm" if kind == "chat" else "embeddings",
        "capabilities": ["completion"] if kind == "chat" else ["embedding"],
    }
    if context_length is not None:
        body["context_length"] = context_length
        body["max_context_length"] = context_length
    return body


def model_list(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Build the list."""
    return {"object": "list", "data": list(entries)}
