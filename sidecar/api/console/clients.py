"""What a person copies into a client: the address, the key and the names of the models; and who has been asking."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp

from sidecar.api.responses import json_response
from sidecar.api.traffic import Traffic
from sidecar.clients.mcp_program import mcp_program
from sidecar.config import system_environment
from sidecar.runtime.runtime import Runtime

KEY_PLACE = "{{key}}"
"""Stands for the key in values and snippets: the page puts it in when somebody copies, so that it lies on no screen."""
_KINDS = ("chat", "embedding")


async def clients(runtime: Runtime, request: Request) -> ASGIApp:
    """List the settings that clients want, with `{{key}}` where the key belongs."""
    # The guard lets the name in under which the page was reached; whether a proxy speaks TLS, only the page knows.
    scheme = "https" if request.query_params.get("scheme") == "https" else "http"
    address = f"{scheme}://{request.headers['host']}"
    named = {kind: [entry.id for entry in runtime.model_entries() if entry.kind == kind] for kind in _KINDS}
    program = mcp_program(data_dir=runtime.config.data_dir, config_file=None, vaults=(), environ=system_environment())
    known = await asyncio.to_thread(
        _catalogue, address, _vault(runtime), named, program=program, asks_key=runtime.token is not None
    )
    return json_response({"clients": [_openai(address, named, has_key=runtime.token is not None), *known]})


async def key(runtime: Runtime, _request: Request) -> ASGIApp:
    """Give the key that clients send, to who is signed in; `null` when none is asked for."""
    return json_response({"key": runtime.token})


async def requests(traffic: Traffic, _request: Request) -> ASGIApp:
    """Say which clients have asked and what came of it: counts and routes, never what was said."""
    return json_response(traffic.told())


def _vault(runtime: Runtime) -> str:
    return next(iter(runtime.vaults), "vault")


def _catalogue(
    address: str, vault: str, named: Mapping[str, Sequence[str]], *, program: tuple[str, ...], asks_key: bool
) -> list[dict[str, Any]]:
    """The settings of the clients that are known by name."""
    # Two dozen files are read, which a server that nobody looks at does not need.
    from sidecar.clients.facts import Facts
    from sidecar.clients.settings import client_settings

    plain = [name for name in named["chat"][1:] if not name.startswith(f"{vault}/")]
    facts = Facts(
        root_url=address,
        vault=vault,
        plain_model=next(iter(plain), None),
        embedding_model=next(iter(named["embedding"]), None),
        models=(*named["chat"], *named["embedding"]),
        asks_key=asks_key,
        key=KEY_PLACE,
        program=program,
    )
    return client_settings(facts)


def _openai(address: str, named: Mapping[str, Sequence[str]], *, has_key: bool) -> dict[str, Any]:
    """What every client of OpenAI's API has a field for."""
    base, key = f"{address}/v1", KEY_PLACE if has_key else "none"
    settings = [
        {"label": "base_url", "value": base},
        {"label": "api_key", "value": key},
        {"label": "chat_model", "value": named["chat"][0]},
        *({"label": "embedding_model", "value": name} for name in named["embedding"][:1]),
    ]
    return {
        "name": None,
        "settings": settings,
        "models": [*named["chat"], *named["embedding"]],
        "snippets": [{"title": None, "text": f'export OPENAI_BASE_URL="{base}"\nexport OPENAI_API_KEY="{key}"'}],
    }
