"""The fake runtime as a process of its own: prints its port, then `begun` for each answer; answers never end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from sidecar.api.address import bind
from sidecar.api.app import create_app
from sidecar.api.server import serve, stop_on_signals
from sidecar.chat import AnswerDelta, ChatRequest
from sidecar.runtime.models import ChatTarget
from tests.api.fakes import FakeRuntime


class Endless(FakeRuntime):
    async def answer(self, target: ChatTarget, request: ChatRequest) -> AsyncGenerator[AnswerDelta, None]:
        yield AnswerDelta(content="The ")
        print("begun", flush=True)  # noqa: T201  # this is what the test waits for
        await asyncio.Event().wait()


async def main() -> None:
    sock = bind("127.0.0.1", 0)
    port: int = sock.getsockname()[1]
    app = create_app(Endless(port=port).as_runtime)
    stop = asyncio.Event()
    with stop_on_signals(stop):
        await serve(app, sock, on_started=lambda: print(port, flush=True), stop=stop)  # noqa: T201  # as above


if __name__ == "__main__":
    asyncio.run(main())
