"""`/healthz`, open to everyone and saying nothing, and `/readyz`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp

from sidecar.api.responses import json_response
from sidecar.runtime import Runtime


async def alive(_request: Request) -> ASGIApp:
    """Say that the server runs: no name, no version, because no key was asked for."""
    return json_response({"status": "ok"})


async def ready(runtime: Runtime, _request: Request) -> ASGIApp:
    """Say whether every file has been dealt with: 200 when it has, else 503 with what is missing."""
    readiness = runtime.readiness()
    return json_response(readiness, status=200 if readiness.get("ready") else 503)
