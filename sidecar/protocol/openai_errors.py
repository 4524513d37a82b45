"""OpenAI's error body."""

from __future__ import annotations

from typing import Any


def error_body(*, message: str, kind: str, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    """Build `{"error": …}`. OpenAI's specification requires all four keys; `code` is never a number."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}
