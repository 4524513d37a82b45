"""`GET /v1/models` and `GET /v1/models/{id}`: instant, never behind a model at work."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp

from sidecar.api.responses import json_response
from sidecar.errors import ModelNotFoundError
from sidecar.protocol.openai_models import model_body, model_list
from sidecar.runtime.models import ModelEntry
from sidecar.runtime.runtime import Runtime


async def listing(runtime: Runtime, _request: Request) -> ASGIApp:
    """List every model; aliases are left out."""
    return json_response(model_list([_body(entry) for entry in runtime.model_entries()]))


async def single(runtime: Runtime, request: Request) -> ASGIApp:
    """Describe one model, also under an alias."""
    wanted: str = request.path_params["id"]
    entries = {entry.id: entry for entry in runtime.model_entries()}
    entry = entries.get(wanted) or entries.get(_resolve(runtime, wanted) or "")
    if entry is None:
        raise ModelNotFoundError(wanted, valid=tuple(entries))
    return json_response({**_body(entry), "id": wanted})


def _resolve(runtime: Runtime, alias: str) -> str | None:
    """The listed id behind an alias, `None` when nothing has that name."""
    try:
        target = runtime.chat_target(alias)
    except ModelNotFoundError:
        with suppress(ModelNotFoundError):
            return runtime.embedding_model(alias).name
        return None
    return target.model.name if target.vault is None else f"{target.vault.name}/{target.model.name}"


def _body(entry: ModelEntry) -> dict[str, Any]:
    return model_body(
        id=entry.id,
        kind=entry.kind,
        created=entry.created,
        owned_by=entry.owned_by,
        name=entry.name,
        context_length=entry.context_length,
    )
