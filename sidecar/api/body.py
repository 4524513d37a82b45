"""Request bodies: read with a cap, parsed as JSON with limits. Whatever is wrong is a 400 or 413, never a 500."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from starlette.types import Receive, Scope

from sidecar.api.errors import RefusedError
from sidecar.errors import RequestError

MAX_DEPTH = 64
MAX_VALUES = 500_000
"""Values in one body. Each costs some 60 bytes once parsed, and 4 MiB of commas and brackets hold millions."""

_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
"""An unclosed string runs to the end: without that alternative, each of its quotes would be tried anew."""
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_INT64 = range(-(2**63), 2**63)


async def receive_body(scope: Scope, receive: Receive, *, limit: int) -> bytes | None:
    """Read the whole body; `None` when the client left meanwhile. `limit` is in bytes. Raises RefusedError (413).

    What is left of a refused body is thrown away by the server, under the connection's own deadline.
    """
    for name, value in scope["headers"]:
        # h11 has checked that Content-Length is a number, and holds the client to it; only chunked bodies are counted.
        if name == b"content-length" and int(value) > limit:
            raise _too_large(limit)
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return bytes(body)


def parse_json(body: bytes) -> dict[str, Any]:
    """Parse a body that has to be a JSON object. Raises RequestError.

    Refused beyond bad syntax: NaN, Infinity and what overflows to it, integers beyond 64 bits (SQLite and C take no
    more), half surrogates (no UTF-8 can hold them), an object with a key twice (two readers would disagree).
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _bad_json("it is not UTF-8") from None
    if not text.strip():
        raise _bad_json("it is empty")
    _check_size(body)
    try:
        value = json.loads(
            text, parse_constant=_constant, parse_float=_float, parse_int=_int, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        raise _bad_json(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    if not isinstance(value, dict):
        raise _bad_json("it has to be an object")
    if _SURROGATE.search(text):
        _check_surrogates(value)
    return value


def _check_size(body: bytes) -> None:
    """Count brackets and commas outside strings before parsing: the parser recurses and allocates."""
    openings = body.count(b"[") + body.count(b"{")
    if openings <= MAX_DEPTH and openings + body.count(b",") <= MAX_VALUES:
        return
    bare = _STRINGS.sub(b"", body)
    brackets = bare.translate(None, delete=_NOT_BRACKETS)
    if len(brackets) + bare.count(b",") > MAX_VALUES:
        raise _bad_json(f"it holds more than {MAX_VALUES} values")
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise _bad_json(f"it is nested deeper than {MAX_DEPTH} levels")


def _check_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise _bad_json("it holds half a surrogate pair") from None


def _constant(name: str) -> None:
    raise _bad_json(f"{name} is not JSON")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _bad_json("a number is too large")
    return value


def _int(text: str) -> int:
    # Python refuses to convert more than 4,300 digits, and is slow long before.
    if len(text) > 20 or int(text) not in _INT64:
        raise _bad_json("a number is too large")
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _bad_json("an object has the same key twice")
    return value


def _bad_json(reason: str) -> RequestError:
    return RequestError(f"The body is not usable JSON: {reason}.", code="invalid_json")


def _too_large(limit: int) -> RefusedError:
    return RefusedError(
        f"The body is larger than {limit} bytes.", status=413, code="body_too_large", hint="Send less at once."
    )
