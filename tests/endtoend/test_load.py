"""Many clients at once: every stream ends, a model's queue is bounded, and who leaves costs nothing any more."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from sidecar.api.address import bind
from sidecar.api.app import App, create_app
from sidecar.api.server import serve
from sidecar.config import Config
from sidecar.inference.llama import LlamaChatModel
from sidecar.llama.process import MAX_WAITING, LlamaProcess
from sidecar.runtime.runtime import Runtime, open_runtime
from tests.llama.waiting import until
from tests.serving import DEMO_VAULT

pytestmark = pytest.mark.anyio

STREAMS = 200
ENDLESS: dict[str, Any] = {"max_tokens": 100_000, "logit_bias": {"258": -100}}
"""The end of an answer is forbidden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A whole server on a socket, whose insides can be counted."""

    app: App
    runtime: Runtime
    http: httpx2.AsyncClient

    async def stream(
        self, model: str, content: str = "What is the gate code for the cabin?", **fields: object
    ) -> tuple[int, str | None, bytes]:
        """Status, Retry-After and everything that came."""
        body = {"model": model, "stream": True, "messages": [{"role": "user", "content": content}], **fields}
        async with self.http.stream("POST", "/v1/chat/completions", json=body) as response:
            text = b"".join([part async for part in response.aiter_bytes()])
            return response.status_code, response.headers.get("retry-after"), text

    @property
    def process(self) -> LlamaProcess:
        model = self.runtime.chat_target("slow-chat").model
        assert isinstance(model, LlamaChatModel)
        return model.process


@asynccontextmanager
async def loaded(data_dir: Path, *, model: Path | None) -> AsyncIterator[Loaded]:
    config = Config(vaults=(DEMO_VAULT,), data_dir=data_dir, auth=False, model=None if model is None else str(model))
    sock = bind("127.0.0.1", 0)
    port: int = sock.getsockname()[1]
    async with open_runtime(config) as runtime:
        runtime.listening_on(port)
        await runtime.vault(None).index(accept_removals=False, measure=False)
        app = create_app(runtime)
        started, stop = asyncio.Event(), asyncio.Event()
        server = asyncio.create_task(serve(app, sock, on_started=started.set, stop=stop))
        await started.wait()
        limits = httpx2.Limits(max_connections=None)
        url = f"http://127.0.0.1:{port}"
        try:
            async with httpx2.AsyncClient(base_url=url, timeout=120, verify=False, limits=limits) as http:
                yield Loaded(app=app, runtime=runtime, http=http)
        finally:
            stop.set()
            await server


async def test_two_hundred_streams_at_once_all_end_whole_and_the_model_list_answers_meanwhile(tmp_path: Path) -> None:
    async with loaded(tmp_path, model=None) as server:
        running = [asyncio.create_task(server.stream("vault")) for _ in range(STREAMS)]
        await until(lambda: server.app.lifetime.running > 100)
        assert (await server.http.get("/v1/models")).status_code == 200
        answers = await asyncio.gather(*running)
        assert Counter(status for status, _, _ in answers) == {200: STREAMS}
        assert all(text.endswith(b"data: [DONE]\n\n") and b"4471-B" in text for _, _, text in answers)
        await until(lambda: server.app.lifetime.running == 0)


async def test_a_models_queue_is_bounded_and_who_does_not_fit_is_told_when_to_come_back(
    tmp_path: Path, slow_chat_gguf: Path
) -> None:
    async with loaded(tmp_path, model=slow_chat_gguf) as server:
        await server.stream("slow-chat", max_tokens=1)
        running = [asyncio.create_task(server.stream("slow-chat", max_tokens=4)) for _ in range(STREAMS)]
        answers = await asyncio.gather(*running)
        statuses = Counter(status for status, _, _ in answers)
        # As many as wait and the one at work; a turn that ends while the last ones arrive lets one more in.
        assert set(statuses) == {200, 429}
        assert MAX_WAITING < statuses[200] < MAX_WAITING + 20
        assert all(text.endswith(b"data: [DONE]\n\n") for status, _, text in answers if status == 200)
        assert all(retry and int(retry) > 0 for status, retry, _ in answers if status == 429)
        assert (await server.stream("slow-chat", max_tokens=1))[0] == 200


async def test_a_client_that_leaves_in_the_queue_in_prefill_or_in_mid_answer_costs_nothing_any_more(
    tmp_path: Path, slow_chat_gguf: Path
) -> None:
    async with loaded(tmp_path, model=slow_chat_gguf) as server:
        await server.stream("slow-chat", max_tokens=1)
        process = server.process
        # In mid-answer: some are being told, the others wait for their turn behind them.
        talking = asyncio.create_task(server.stream("slow-chat", **ENDLESS))
        waiting = [asyncio.create_task(server.stream("slow-chat", **ENDLESS)) for _ in range(20)]
        await until(lambda: server.app.lifetime.running == 21)
        evaluated = process.evaluated_tokens
        for task in waiting:
            task.cancel()
        await until(lambda: process.cancelled_count == 20 and server.app.lifetime.running == 1)
        talking.cancel()
        await until(lambda: process.cancelled_count == 21 and server.app.lifetime.running == 0)
        # Those in the queue never reached the model.
        assert process.evaluated_tokens - evaluated < 200
        # In prefill: a prompt that takes this model many seconds, left as soon as it is being read.
        assert process.pid is not None
        child = psutil.Process(process.pid)
        before = child.cpu_times().user
        reading = asyncio.create_task(server.stream("slow-chat", content="word " * 1500, **ENDLESS))
        await until(lambda: child.cpu_times().user > before + 0.2)
        reading.cancel()
        await until(lambda: process.cancelled_count == 22)
        generated = process.generated_tokens
        assert (await server.stream("slow-chat", max_tokens=1))[0] == 200
        assert process.generated_tokens == generated + 1
