"""`/healthz`, open to everyone and saying nothing but that it is Sidecar to who holds the key, and `/readyz`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp

from sidecar.api.responses import json_response
from sidecar.runtime.proof import proof
from sidecar.runtime.runtime import Runtime


async def alive(runtime: Runtime, request: Request) -> ASGIApp:
    """Say that the server runs: no name, no version, because no key was asked for.

    To `?nonce=` it also proves that it holds the key, as `runtime.proof` says: so a client can tell it from another
    program on its port before it sends the key.
    """
    body = {"status": "ok"}
    nonce = request.query_params.get("nonce", "")
    if runtime.token is not None and (proven := proof(runtime.token, nonce, port=runtime.port)) is not None:
        body["proof"] = proven
    return json_response(body)


async def ready(runtime: Runtime, _request: Request) -> ASGIApp:
    """Say whether every file has been dealt with: 200 when it has, else 503 with what is missing."""
    readiness = runtime.readiness()
    return json_response(readiness, status=200 if readiness.get("ready") else 503)
