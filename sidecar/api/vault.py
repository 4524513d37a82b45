"""`/vault/…`: the plugin's and scripts' own REST."""

from __future__ import annotations

import time
from functools import partial

from starlette.requests import Request
from starlette.types import ASGIApp

from sidecar.api.body import parse_json
from sidecar.api.responses import json_response
from sidecar.errors import RequestError
from sidecar.protocol.fields import read_body
from sidecar.protocol.vault_rest import SearchBody, SyncBody
from sidecar.runtime.elsewhere import note_elsewhere, related_elsewhere, search_elsewhere
from sidecar.runtime.runtime import Runtime

_MAX_RELATED = 100


async def search(runtime: Runtime, request: Request) -> ASGIApp:
    """Search a vault; best first."""
    started = time.perf_counter()
    body = read_body(SearchBody, parse_json(await request.body()))
    vault = runtime.vault(body.vault)
    finds = partial(search_elsewhere, vault) if body.elsewhere else vault.search
    results = await finds(body.query, limit=body.limit, filters=body.filters, explain=body.explain)
    # Whoever names no vault means them all, and should hear which one was not asked.
    missing = {"problems": runtime.closed_vaults} if body.vault is None and runtime.closed_vaults else {}
    return json_response({"results": results, **missing, "took_ms": _took(started)})


async def related(runtime: Runtime, request: Request) -> ASGIApp:
    """List the notes close to one note."""
    started = time.perf_counter()
    vault = runtime.vault(request.query_params.get("vault"))
    finds = partial(related_elsewhere, vault) if _elsewhere(request) else vault.related
    results = await finds(_required(request, "path"), limit=_limit(request))
    return json_response({"results": results, "took_ms": _took(started)})


async def why(runtime: Runtime, request: Request) -> ASGIApp:
    """Say what is known about one note: indexed or not, and why a query does not find it."""
    vault = runtime.vault(request.query_params.get("vault"))
    return json_response(await vault.why(_required(request, "path"), request.query_params.get("query")))


async def note(runtime: Runtime, request: Request) -> ASGIApp:
    """Give one note as it was read."""
    vault = runtime.vault(request.query_params.get("vault"))
    reads = partial(note_elsewhere, vault) if _elsewhere(request) else vault.note
    return json_response(await reads(request.path_params["path"]))


async def status(runtime: Runtime, request: Request) -> ASGIApp:
    """Say what is indexed, what not and why. `list` (`excluded`, `failed`, `problems`) names the files as well."""
    return json_response(await runtime.status(lists=frozenset(request.query_params.getlist("list"))))


async def sync(runtime: Runtime, request: Request) -> ASGIApp:
    """Look at the files now, of one vault or of all."""
    started = time.perf_counter()
    raw = await request.body()
    wanted = read_body(SyncBody, parse_json(raw) if raw.strip() else {})
    vaults = list(runtime.vaults.values()) if wanted.vault is None else [runtime.vault(wanted.vault)]
    results = [dict(await vault.sync(accept_removals=wanted.accept_removals)) for vault in vaults]
    return json_response({"vaults": results, "took_ms": _took(started)})


def _required(request: Request, name: str) -> str:
    value = request.query_params.get(name)
    if not value:
        raise RequestError(f"You must provide '{name}'.", param=name, code="missing_required_parameter")
    return value


def _elsewhere(request: Request) -> bool:
    """Whether what is told goes to a model on another machine. Anything but a plain no is a yes."""
    return request.query_params.get("elsewhere", "false").lower() not in {"false", "0", "no"}


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", "10")
    limit = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0
    if not 1 <= limit <= _MAX_RELATED:
        raise RequestError(f"'limit' has to be between 1 and {_MAX_RELATED}.", param="limit", code="invalid_value")
    return limit


def _took(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
