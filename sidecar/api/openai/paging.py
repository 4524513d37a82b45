"""What a list is asked for in the query string: how many, in which order, from where on."""

from __future__ import annotations

from starlette.requests import Request

from sidecar.errors import RequestError


def page_limit(request: Request, *, default: int, most: int) -> int:
    """`limit`. Raises RequestError beyond 1 to `most`."""
    text = request.query_params.get("limit") or str(default)
    limit = int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0
    if not 1 <= limit <= most:
        raise RequestError(f"'limit' has to be between 1 and {most:,}.", param="limit", code="invalid_value")
    return limit


def ascending(request: Request) -> bool:
    """Whether `order` is `asc`; it is `desc` unless given. Raises RequestError for anything else."""
    order = request.query_params.get("order") or "desc"
    if order not in ("asc", "desc"):
        raise RequestError("'order' has to be asc or desc.", param="order", code="invalid_value")
    return order == "asc"


def cursor(request: Request, name: str) -> str | None:
    """`after` or `before`; an empty one is none."""
    return request.query_params.get(name) or None
