"""Deadlines of a connection: half a request, half a body, an unread answer."""

from __future__ import annotations

import asyncio
import json
import socket
import time

import pytest

from sidecar.api.connection import MAX_HEADER_BYTES, Connection
from sidecar.chat import AnswerDelta
from tests.api.fakes import TOKEN, Script
from tests.api.live import Live, running, until

pytestmark = pytest.mark.anyio


class Impatient(Connection):
    header_seconds = 0.2
    body_seconds = 0.2
    write_seconds = 0.2


def head(live: Live, method: str = "GET", path: str = "/healthz", extra: str = "") -> bytes:
    lines = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\nAuthorization: Bearer {TOKEN}\r\n{extra}\r\n"
    return lines.encode()


@pytest.mark.parametrize("sent", [b"", b"GET", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_headers_that_do_not_come_end_the_connection(sent: bytes) -> None:
    async with running(connection=Impatient) as live:
        started = time.perf_counter()
        assert await live.send(sent) == b""
        assert 0.1 < time.perf_counter() - started < 5


async def test_a_trickle_of_headers_does_not_put_the_deadline_off() -> None:
    async with running(connection=Impatient) as live:
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        closed = asyncio.ensure_future(reader.read())
        async with asyncio.timeout(5):
            while not closed.done():
                writer.write(b"X")
                await asyncio.wait({closed}, timeout=0.05)
        writer.close()
        assert closed.result() == b""


async def test_the_deadline_is_armed_anew_for_each_request() -> None:
    async with running(connection=Impatient) as live:
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        async with asyncio.timeout(5):
            for _ in range(3):
                writer.write(head(live))
                assert b"200" in await reader.readline()
                await reader.readuntil(b'{"status":"ok"}')
                # Idle between requests for longer than the deadline: that is what keep-alive means.
                assert not (await asyncio.wait({asyncio.ensure_future(asyncio.sleep(0.25))}, timeout=1))[1]
            writer.write(head(live)[:20])
            assert await reader.read() == b""
        writer.close()


async def test_a_body_that_does_not_come_ends_the_connection() -> None:
    async with running(connection=Impatient) as live:
        answer = await live.send(head(live, "POST", "/vault/search", "Content-Length: 100\r\n") + b'{"query"')
        assert answer == b""
        assert live.runtime.calls == []
        await until(lambda: not live.app.lifetime.running)


async def test_a_refused_body_is_not_awaited_for_ever() -> None:
    async with running(connection=Impatient) as live:
        answer = await live.send(head(live, "POST", "/vault/search", "Content-Length: 99999999\r\n") + b"x" * 1000)
        assert answer.startswith(b"HTTP/1.1 413")


async def test_a_client_that_does_not_read_is_let_go() -> None:
    async with running(connection=Impatient) as live:
        live.runtime.scripts = [Script(*[AnswerDelta(content="x" * 100_000)] * 200)]
        body = json.dumps({"model": "vault", "messages": [{"role": "user", "content": "?"}], "stream": True}).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port, limit=1024)
        length = f"Content-Length: {len(body)}\r\n"
        writer.write(head(live, "POST", "/v1/chat/completions", length) + body)
        await live.runtime.wait_for(closed=1)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(10**9)
        writer.close()


async def test_the_end_of_an_answer_that_is_never_read_does_not_hold_a_connection_for_ever() -> None:
    lost: list[Connection] = []

    class Narrow(Impatient):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lost.append(self)

    async with running(connection=Narrow) as live:
        # More than the system holds, less than what makes the server wait before it writes on.
        live.runtime.scripts = [Script(AnswerDelta(content="x" * 50_000))]
        body = json.dumps({"model": "plain", "messages": [{"role": "user", "content": "?"}]}).encode()
        extra = f"Connection: close\r\nContent-Length: {len(body)}\r\n"
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", live.port))
            client.sendall(head(live, "POST", "/v1/chat/completions", extra) + body)
            await live.runtime.wait_for(closed=1)
            await until(lambda: bool(lost))


async def test_a_crowd_of_connections_does_not_grow_for_ever() -> None:
    class Small(Connection):
        max_connections = 3

    async with running(connection=Small) as live:
        held = [await asyncio.open_connection("127.0.0.1", live.port) for _ in range(3)]
        assert await live.send(b"") == b""
        held.pop()[1].close()
        async with asyncio.timeout(5):
            while not await live.send(head(live, extra="Connection: close\r\n")):
                pass
        for _, writer in held:
            writer.close()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * (MAX_HEADER_BYTES + 1), b"431"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64 + b"\r\n\r\n", b"400"),
    ],
)
async def test_what_is_no_request_is_answered_in_the_same_shape(live: Live, data: bytes, status: bytes) -> None:
    answer = await live.send(data)
    assert answer.startswith(b"HTTP/1.1 " + status)
    top, _, body = answer.partition(b"\r\n\r\n")
    assert json.loads(body)["error"].keys() == {"message", "type", "param", "code"}
    assert b"x-request-id: req_" in top
    assert live.runtime.calls == []


async def test_large_headers_as_clients_send_them_are_read(live: Live) -> None:
    response = await live.http.get("/v1/models", headers={"x-codex-turn-metadata": "x" * 16_000, "user-agent": "u"})
    assert response.status_code == 200


async def test_an_offer_to_speak_another_protocol_is_passed_over(live: Live) -> None:
    for offer in ("websocket", "h2c"):
        extra = f"Connection: Upgrade\r\nUpgrade: {offer}\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n"
        answer = await live.send(head(live, path="/v1/models", extra=extra + "Connection: close\r\n"))
        assert answer.startswith(b"HTTP/1.1 200")


async def test_small_answers_do_not_wait_for_a_delayed_acknowledgement() -> None:
    at_once: list[int] = []

    class Watched(Connection):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            super().connection_made(transport)
            taken = transport.get_extra_info("socket")
            at_once.append(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    async with running(connection=Watched) as live:
        await live.http.get("/healthz")
    # Without it each answer, and each event of a stream, waits 40 ms.
    assert at_once
    assert all(at_once)
