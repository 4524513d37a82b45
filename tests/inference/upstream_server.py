"""A real HTTP server on a real socket that answers as a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

DEADLINE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    client: tuple[str, int]


class Parts(Response):
    """Bytes written one after the other; then the answer ends, holds on or is cut off. `silent` never begins."""

    def __init__(
        self,
        *parts: bytes,
        status: int = 200,
        content_type: str = "text/event-stream",
        headers: dict[str, str] | None = None,
        then: str = "end",
    ) -> None:
        self.parts, self.then = parts, then
        super().__init__(status_code=status, headers={**(headers or {}), "content-type": content_type})
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        server: UpstreamServer = scope["app"].state.server
        if self.then != "silent":
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for part in self.parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        if self.then in ("hold", "silent"):
            server.holding.set()
            while (await receive())["type"] != "http.disconnect":
                pass
            server.clients_left += 1
            server.client_left.set()
        elif self.then == "cut":
            raise ConnectionAbortedError("the test wants the answer cut")
        else:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


class UpstreamServer:
    """Answers each path with the replies given for it in turn, the last one for good; unknown paths with 404."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.seen: list[Seen] = []
        self.clients_left = 0
        self.holding = asyncio.Event()
        self.client_left = asyncio.Event()
        self._replies: dict[str, list[Response]] = {}
        routes = [Route("/{path:path}", self._answer, methods=["GET", "POST"])]
        self.app = Starlette(routes=routes)
        self.app.state.server = self

    def reply(self, path: str, *replies: Response | dict[str, Any]) -> None:
        self._replies[path] = [JSONResponse(reply) if isinstance(reply, dict) else reply for reply in replies]

    def asked(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path == path]

    async def _answer(self, request: Request) -> Response:
        raw = await request.body()
        assert request.client is not None
        self.seen.append(
            Seen(
                method=request.method,
                path=request.url.path,
                headers=dict(request.headers),
                body=json.loads(raw) if raw else None,
                client=(request.client.host, request.client.port),
            )
        )
        replies = self._replies.get(request.url.path)
        if not replies:
            return JSONResponse({"error": {"message": f"no such path: {request.url.path}"}}, status_code=404)
        return replies.pop(0) if len(replies) > 1 else replies[0]


@asynccontextmanager
async def upstream_server(*, models: tuple[str, ...] = ("tiny",)) -> AsyncIterator[UpstreamServer]:
    """Run a server that lists `models` under `/v1`; none: it has no list."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = UpstreamServer(listener.getsockname()[1])
        if models:
            server.reply("/v1/models", {"object": "list", "data": [{"id": name} for name in models]})
        config = uvicorn.Config(server.app, log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=1)
        # What `serve` does, without its signal handlers and its loop that looks every 0.1 s whether to stop.
        config.load()
        running = uvicorn.Server(config)
        running.lifespan = config.lifespan_class(config)
        await running.startup(sockets=[listener])
        try:
            yield server
        finally:
            await running.shutdown(sockets=[listener])


def event(**fields: Any) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def chunk(delta: dict[str, Any] | None = None, *, finish: str | None = None, index: int = 0, **more: Any) -> bytes:
    """One chat completion chunk as an event."""
    choice = {"index": index, "delta": delta or {}, "finish_reason": finish, **more}
    return event(id="c", object="chat.completion.chunk", choices=[choice])


DONE = b"data: [DONE]\n\n"


def closed_port() -> int:
    """Find a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
