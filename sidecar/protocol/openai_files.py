"""`/v1/files`: one file."""

from __future__ import annotations

from typing import Any


def file_body(
    *,
    id: str,  # noqa: A002  # the wire's own name
    filename: str,
    size: int,
    created_at: int,
    problem: str | None,
) -> dict[str, Any]:
    """Build one file; `problem` says why it could not be read, `created_at` is in seconds since 1970."""
    return {
        "id": id,
        "object": "file",
        "bytes": size,
        "created_at": created_at,
        "expires_at": None,
        "filename": filename,
        "purpose": "assistants",
        "status": "processed" if problem is None else "error",
        "status_details": problem,
    }
