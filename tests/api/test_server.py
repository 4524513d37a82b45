"""Taking an address, serving, and leaving in time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time

import httpx2
import pytest

from sidecar.api.address import bind
from sidecar.chat import AnswerDelta
from sidecar.errors import AddressInUseError, ConfigError
from tests.api.fakes import TOKEN, Script
from tests.api.live import running
from tests.api.test_lifetime import chunk, connect, request


def test_a_free_port_is_picked_and_taken() -> None:
    with bind("127.0.0.1", 0) as sock:
        host, port = sock.getsockname()
        assert host == "127.0.0.1"
        with pytest.raises(AddressInUseError):
            bind("127.0.0.1", port)


def test_a_taken_port_is_said_with_its_holder() -> None:
    with bind("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        with pytest.raises(AddressInUseError) as taken:
            bind("127.0.0.1", port)
    assert f"Port {port} on 127.0.0.1 is already used" in taken.value.message
    assert taken.value.hint is not None
    assert "--port 0" in taken.value.hint
    if sys.platform == "linux":
        assert f"(process {os.getpid()})" in taken.value.message


def test_a_program_that_shares_its_port_does_not_get_to_share_ours() -> None:
    if not hasattr(socket, "SO_REUSEPORT"):
        pytest.skip("this system has no SO_REUSEPORT")
    with bind("127.0.0.1", 0) as sock, socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", sock.getsockname()[1]))


@pytest.mark.parametrize(("host", "port"), [("203.0.113.1", 0), ("no.such.host.invalid", 0), ("127.0.0.1", 70_000)])
def test_an_address_that_is_not_ours_is_a_setting_to_change(host: str, port: int) -> None:
    with pytest.raises(ConfigError) as wrong:
        bind(host, port)
    assert wrong.value.hint is not None


@pytest.mark.anyio
async def test_open_streams_are_told_and_the_server_leaves_in_time() -> None:
    async with running() as live:
        live.runtime.scripts = [Script(AnswerDelta(content="The "), asyncio.Event()) for _ in range(50)]
        streams = [await connect(live, request(live, stream=True)) for _ in range(50)]
        for reader, _ in streams:
            async with asyncio.timeout(5):
                await reader.readuntil(b"\r\n\r\n")
            assert b"role" in await chunk(reader)
            assert b'"content":"The "' in await chunk(reader)
        live.runtime.scripts = [Script(asyncio.Event())]
        waiting = asyncio.create_task(live.chat())
        await live.runtime.wait_for(opened=51)
        stopped = time.perf_counter()
        live.stop.set()
        for reader, writer in streams:
            last = await chunk(reader)
            assert json.loads(last.removeprefix(b"data: "))["error"]["code"] == "server_stopping"
            assert await chunk(reader) == b""
            writer.close()
        answer = await waiting
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        await live.runtime.wait_for(closed=51)
    assert time.perf_counter() - stopped < 5


@pytest.mark.anyio
async def test_work_that_ends_soon_is_answered_while_the_server_stops() -> None:
    async with running() as live:
        gate = asyncio.Event()
        live.runtime.scripts = [Script(gate, AnswerDelta(content="Nile"), AnswerDelta(finish_reason="stop"))]
        waiting = asyncio.create_task(live.chat())
        await live.runtime.wait_for(opened=1)
        live.app.stop()
        late = await live.http.get("/v1/models")
        assert (late.status_code, late.json()["error"]["code"]) == (503, "server_stopping")
        gate.set()
        assert (await waiting).json()["choices"][0]["message"]["content"] == "Nile"


@pytest.mark.anyio
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_process_with_open_streams_in_time(number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-m", "tests.api.serve_fake", stdout=asyncio.subprocess.PIPE
    )
    try:
        await _stream_and_signal(process, number)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _stream_and_signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(30):
        port = int(await process.stdout.readline())
    async with httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers={"x-api-key": TOKEN}, timeout=10, verify=False
    ) as http:
        body = {"model": "vault", "messages": [{"role": "user", "content": "?"}], "stream": True}
        answers = [asyncio.create_task(http.post("/v1/chat/completions", json=body)) for _ in range(50)]
        async with asyncio.timeout(20):
            # The fake says a line for each stream that has begun.
            for _ in answers:
                assert await process.stdout.readline() == b"begun\n"
        process.send_signal(number)
        signalled = time.perf_counter()
        for answer in await asyncio.gather(*answers):
            assert '"code": "server_stopping"' in answer.text
        async with asyncio.timeout(10):
            assert await process.wait() == 0
        assert time.perf_counter() - signalled < 5
