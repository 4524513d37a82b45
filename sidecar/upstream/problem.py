"""What went wrong, out of the many shapes in which servers say it."""

from __future__ import annotations

import json
from dataclasses import dataclass

_LONGEST = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An error as the server words it. `status` is set when the body names one."""

    message: str
    code: str | None = None
    status: int | None = None


def problem_in(body: object) -> Problem | None:
    """Find the error in a JSON object; `None` when it holds none.

    Knows `{"error": {…}}` (OpenAI, llama-server), `{"error": "…"}` (Ollama, LM Studio), `{"detail": …}` (FastAPI) and
    `{"object": "error", "message": …}` (older vLLM).
    """
    if not isinstance(body, dict):
        return None
    error = body.get("error") or body.get("detail")
    # A string: Ollama's `message` is a piece of its answer.
    if not error and (
        body.get("object") == "error" or (isinstance(body.get("message"), str) and "choices" not in body)
    ):
        error = body
    if isinstance(error, dict):
        return problem_in(error) if "error" in error else _from_fields(error)
    if isinstance(error, list):
        # FastAPI's validation errors: [{"loc": ["body", "model"], "msg": "field required"}]
        error = "; ".join(str(entry.get("msg", entry)) if isinstance(entry, dict) else str(entry) for entry in error)
    return Problem(message=_short(str(error))) if error else None


def problem_in_text(text: str) -> Problem:
    """Read an error answer's body, JSON or not."""
    try:
        found = problem_in(json.loads(text))
    except (ValueError, RecursionError):
        found = None
    if found is not None:
        return found
    plain = text.strip()
    return Problem(message=_short(plain) if plain and not plain.startswith(("<", "{")) else "no details")


def _from_fields(error: dict[str, object]) -> Problem:
    message, code, kind = error.get("message"), error.get("code"), error.get("type")
    status = code if isinstance(code, int) and 400 <= code <= 599 else None
    reason = code if isinstance(code, str) else kind if isinstance(kind, str) else None
    text = message if isinstance(message, str) and message else json.dumps(error, ensure_ascii=False, default=str)
    return Problem(message=_short(text), code=reason, status=status)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
