"""A server elsewhere dies, hangs, lies or floods: the client is told, this server stays, and no key leaves it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.reliability.answers import WAYS, Asked, ask
from tests.reliability.bad_upstream import BROKEN, HANGING, REFUSED, Upstream, bad_upstream
from tests.reliability.test_model_death import client
from tests.serving import DEMO_VAULT, Server, serve, until

pytestmark = [pytest.mark.anyio, pytest.mark.promise(6)]

UPSTREAM_KEY = "sk-elsewhere-9f2c"
MEMORY = 200 * 2**20
"""Bytes that the server may grow by, whatever it is sent."""
STREAMS = [way for way in WAYS if way != "chat"]


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[socket.socket]:
    """A port that nobody may call: whoever is sent there was sent by a redirect."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.fixture(scope="module")
def upstream(elsewhere: socket.socket) -> Iterator[Upstream]:
    with bad_upstream(elsewhere=elsewhere.getsockname()[1]) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def relay(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("relay")
    (folder / "config.toml").write_text(f'upstream_key = "{UPSTREAM_KEY}"\n', encoding="utf-8")
    arguments = ("--upstream", upstream.url, "--model", "not-json", "--config", folder / "config.toml")
    with serve(DEMO_VAULT, *arguments, data_dir=folder / "data") as server:
        yield server


@pytest.fixture(autouse=True)
def bounded(relay: Server, upstream: Upstream, record_property: Callable[[str, object], None]) -> Iterator[None]:
    """After each attack: the same process, its memory bounded, its notes found, its key its own."""
    process = psutil.Process(relay.process.pid)
    before = process.memory_info().rss
    yield
    assert relay.process.poll() is None
    grown = process.memory_info().rss - before
    assert grown < MEMORY
    record_property("megabytes_grown", round(grown / 2**20))
    assert "Places/Cabin.md" in relay.found("gate code for the cabin")
    assert relay.token.encode() not in b"".join(upstream.received)


@pytest.mark.parametrize("manner", REFUSED)
async def test_what_brings_nothing_of_use_is_an_error_in_openai_s_shape(relay: Server, manner: str) -> None:
    async with client(relay) as http:
        for way in ("chat", "chat stream"):
            answer = await ask(http, Asked(way=way), model=manner)
            assert 400 <= answer.status < 600
            assert answer.error
            assert UPSTREAM_KEY not in answer.error


@pytest.mark.parametrize(
    "manner", [pytest.param(name, marks=pytest.mark.nightly) if name == "never-ends" else name for name in BROKEN]
)
async def test_what_breaks_in_mid_answer_ends_each_kind_of_stream_with_an_error(relay: Server, manner: str) -> None:
    ways = STREAMS if manner != "never-ends" else ["chat stream"]
    async with client(relay) as http:
        for way in ways:
            answer = await ask(http, Asked(way=way), model=manner)
            assert answer.status == 200
            assert "word" in answer.text
            assert answer.error
        assert (await ask(http, Asked(way="chat"), model=manner)).status in (400, 502)


def test_no_redirect_is_followed_and_nothing_is_sent_where_it_leads(relay: Server, elsewhere: socket.socket) -> None:
    body = {"model": "redirects", "messages": [{"role": "user", "content": "Hello."}]}
    assert relay.client.post("/v1/chat/completions", json=body).status_code == 502
    with pytest.raises(BlockingIOError):
        elsewhere.accept()


@pytest.mark.parametrize("manner", HANGING)
async def test_a_client_that_leaves_a_hanging_server_frees_its_connection(
    relay: Server, upstream: Upstream, manner: str
) -> None:
    async with client(relay) as http:
        asking = asyncio.create_task(ask(http, Asked(way="chat stream"), model=manner))
        await asyncio.to_thread(until, lambda: connections(relay, upstream))
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
    until(lambda: not connections(relay, upstream))


def connections(server: Server, upstream: Upstream) -> int:
    """Connections of the server to the upstream that are open."""
    open_ones = psutil.Process(server.process.pid).net_connections("tcp")
    return sum(
        bool(each.raddr) and each.raddr.port == upstream.port and each.status == "ESTABLISHED" for each in open_ones
    )


@pytest.mark.nightly
@pytest.mark.parametrize("manner", HANGING)
async def test_a_hanging_server_is_told_of_when_its_patience_is_over(
    relay: Server, manner: str, record_property: Callable[[str, object], None]
) -> None:
    async with client(relay) as http:
        http.timeout = httpx2.Timeout(400)
        begun = time.monotonic()
        answer = await ask(http, Asked(way="chat stream"), model=manner)
        assert answer.error
        assert "too long" in answer.error
        record_property("told_after_seconds", round(time.monotonic() - begun))


@pytest.mark.nightly
async def test_notes_are_found_by_words_while_the_embedding_server_hangs(
    tmp_path: Path, upstream: Upstream, record_property: Callable[[str, object], None]
) -> None:
    arguments = ("--upstream", upstream.url, "--embedding-model", "embedding")
    with serve(DEMO_VAULT, *arguments, data_dir=tmp_path / "data", wait=False) as server:
        until(lambda: server.status()["ready"])
        begun = time.monotonic()
        assert "Places/Cabin.md" in server.found("gate code for the cabin")
        record_property("first_search_seconds", round(time.monotonic() - begun, 1))
        begun = time.monotonic()
        assert "Places/Cabin.md" in server.found("gate code for the cabin")
        record_property("next_search_seconds", round(time.monotonic() - begun, 1))


@pytest.mark.nightly
async def test_a_server_that_is_gone_is_told_at_once_and_used_again_when_it_is_back(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    arguments = ("--upstream", f"http://127.0.0.1:{port}/v1", "--model", "tiny")
    with serve(DEMO_VAULT, *arguments, data_dir=tmp_path / "data") as server:
        async with client(server) as http:
            for way in WAYS:
                refused = await ask(http, Asked(way=way), model="tiny")
                assert refused.status == 502
                assert "cannot be reached" in (refused.error or "")
        assert "Places/Cabin.md" in server.found("gate code for the cabin")
