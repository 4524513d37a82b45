"""Errors become answers: one table from the error tree to status, type and code, and the layer that applies it."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sidecar.api.cors import Headers
from sidecar.errors import (
    ContextLengthError,
    IndexUnavailableError,
    ModelNotFoundError,
    ModelUnavailableError,
    NoteMissingError,
    OverloadedError,
    RequestError,
    SidecarError,
    UpstreamError,
    VaultError,
    WorkerError,
)
from sidecar.protocol.openai_errors import error_body

_INVALID = "invalid_request_error"
_SERVER = "server_error"

_TABLE: tuple[tuple[type[SidecarError], int, str, str | None], ...] = (
    # The first class that fits counts. A code that the error carries itself replaces the table's.
    (ContextLengthError, 400, _INVALID, "context_length_exceeded"),
    (ModelNotFoundError, 404, _INVALID, "model_not_found"),
    (RequestError, 400, _INVALID, None),
    (NoteMissingError, 404, _INVALID, "note_not_found"),
    (OverloadedError, 429, "rate_limit_error", "rate_limit_exceeded"),
    (ModelUnavailableError, 503, _SERVER, "model_unavailable"),
    (UpstreamError, 502, "upstream_error", "upstream_error"),
    (IndexUnavailableError, 503, _SERVER, "index_unavailable"),
    (VaultError, 503, _SERVER, "vault_unavailable"),
    (WorkerError, 503, _SERVER, "worker_unavailable"),
)
_UPSTREAM_STATUS = {400: 400, 413: 400, 422: 400, 429: 429, 503: 503}
"""What an upstream says about the request is passed on. Its 401 or 404 is about our settings: the client's key and
model are right, so it hears 502."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

logger = logging.getLogger("sidecar.api")


class RefusedError(SidecarError):
    """The request is refused for what it is rather than what it asks."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str,
        kind: str = _INVALID,
        hint: str | None = None,
        headers: Iterable[tuple[bytes, bytes]] = (),
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.kind = kind
        self.code = code
        self.headers = tuple(headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error as an HTTP answer."""

    status: int
    body: Mapping[str, Any]
    headers: Headers


def describe_failure(error: Exception, *, request_id: str | None = None) -> Failure:
    """Turn any exception into an answer. One that is not ours says nothing of itself but its request id."""
    if isinstance(error, RefusedError):
        return _failure(error, status=error.status, kind=error.kind, code=error.code, headers=list(error.headers))
    if isinstance(error, HTTPException):
        return _routing_failure(error)
    row = next((row for row in _TABLE if isinstance(error, row[0])), None)
    if row is None or not isinstance(error, SidecarError):
        return _unexpected(request_id)
    _, status, kind, code = row
    if isinstance(error, UpstreamError):
        status = _UPSTREAM_STATUS.get(error.status or 0, status)
        kind = _INVALID if status == 400 else kind
    code = getattr(error, "code", None) or code
    return _failure(error, status=status, kind=kind, code=code, headers=_retry_headers(error))


def _failure(error: SidecarError, *, status: int, kind: str, code: str | None, headers: Headers) -> Failure:
    # The hint travels in the message: it is the only field that every client shows.
    message = f"{error.message} {error.hint}" if error.hint else error.message
    body = error_body(message=message, kind=kind, param=getattr(error, "param", None), code=code)
    return Failure(status=status, body=body, headers=headers)


def _retry_headers(error: SidecarError) -> Headers:
    """SDKs retry 429 and 5xx by themselves; a model that cannot be loaded will not be loadable a second later."""
    seconds: float | None = getattr(error, "retry_after", None)
    if seconds is not None:
        whole = str(max(1, math.ceil(seconds))).encode("ascii")
        return [(b"retry-after", whole), (b"retry-after-ms", str(math.ceil(seconds * 1000)).encode("ascii"))]
    if isinstance(error, ModelUnavailableError | VaultError | IndexUnavailableError):
        return [(b"x-should-retry", b"false")]
    return []


def _routing_failure(error: HTTPException) -> Failure:
    headers = [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in (error.headers or {}).items()]
    if error.status_code == 405:
        message, code = "This path does not take that method.", "method_not_allowed"
    else:
        message, code = "There is nothing at this path. The base URL of the API ends with /v1.", "not_found"
    body = error_body(message=message, kind=_INVALID, code=code)
    return Failure(status=error.status_code, body=body, headers=headers)


def _unexpected(request_id: str | None) -> Failure:
    named = f" The server's log names it by {request_id}." if request_id else ""
    body = error_body(message=f"Something went wrong inside the server.{named}", kind=_SERVER, code="internal_error")
    return Failure(status=500, body=body, headers=[])


def log_failure(error: Exception, *, request_id: str) -> None:
    """Log a bug: where it happened and its type, never its message, which may quote a note or a prompt."""
    if not isinstance(error, SidecarError | HTTPException):
        logger.error("request %s failed", request_id, exc_info=error)


async def send_failure(send: Send, failure: Failure) -> None:
    """Answer with an OpenAI error body."""
    body = json.dumps(failure.body).encode("ascii")
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode("ascii")),
        *failure.headers,
    ]
    await send({"type": "http.response.start", "status": failure.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Errors:
    """Answers for whatever is raised inside, as long as no answer has begun; at level debug, a log line a request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, begun = 0, time.perf_counter()

        async def send_and_note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as error:
            request_id: str = scope["state"]["request_id"]
            log_failure(error, request_id=request_id)
            if not status:
                await send_failure(send_and_note, describe_failure(error, request_id=request_id))
        finally:
            if logger.isEnabledFor(logging.DEBUG):
                _log_request(scope, status, milliseconds=(time.perf_counter() - begun) * 1000)


def _log_request(scope: Scope, status: int, *, milliseconds: float) -> None:
    """Which route was asked: its template, as a path may name a note, and never the query. 0 is a client that left."""
    path = getattr(scope.get("route"), "path", "no route")
    request_id: str = scope["state"]["request_id"]
    method = scope["method"] if scope["method"] in _METHODS else "other"
    logger.debug("%s %s %s %d %.1f ms", request_id, method, path, status, milliseconds)
