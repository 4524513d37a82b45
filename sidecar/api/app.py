"""The ASGI application: one list of routes, one list of layers."""

from __future__ import annotations

import asyncio
from functools import partial

from starlette.exceptions import HTTPException
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from sidecar.api import health, vault
from sidecar.api.console import routes as console_routes
from sidecar.api.console.routes import Console
from sidecar.api.errors import Errors
from sidecar.api.guard import OPEN_PATHS, Guard
from sidecar.api.lifetime import Lifetime
from sidecar.api.neighbours import lm_studio, ollama
from sidecar.api.neighbours.ollama_errors import OllamaErrors
from sidecar.api.openai import (
    chat,
    completions,
    embeddings,
    files,
    models,
    rerank,
    responses,
    tokenize,
    vector_stores,
)
from sidecar.api.paths import CanonicalPath
from sidecar.api.scopes import RouteScopes
from sidecar.api.traffic import note_route
from sidecar.runtime.runtime import Runtime

_PARTS = (responses, vector_stores, files, rerank, tokenize, ollama, lm_studio)


def routes(runtime: Runtime, console: Console | None = None) -> list[Route]:
    """Every path there is; each has its scope in `scopes.SCOPES`. `GET` changes nothing, anywhere."""
    return [
        Route("/healthz", partial(health.alive, runtime)),
        Route("/health", partial(health.alive, runtime)),
        Route("/readyz", partial(health.ready, runtime)),
        Route("/v1/models", partial(models.listing, runtime)),
        Route("/v1/models/{id:path}", partial(models.single, runtime)),
        Route("/v1/chat/completions", partial(chat.create, runtime), methods=["POST"]),
        Route("/v1/completions", partial(completions.create, runtime), methods=["POST"]),
        Route("/v1/embeddings", partial(embeddings.create, runtime), methods=["POST"]),
        *(route for part in _PARTS for route in part.routes(runtime)),
        Route("/vault/search", partial(vault.search, runtime), methods=["POST"]),
        Route("/vault/status", partial(vault.status, runtime)),
        Route("/vault/related", partial(vault.related, runtime)),
        Route("/vault/why", partial(vault.why, runtime)),
        Route("/vault/notes/{path:path}", partial(vault.note, runtime)),
        Route("/vault/sync", partial(vault.sync, runtime), methods=["POST"]),
        *console_routes.routes(runtime, console or Console()),
    ]


class App:
    """The application. `stop` makes running answers end, so that the server can leave."""

    def __init__(self, runtime: Runtime) -> None:
        self._stopping = asyncio.Event()
        self.console = Console()
        all_routes = routes(runtime, self.console)
        app: ASGIApp = Router(all_routes, redirect_slashes=False, default=_nothing_here)
        # From the inside out: what a request passes last stands first.
        self.lifetime = Lifetime(
            note_route(app), max_body=runtime.max_body, stopping=self._stopping, open_paths=OPEN_PATHS
        )
        app = Errors(self.lifetime)
        app = Guard(
            app,
            token=lambda: runtime.token,
            allowed_hosts=runtime.allowed_hosts,
            allowed_origins=runtime.allowed_origins,
            sessions=self.console.sessions,
            keys=runtime.keys,
            scopes=RouteScopes(all_routes),
        )
        self._app = self.console.traffic.layer(CanonicalPath(OllamaErrors(app)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # With an app in the scope, Starlette raises what it would else answer in plain text.
        await self._app({**scope, "app": self}, receive, send)

    def stop(self) -> None:
        """Tell open streams to end and refuse new work; called once, before the server drains."""
        self._stopping.set()


def create_app(runtime: Runtime) -> App:
    """Build the application for a runtime whose address is already bound: the hosts are read here, once."""
    return App(runtime)


async def _nothing_here(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise HTTPException(404)
