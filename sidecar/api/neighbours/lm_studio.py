"""The API of LM Studio, `/api/v0`: OpenAI's, with more said about models and about how an answer went."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sidecar.api.neighbours.cards import Described, all_described, described
from sidecar.api.neighbours.stopwatch import Stopwatch
from sidecar.api.openai import chat, completions, embeddings
from sidecar.api.openai.answers import Deltas
from sidecar.api.responses import json_response
from sidecar.protocol.lm_studio import answer_extras, lm_studio_model
from sidecar.protocol.openai_models import model_list
from sidecar.runtime.runtime import Runtime


class _Create(Protocol):
    """OpenAI's handler, which lets its answer be watched."""

    def __call__(
        self, runtime: Runtime, request: Request, *, watch: Callable[[Deltas], Deltas]
    ) -> Awaitable[ASGIApp]: ...


def routes(runtime: Runtime) -> list[Route]:
    """Every path of LM Studio's API."""
    return [
        Route("/api/v0/models", partial(listing, runtime)),
        Route("/api/v0/models/{id:path}", partial(single, runtime)),
        Route("/api/v0/chat/completions", partial(answer, runtime, chat.create), methods=["POST"]),
        Route("/api/v0/completions", partial(answer, runtime, completions.create), methods=["POST"]),
        Route("/api/v0/embeddings", partial(embeddings.create, runtime), methods=["POST"]),
    ]


async def listing(runtime: Runtime, _request: Request) -> ASGIApp:
    """List every model; aliases are left out."""
    return json_response(model_list([_body(model) for model in await all_described(runtime)]))


async def single(runtime: Runtime, request: Request) -> ASGIApp:
    """Describe one model, also under an alias."""
    return json_response(_body(await described(runtime, request.path_params["id"])))


async def answer(runtime: Runtime, create: _Create, request: Request) -> ASGIApp:
    """Answer as OpenAI's API does; a whole answer also says how long it took and which model gave it."""
    watch = Stopwatch()
    response = await create(runtime, request, watch=watch.watch)
    if not isinstance(response, Response):
        return response
    body = json.loads(bytes(response.body))
    extras = answer_extras(
        (await described(runtime, body["model"])).card,
        durations=watch.durations(),
        tokens=body["usage"]["completion_tokens"],
        finish_reason=body["choices"][0]["finish_reason"],
        version=runtime.version,
    )
    return json_response({**body, **extras})


def _body(model: Described) -> dict[str, Any]:
    return lm_studio_model(model.card, id=model.entry.id, kind=model.entry.kind)
