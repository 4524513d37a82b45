"""Promise 5: clients that are slow, or never read, are let go at a deadline; the others are served meanwhile."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator

import pytest

from sidecar.api.connection import BODY_SECONDS, HEADER_SECONDS, WRITE_SECONDS
from tests.reliability.counting import Counted, serve_counted
from tests.reliability.wire import ask, key_of, port_of, written
from tests.serving import until

pytestmark = [pytest.mark.promise(5), pytest.mark.anyio]

Recorder = Callable[[str, object], None]
CROWD = 50
"""Slow clients of each kind."""
TRICKLE = 0.5
"""Seconds between two bytes of a client that trickles."""
LATE = 3.0
"""Seconds that a busy machine may be late: the deadline is the server's, the clock the test's."""


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    with serve_counted(folder=tmp_path_factory.mktemp("slow")) as counted:
        yield counted


async def let_go(counted: Counted, sent: bytes, *, trickle: bytes = b"", limit: float) -> float:
    """Send bytes, then a byte now and then, or nothing; gives the seconds until the server closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(counted.server))
    started = time.monotonic()
    writer.write(sent)
    closed = asyncio.ensure_future(reader.read())
    try:
        while not closed.done() and time.monotonic() - started < limit + LATE:
            writer.write(trickle)
            await asyncio.wait({closed}, timeout=TRICKLE)
        assert closed.done(), "the connection is still open"
        assert closed.exception() is not None or closed.result() == b""
        return time.monotonic() - started
    finally:
        closed.cancel()
        writer.transport.abort()


def half_headers(counted: Counted) -> bytes:
    return written(counted.server, "POST", "/vault/search", [key_of(counted.server)])[:-2]


def half_body(counted: Counted) -> bytes:
    """The beginning of a request whose body is a thousand bytes long."""
    return half_headers(counted) + b"Content-Length: 1000\r\n\r\n" + b'{"query": "'


async def served_meanwhile(counted: Counted, slow: asyncio.Future[list[float]]) -> int:
    """Ask until the slow ones are gone; gives how many answers came."""
    answers = 0
    while not slow.done():
        reply = await asyncio.to_thread(ask, counted.server, "POST", "/vault/search", body=b'{"query": "cabin"}')
        assert reply.status == 200
        answers += 1
        await asyncio.wait({slow}, timeout=0.2)
    return answers


async def all_let_go(
    counted: Counted, kinds: list[tuple[bytes, bytes]], record_property: Recorder, *, limit: float
) -> None:
    await asyncio.to_thread(until, lambda: counted.clients() <= 1)
    files, tasks = counted.open_files(), counted.tasks()
    slow = asyncio.gather(
        *(let_go(counted, sent, trickle=trickle, limit=limit) for sent, trickle in kinds for _ in range(CROWD))
    )
    answers = await served_meanwhile(counted, slow)
    slowest = max(await slow)
    assert answers > limit / 2
    await asyncio.to_thread(until, lambda: counted.open_files() <= files)
    await asyncio.to_thread(until, lambda: counted.tasks() <= tasks)
    record_property("slow_clients", CROWD * len(kinds))
    record_property("slowest_seconds_until_closed", round(slowest, 1))
    record_property("answers_meanwhile", answers)


async def test_headers_that_do_not_end_close_the_connection(counted: Counted, record_property: Recorder) -> None:
    before = half_headers(counted)
    kinds = [
        (b"", b""),
        (b"GET /v1/models", b""),
        (b"", b"X"),
        (before, b""),
        (before + b"X-Slow: ", b"x"),
        (before, b"X: x\r\n"),
    ]
    await all_let_go(counted, kinds, record_property, limit=HEADER_SECONDS)


@pytest.mark.nightly
async def test_bodies_that_do_not_end_close_the_connection(counted: Counted, record_property: Recorder) -> None:
    chunked = half_headers(counted) + b"Transfer-Encoding: chunked\r\n\r\n"
    kinds = [(half_body(counted), b""), (half_body(counted), b"x"), (chunked, b""), (chunked, b"1\r\nx\r\n")]
    await all_let_go(counted, kinds, record_property, limit=BODY_SECONDS)


@pytest.mark.nightly
async def test_clients_that_never_read_are_let_go(counted: Counted, record_property: Recorder) -> None:
    """They ask for more than all buffers on the way hold, once or again and again, and read nothing of it."""
    server = counted.server
    texts = [f"cabin {number}" for number in range(2000)]
    large = json.dumps({"model": "builtin", "input": texts}).encode()
    one = written(server, "POST", "/v1/embeddings", [key_of(server)], body=large)
    many = written(server, "GET", "/v1/models", [key_of(server)]) * 20_000
    writers = []
    for request in (one, one, many, many):
        # A reader that takes no more than this stops reading from the socket.
        _, writer = await asyncio.open_connection("127.0.0.1", port_of(server), limit=1)
        writer.write(request)
        writers.append(writer)
    unread = {writer.get_extra_info("sockname")[1] for writer in writers}
    await asyncio.to_thread(until, lambda: unread <= counted.client_ports())
    started = time.monotonic()
    gone: asyncio.Future[bool] = asyncio.ensure_future(
        asyncio.to_thread(until, lambda: not unread & counted.client_ports(), seconds=3 * WRITE_SECONDS)
    )
    answers = 0
    while not gone.done():
        reply = await asyncio.to_thread(ask, server, "GET", "/v1/models")
        assert reply.status == 200
        answers += 1
        await asyncio.wait({gone}, timeout=1)
    await gone
    record_property("seconds_until_closed", round(time.monotonic() - started, 1))
    record_property("answers_meanwhile", answers)
    for writer in writers:
        writer.transport.abort()
