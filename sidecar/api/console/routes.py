"""The console's routes, and what they share: who is signed in, who has been asking, what models take."""

from __future__ import annotations

from functools import partial

from starlette.routing import Route

from sidecar.api.console import clients, models, page, sign_in
from sidecar.api.console.models import Models
from sidecar.api.console.sessions import Sessions
from sidecar.api.traffic import Traffic
from sidecar.runtime.runtime import Runtime


class Console:
    """What lives as long as the server."""

    def __init__(self) -> None:
        self.sessions = Sessions()
        self.traffic = Traffic()
        self.models = Models()


def routes(runtime: Runtime, console: Console) -> list[Route]:
    """Every path of the console."""
    return [
        *page.routes(),
        Route(sign_in.SIGN_IN, partial(sign_in.sign_in, console.sessions), methods=["POST"]),
        Route("/console/sign-out", partial(sign_in.sign_out, console.sessions), methods=["POST"]),
        Route("/console/sign-out-all", partial(sign_in.sign_out_all, console.sessions), methods=["POST"]),
        Route("/console/link", partial(sign_in.link, console.sessions), methods=["POST"]),
        Route("/console/clients", partial(clients.clients, runtime)),
        Route("/console/key", partial(clients.key, runtime)),
        Route("/console/requests", partial(clients.requests, console.traffic)),
        Route("/console/models", partial(models.models, runtime, console.models)),
    ]
