"""How long work runs: a client that leaves stops it, overload is said at once, nothing is left behind."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import pytest

from sidecar.api import lifetime
from sidecar.chat import AnswerDelta
from tests.api.fakes import TOKEN, Script
from tests.api.live import Live, until

pytestmark = pytest.mark.anyio

END = AnswerDelta(finish_reason="stop")


def request(live: Live, *, stream: bool, path: str = "/v1/chat/completions") -> bytes:
    asked = {"model": "vault", "messages": [{"role": "user", "content": "?"}], "prompt": "?", "stream": stream}
    body = json.dumps(asked).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def connect(live: Live, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    writer.write(data)
    await writer.drain()
    return reader, writer


async def chunk(reader: asyncio.StreamReader) -> bytes:
    """One chunk of a chunked body: what the server wrote at once."""
    async with asyncio.timeout(5):
        size = int(await reader.readline(), 16)
        return (await reader.readexactly(size + 2))[:size]


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def until_idle(live: Live) -> None:
    await until(lambda: not live.app.lifetime.running)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
async def test_a_client_that_leaves_before_the_first_token_stops_the_answer(
    live: Live, path: str, stream: bool
) -> None:
    live.runtime.scripts = [Script(asyncio.Event())]
    _, writer = await connect(live, request(live, stream=stream, path=path))
    await live.runtime.wait_for(opened=1)
    left = time.perf_counter()
    writer.close()
    await live.runtime.wait_for(closed=1)
    assert time.perf_counter() - left < 5
    await until_idle(live)


async def test_a_client_that_leaves_in_mid_stream_stops_the_answer(live: Live) -> None:
    live.runtime.scripts = [Script(AnswerDelta(content="The "), asyncio.Event())]
    reader, writer = await connect(live, request(live, stream=True))
    async with asyncio.timeout(5):
        await reader.readuntil(b'"content":"The "')
    left = time.perf_counter()
    writer.close()
    await live.runtime.wait_for(closed=1)
    assert time.perf_counter() - left < 5
    await until_idle(live)


async def test_a_client_that_leaves_stops_all_of_several_choices(live: Live) -> None:
    gate = asyncio.Event()
    live.runtime.scripts = [Script(AnswerDelta(content="1"), END), Script(gate), Script(END)]
    body = json.dumps({"model": "vault", "messages": [{"role": "user", "content": "?"}], "n": 3}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\nX-Api-Key: {TOKEN}\r\n"
    _, writer = await connect(live, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await live.runtime.wait_for(opened=2)
    writer.close()
    await live.runtime.wait_for(closed=2)
    await until_idle(live)
    assert live.runtime.open_answers == 2


async def test_a_client_that_leaves_while_it_sends_starts_nothing(live: Live) -> None:
    _, writer = await connect(live, request(live, stream=True)[:-5])
    await until(lambda: live.app.lifetime.running > 0)
    writer.close()
    await until_idle(live)
    assert live.runtime.calls == []


async def test_the_first_token_is_sent_when_it_exists_and_each_event_is_one_write(live: Live) -> None:
    before, between = asyncio.Event(), asyncio.Event()
    live.runtime.scripts = [Script(before, AnswerDelta(content="The "), between, AnswerDelta(content="Nile"), END)]
    reader, writer = await connect(live, request(live, stream=True))
    await live.runtime.wait_for(opened=1)
    head = asyncio.ensure_future(reader.readuntil(b"\r\n\r\n"))
    # Nothing may be sent yet: an error would still have to be a plain HTTP answer.
    assert not (await asyncio.wait({head}, timeout=0.1))[0]
    before.set()
    async with asyncio.timeout(5):
        assert (await head).startswith(b"HTTP/1.1 200")
    assert b'"delta":{"role":"assistant","content":""}' in await chunk(reader)
    assert b'"content":"The "' in await chunk(reader)
    between.set()
    rest = [await chunk(reader) for _ in range(4)]
    assert b'"content":"Nile"' in rest[0]
    assert b'"finish_reason":"stop"' in rest[1]
    assert rest[2:] == [b"data: [DONE]\n\n", b""]
    assert all(frame.startswith(b"data: {") and frame.endswith(b"}\n\n") for frame in rest[:2])
    writer.close()


async def test_two_hundred_streams_are_served_and_overload_is_said_at_once(live: Live) -> None:
    assert lifetime.MAX_REQUESTS >= 200
    gate = asyncio.Event()
    count = lifetime.MAX_REQUESTS
    live.runtime.scripts = [Script(AnswerDelta(content="The "), gate, AnswerDelta(content="Nile"), END)] * count
    streams = [await connect(live, request(live, stream=True)) for _ in range(count)]
    await live.runtime.wait_for(opened=count)

    waits = []
    for _ in range(5):
        started = time.perf_counter()
        refused = await live.chat()
        waits.append(time.perf_counter() - started)
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["error"]["code"] == "rate_limit_exceeded"
    assert min(waits) < 0.05
    assert (await live.http.get("/v1/models")).status_code == 200

    gate.set()
    for reader, writer in streams:
        async with asyncio.timeout(10):
            answer = await reader.readuntil(b"data: [DONE]\n\n")
        assert b'"content":"Nile"' in answer
        writer.close()
    await until_idle(live)
    assert (await live.chat()).status_code == 200


@pytest.mark.skipif(sys.platform != "linux", reason="counts file descriptors in /proc")
async def test_clients_that_come_and_go_leave_nothing_behind(live: Live) -> None:
    await live.http.get("/healthz")
    await live.bare.get("/healthz")
    tasks, files = len(asyncio.all_tasks()), open_files()
    whole = request(live, stream=True)
    for number in range(1000):
        live.runtime.scripts = [Script(asyncio.Event())]
        _, writer = await connect(live, whole[: number % (len(whole) + 1)] if number % 3 else whole)
        if number % 2:
            writer.transport.abort()
        writer.close()
    # Connections are accepted in order: once this one is answered, all have been.
    await live.send(f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\nConnection: close\r\n\r\n".encode())
    await until(lambda: len(asyncio.all_tasks()) <= tasks and open_files() <= files)
    assert live.app.lifetime.running == 0
    assert live.runtime.open_answers == live.runtime.closed_answers > 0


async def test_a_connection_is_used_again_after_errors(live: Live) -> None:
    for path, status in (("/nothing", 404), ("/v1/models", 200), ("/v1/models/nope", 404), ("/vault/why", 400)):
        assert (await live.http.get(path)).status_code == status
    reader, writer = await connect(live, request(live, stream=False).replace(TOKEN.encode(), b"wrong"))
    async with asyncio.timeout(5):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 401")
        writer.write(request(live, stream=False))
        assert b"HTTP/1.1 200" in await reader.readuntil(b"\r\n\r\n")
    writer.close()
