"""A server that is told to stop, whatever it is doing: it leaves in time, every stream has its end, nothing stays."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.models import tiny_bert, tiny_chat
from tests.reliability.answers import WAYS, Asked, ask
from tests.reliability.hanging_upstream import hanging_upstream
from tests.reliability.model_workers import newest_worker, workers
from tests.reliability.test_model_death import client, loading, one_thread, reading, served_again, under_way
from tests.serving import DEMO_VAULT, INTERRUPTIBLE, Server, environment, serve, until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.promise(7),
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send"),
]

STOPPED_WITHIN = 5.0
STREAMS = 50
_IN_A_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def endless_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("gguf", reason="the gguf package, which writes model files, is not installed")
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    return tiny_chat.build(tmp_path_factory.mktemp("model") / "endless.gguf", layers=4, context_length=8192, ends=False)


@contextlib.contextmanager
def serving(folder: Path, model: Path, *, under: tuple[str, ...] = ()) -> Iterator[Server]:
    arguments = ("--model", model, "--config", one_thread(folder))
    with serve(DEMO_VAULT, *arguments, data_dir=folder / "data", under=under) as server:
        yield server


def stopped(server: Server, *signals: signal.Signals) -> tuple[int, float]:
    """Exit code and seconds after the first of the signals; fails when anything of the server is left."""
    family = psutil.Process(server.process.pid).children(recursive=True)
    assert family, "there is nobody to be left behind"
    at = time.monotonic()
    for number in signals:
        server.process.send_signal(number)
    code = server.process.wait(timeout=30)
    seconds = time.monotonic() - at
    assert not left_of(family)
    assert not (server.data_dir / "runtime.json").exists()
    return code, round(seconds, 2)


def left_of(family: list[psutil.Process]) -> list[psutil.Process]:
    return [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def starts_again(folder: Path) -> None:
    """A new server on the same data answers."""
    with serve(DEMO_VAULT, data_dir=folder / "data") as server:
        assert "Places/Cabin.md" in server.found("gate code for the cabin")


# ── open streams ──


async def test_fifty_streams_of_a_model_get_their_last_event(
    tmp_path: Path, endless_gguf: Path, record_property: Record
) -> None:
    with serving(tmp_path, endless_gguf) as server:
        async with client(server) as http:
            # Four are written, the others wait for their turn, as many as a model lets wait.
            writing, _ = await under_way(http, [way for way in WAYS if way != "chat"])
            rest = [Asked(way=WAYS[number % len(WAYS)]) for number in range(STREAMS - len(writing))]
            waiting = [asyncio.create_task(ask(http, each, model="endless")) for each in rest]
            await http.get("/vault/status")
            code, seconds = await asyncio.to_thread(stopped, server, signal.SIGTERM)
            told = await asyncio.gather(*writing, *waiting)
        assert code == 0
        assert seconds < STOPPED_WITHIN
        assert [each.way for each in told if not each.error] == []
        record_property("seconds_to_stop", seconds)
    starts_again(tmp_path)


@pytest.mark.nightly
async def test_fifty_streams_of_a_server_elsewhere_that_hangs_get_their_last_event(
    tmp_path: Path, record_property: Record
) -> None:
    with hanging_upstream() as upstream:
        arguments = ("--upstream", f"{upstream.url}/v1", "--model", "hangs")
        with serve(DEMO_VAULT, *arguments, data_dir=tmp_path / "data") as server:
            async with client(server) as http:
                ways = [way for way in WAYS if way != "chat"]
                streams = [Asked(way=ways[number % len(ways)]) for number in range(STREAMS)]
                tasks = [asyncio.create_task(ask(http, each, model="hangs")) for each in streams]
                async with asyncio.timeout(30):
                    for each in streams:
                        await each.begun.wait()
                code, seconds = await asyncio.to_thread(stopped, server, signal.SIGTERM)
                told = await asyncio.gather(*tasks)
            assert code == 0
            assert seconds < STOPPED_WITHIN
            assert all(each.error and "stopping" in each.error for each in told)
            record_property("seconds_to_stop", seconds)
        starts_again(tmp_path)


@pytest.mark.nightly
async def test_clients_that_do_not_read_do_not_hold_it_up(tmp_path: Path, record_property: Record) -> None:
    with hanging_upstream() as upstream:
        arguments = ("--upstream", f"{upstream.url}/v1", "--model", "floods")
        with serve(DEMO_VAULT, *arguments, data_dir=tmp_path / "data") as server:
            deaf = [deaf_client(server) for _ in range(5)]
            until(lambda: upstream.flooding >= len(deaf))
            code, seconds = stopped(server, signal.SIGTERM)
            for each in deaf:
                each.close()
            assert code == 0
            assert seconds < STOPPED_WITHIN
            record_property("seconds_to_stop", seconds)


def deaf_client(server: Server) -> socket.socket:
    body = b'{"model": "floods", "stream": true, "messages": [{"role": "user", "content": "Hello"}]}'
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {server.url.removeprefix('http://')}\r\n"
        f"Authorization: Bearer {server.token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", int(server.url.rpartition(":")[2])))
    connection.sendall(head.encode("ascii") + body)
    return connection


# ── whatever it is doing ──


@pytest.mark.nightly
async def test_while_notes_are_read_and_embedded_for_the_first_time(tmp_path: Path, record_property: Record) -> None:
    vault = notes(tmp_path)
    model = tiny_bert.build(tmp_path / "slow-bert.gguf", layers=24)
    arguments = (vault, "--embedding-model", model, "--config", one_thread(tmp_path))
    with serve(*arguments, data_dir=tmp_path / "data", wait=False) as server:
        until(lambda: workers(server) and server.status()["vaults"][0]["indexed"])
        code, seconds = stopped(server, signal.SIGTERM)
        assert (code, seconds < STOPPED_WITHIN) == (0, True)
        record_property("seconds_to_stop", seconds)
    with serve(vault, "--embedding-model", "none", data_dir=tmp_path / "data") as server:
        assert server.ready()["vaults"][0]["indexed"] == 300


@pytest.mark.nightly
@pytest.mark.parametrize("moment", ["load", "prompt"])
async def test_while_a_model_loads_or_reads(
    tmp_path: Path, endless_gguf: Path, moment: str, record_property: Record
) -> None:
    with serving(tmp_path, endless_gguf) as server:
        async with client(server) as http:
            await served_again(server, http)
            asking, _ = await (loading if moment == "load" else reading)(server, http)
            code, seconds = await asyncio.to_thread(stopped, server, signal.SIGTERM)
            await asking
        assert (code, seconds < STOPPED_WITHIN) == (0, True)
        record_property("seconds_to_stop", seconds)


async def test_while_model_processes_hang(
    tmp_path: Path, endless_gguf: Path, tiny_bert_gguf: Path, record_property: Record
) -> None:
    arguments = ("--model", endless_gguf, "--embedding-model", tiny_bert_gguf, "--config", one_thread(tmp_path))
    with serve(DEMO_VAULT, *arguments, data_dir=tmp_path / "data") as server:
        async with client(server) as http:
            (asking,), _ = await under_way(http, ["chat stream"])
            for worker in workers(server):
                worker.suspend()
            code, seconds = await asyncio.to_thread(stopped, server, signal.SIGTERM)
            assert (await asking).error
        assert (code, seconds < STOPPED_WITHIN) == (0, True)
        record_property("seconds_to_stop", seconds)


@pytest.mark.parametrize(
    ("signals", "codes"),
    [
        pytest.param((signal.SIGTERM, signal.SIGTERM), {0}, marks=pytest.mark.nightly),
        ((signal.SIGHUP, signal.SIGHUP, signal.SIGCONT), {0}),
        pytest.param((signal.SIGHUP,), {0}, marks=pytest.mark.nightly),
        pytest.param((signal.SIGTERM, signal.SIGHUP), {0}, marks=pytest.mark.nightly),
        pytest.param((signal.SIGINT,), {0}, marks=pytest.mark.nightly),
        pytest.param((signal.SIGINT, signal.SIGINT), {0, 130}, marks=pytest.mark.nightly),
    ],
    ids=lambda value: "+".join(each.name for each in value) if isinstance(value, tuple) else "",
)
async def test_whatever_tells_it_and_however_often(
    tmp_path: Path,
    endless_gguf: Path,
    signals: tuple[signal.Signals, ...],
    codes: set[int],
    record_property: Record,
) -> None:
    with serving(tmp_path, endless_gguf, under=INTERRUPTIBLE) as server:
        async with client(server) as http:
            (asking,), _ = await under_way(http, ["chat stream"])
            code, seconds = await asyncio.to_thread(stopped, server, *signals)
            with contextlib.suppress(Exception):
                await asking
        assert code in codes
        assert seconds < STOPPED_WITHIN
        record_property("seconds_to_stop", seconds)


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "Ctrl-C"])
def test_a_terminal_stops_what_runs_in_it_while_notes_are_read_for_the_first_time(tmp_path: Path, closed: bool) -> None:
    terminal, inside = pty.openpty()
    vault = notes(tmp_path)
    arguments = ["serve", str(vault), "--port", "0", "--data-dir", str(tmp_path / "data")]
    command = [*INTERRUPTIBLE, sys.executable, "-c", _IN_A_TERMINAL, sys.executable, "-m", "sidecar", *arguments]
    process = subprocess.Popen(
        command, stdin=inside, stdout=inside, stderr=inside, env=environment(), start_new_session=True
    )
    try:
        os.close(inside)
        until(lambda: shown(terminal) and (tmp_path / "data" / "runtime.json").exists())
        family = until(lambda: shown(terminal) and psutil.Process(process.pid).children(recursive=True))
        if closed:
            os.close(terminal)
        else:
            os.write(terminal, b"\x03")
        until(lambda: (closed or shown(terminal)) and process.poll() is not None, seconds=STOPPED_WITHIN)
        assert process.returncode == 0
        assert not left_of(family)
        assert not (tmp_path / "data" / "runtime.json").exists()
    finally:
        process.kill()
        process.wait()


def shown(terminal: int) -> bool:
    """Take off what a terminal would show: nobody can write to a full one. Always true."""
    with contextlib.suppress(OSError):
        while select.select([terminal], [], [], 0)[0] and os.read(terminal, 65536):
            pass
    return True


def notes(folder: Path, *, number: int = 300) -> Path:
    vault = folder / "vault"
    vault.mkdir()
    for each in range(number):
        (vault / f"Note {each}.md").write_text(f"# Beacon {each}\n" + "The lamp turns. " * 60, encoding="utf-8")
    return vault


@pytest.mark.nightly
def test_nohup_keeps_it_when_the_terminal_is_closed(tmp_path: Path) -> None:
    with serve(DEMO_VAULT, data_dir=tmp_path / "data", under=("nohup",)) as server:
        server.process.send_signal(signal.SIGHUP)
        assert server.found("gate code for the cabin")
        assert stopped(server, signal.SIGTERM)[0] == 0


async def test_a_server_that_is_killed_leaves_no_process_and_its_data_usable(
    tmp_path: Path, endless_gguf: Path, record_property: Record
) -> None:
    with serving(tmp_path, endless_gguf) as server:
        async with client(server) as http:
            (asking,), _ = await under_way(http, ["chat stream"])
            family = psutil.Process(server.process.pid).children(recursive=True)
            newest_worker(server).suspend()
            at = time.monotonic()
            server.process.kill()
            server.process.wait()
            until(lambda: not left_of(family))
            seconds = time.monotonic() - at
            with contextlib.suppress(Exception):
                await asking
        assert seconds < 2
        record_property("seconds_until_no_process_is_left", round(seconds, 2))
    starts_again(tmp_path)
