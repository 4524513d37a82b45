"""Which headers let a page of an allowed origin read an answer. Which origins are allowed is the guard's decision."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

Headers: TypeAlias = list[tuple[bytes, bytes]]

_METHODS = b"GET, HEAD, POST, DELETE"
_EXPOSED = b"x-request-id, retry-after, retry-after-ms, x-should-retry"
_MAX_AGE = b"600"
_HEADER_LIST = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+(?:[ \t]*,[ \t]*[A-Za-z0-9!#$%&'*+.^_`|~-]+)*")
_VARY = (b"vary", b"Origin")


def response_headers(origin: bytes | None) -> Headers:
    """Headers for any answer; `origin` is `None` when the request named none or one that is not allowed."""
    if origin is None:
        return [_VARY]
    return [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", _EXPOSED), _VARY]


def preflight_headers(origin: bytes, request: Sequence[tuple[bytes, bytes]]) -> Headers:
    """Headers for the answer to a preflight from an allowed origin.

    Requested headers are reflected: SDKs send a dozen of their own, and one that is missing here blocks the client.
    """
    headers: Headers = [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-max-age", _MAX_AGE),
        (b"vary", b"Origin, Access-Control-Request-Headers, Access-Control-Request-Private-Network"),
    ]
    for name, value in request:
        if name == b"access-control-request-headers" and _HEADER_LIST.fullmatch(value):
            headers.append((b"access-control-allow-headers", value))
        if name == b"access-control-request-private-network" and value == b"true":
            headers.append((b"access-control-allow-private-network", b"true"))
    return headers
