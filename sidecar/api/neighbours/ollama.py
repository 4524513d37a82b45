"""The API of Ollama: its paths, its lists of models, and what is refused.

`/` stays free for a page of our own: Ollama answers "Ollama is running" there, which its command line alone looks at.
"""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp

from sidecar.api.body import parse_json
from sidecar.api.errors import RefusedError
from sidecar.api.neighbours.cards import all_described, described
from sidecar.api.neighbours.ollama_answers import chat, generate
from sidecar.api.neighbours.ollama_embeddings import embed, embeddings
from sidecar.api.responses import json_response
from sidecar.protocol.fields import read_body
from sidecar.protocol.ollama import NameBody
from sidecar.protocol.ollama_models import running_body, show_body, tags_body, version_body
from sidecar.runtime.runtime import Runtime

_WRITES = (
    ("/api/create", ["POST"]),
    ("/api/copy", ["POST"]),
    ("/api/push", ["POST"]),
    ("/api/delete", ["DELETE"]),
    ("/api/blobs/{digest:path}", ["HEAD", "POST"]),
)


def routes(runtime: Runtime) -> list[Route]:
    """Every path of Ollama's API."""
    return [
        Route("/api/version", partial(version, runtime)),
        Route("/api/tags", partial(tags, runtime)),
        Route("/api/ps", partial(running, runtime)),
        Route("/api/show", partial(show, runtime), methods=["POST"]),
        Route("/api/chat", partial(chat, runtime), methods=["POST"]),
        Route("/api/generate", partial(generate, runtime), methods=["POST"]),
        Route("/api/embed", partial(embed, runtime), methods=["POST"]),
        Route("/api/embeddings", partial(embeddings, runtime), methods=["POST"]),
        Route("/api/pull", partial(pull, runtime), methods=["POST"]),
        *(Route(path, refuse, methods=methods) for path, methods in _WRITES),
    ]


async def version(runtime: Runtime, _request: Request) -> ASGIApp:
    """Say which Ollama this is like, and which Sidecar it is."""
    return json_response(version_body(runtime.version))


async def tags(runtime: Runtime, _request: Request) -> ASGIApp:
    """List every model; aliases are left out."""
    return json_response(tags_body([model.card for model in await all_described(runtime)]))


async def running(runtime: Runtime, _request: Request) -> ASGIApp:
    """List the models that answer without being loaded first."""
    return json_response(running_body([model.card for model in await all_described(runtime) if model.running]))


async def show(runtime: Runtime, request: Request) -> ASGIApp:
    """Describe one model, also under an alias."""
    name = read_body(NameBody, parse_json(await request.body())).wanted
    return json_response(show_body((await described(runtime, name)).card))


async def pull(runtime: Runtime, request: Request) -> ASGIApp:
    """Say that a model is here when it is, as clients do that make sure before they ask; nothing is fetched."""
    name = read_body(NameBody, parse_json(await request.body())).wanted
    try:
        await described(runtime, name)
    except RefusedError:
        raise _refusal() from None
    return json_response({"status": "success"})


async def refuse(_request: Request) -> ASGIApp:
    """Refuse to change models."""
    raise _refusal()


def _refusal() -> RefusedError:
    return RefusedError(
        "Models cannot be fetched, made or removed through this API.",
        status=403,
        code="models_read_only",
        kind="permission_error",
        hint="Use `sidecar models`, or the server that runs the model.",
    )
