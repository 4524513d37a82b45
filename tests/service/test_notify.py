from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.indexer.progress import Progress
from sidecar.service.activity import describe
from sidecar.service.notify import Supervisor
from tests.serving import DEMO_VAULT, serve, stop

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")


@contextlib.contextmanager
def _manager(place: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("\0" + place[1:] if place.startswith("@") else place)
        sock.settimeout(30)
        yield sock


def _until(sock: socket.socket, wanted: str) -> list[str]:
    """Lines up to one that begins so; a manager that hears nothing for half a minute fails the test."""
    lines: list[str] = []
    deadline = time.monotonic() + 60
    while not (lines and lines[-1].startswith(wanted)):
        assert time.monotonic() < deadline, f"{wanted} did not come"
        for line in sock.recv(4096).decode("utf-8").splitlines():
            lines.append(line)
            if line.startswith(wanted):
                break
    return lines


@needs_linux
@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_a_real_server_behind_its_locks_tells_its_manager_what_it_does(tmp_path: Path, kind: str) -> None:
    place = str(tmp_path / "notify") if kind == "path" else f"@sidecar-{secrets.token_hex(8)}"
    # Half of it is 50 ms: several words come while the test looks.
    under = ("env", f"NOTIFY_SOCKET={place}", "WATCHDOG_USEC=100000")
    with _manager(place) as sock, serve(DEMO_VAULT, data_dir=tmp_path / "data", under=under, wait=False) as server:
        assert _until(sock, "READY=1") == ["READY=1"]
        assert server.client.get("/healthz").status_code == 200
        assert _until(sock, "STATUS=Ready: 1 vault")
        assert _until(sock, "WATCHDOG=1")
        assert _until(sock, "WATCHDOG=1")
        server.process.send_signal(signal.SIGTERM)
        assert _until(sock, "STOPPING=1")
        assert stop(server.process) == 0


@needs_linux
def test_a_server_whose_manager_is_gone_goes_on(tmp_path: Path) -> None:
    place = str(tmp_path / "notify")
    under = ("env", f"NOTIFY_SOCKET={place}", "WATCHDOG_USEC=100000")
    with contextlib.ExitStack() as stack:
        sock = stack.enter_context(_manager(place))
        server = stack.enter_context(serve(DEMO_VAULT, data_dir=tmp_path / "data", under=under, wait=False))
        assert _until(sock, "READY=1")
        sock.close()
        Path(place).unlink()
        server.ready()
        assert stop(server.process) == 0


@needs_linux
def test_a_server_without_standard_streams_serves(tmp_path: Path) -> None:
    # As under pythonw. Behind this program stand the interpreter and `-m sidecar`, and then what is run.
    program = (
        "import sys; sys.stdin = sys.stdout = sys.stderr = None; del sys.argv[1:4];"
        "from sidecar.cli import run; sys.exit(run())"
    )
    under = (sys.executable, "-c", program)
    with serve(DEMO_VAULT, data_dir=tmp_path / "data", under=under) as server:
        assert server.found("boiler")
        assert stop(server.process) == 0


class Silence:
    """Stands for the pause between two words; ends the talk after some."""

    def __init__(self, times: int) -> None:
        self.seconds: list[float] = []
        self.times = times

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if len(self.seconds) == self.times:
            raise asyncio.CancelledError


def _run(supervisor: Supervisor, pause: Silence, *, busy: bool) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(supervisor.run(lambda: ("at work", busy), sleep=pause))


@pytest.mark.parametrize(
    ("environ", "busy", "pause"),
    [
        ({"WATCHDOG_USEC": "120000000"}, False, 60),
        ({"WATCHDOG_USEC": "120000000"}, True, 5),
        ({"WATCHDOG_USEC": "2000000"}, False, 1),
        ({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "7"}, True, 1),
        ({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "8"}, False, 60),
        ({"WATCHDOG_USEC": "0"}, False, 60),
        ({"WATCHDOG_USEC": "-5"}, False, 60),
        ({"WATCHDOG_USEC": "٣٣٣"}, False, 60),
        ({"WATCHDOG_USEC": "9" * 5000}, False, 60),
        ({"WATCHDOG_USEC": "9" * 19}, False, 60),
        ({}, False, 60),
    ],
)
def test_the_watchdog_hears_at_half_its_time_and_others_once_a_minute(
    tmp_path: Path, environ: dict[str, str], busy: bool, pause: float
) -> None:
    with (
        _manager(str(tmp_path / "n")) as sock,
        Supervisor(environ | {"NOTIFY_SOCKET": str(tmp_path / "n")}, pid=7) as s,
    ):
        silence = Silence(2)
        _run(s, silence, busy=busy)
        assert silence.seconds == [pause, pause]
        counts = pause <= 5 or environ.get("WATCHDOG_USEC") in ("120000000", "9" * 19)
        s.stopping()
        told = _until(sock, "STOPPING=1")
        assert told == ["STATUS=at work", *(["WATCHDOG=1"] * 2 if counts else []), "STOPPING=1"]


@pytest.mark.parametrize("place", ["", "relative", "/nowhere/at/all", "@", "vsock:2:3", "/a\0b", "/" + "x" * 5000])
def test_without_a_manager_nothing_is_said_and_nothing_runs(place: str) -> None:
    with Supervisor({"NOTIFY_SOCKET": place, "WATCHDOG_USEC": "1000000"}) as supervisor:
        assert not supervisor.listens
        supervisor.ready()
        supervisor.status("x")
        asyncio.run(supervisor.run(lambda: ("x", False)))
        supervisor.stopping()


def test_a_status_is_one_line_and_is_told_once(tmp_path: Path) -> None:
    with _manager(str(tmp_path / "n")) as sock, Supervisor({"NOTIFY_SOCKET": str(tmp_path / "n")}) as supervisor:
        for text in ("a\nREADY=1\r\0 b", "a READY=1 \0 b", "\udcff" + "x" * 2**20):
            supervisor.status(text)
        supervisor.stopping()
        told = sock.recv(4096), sock.recv(4096), sock.recv(4096)
    assert told[0] == b"STATUS=a READY=1 \0 b"
    assert told[1] == b"STATUS=?" + b"x" * 199
    assert told[2].startswith(b"STOPPING=1")


def test_a_manager_that_does_not_read_holds_nobody_up(tmp_path: Path) -> None:
    with _manager(str(tmp_path / "n")), Supervisor({"NOTIFY_SOCKET": str(tmp_path / "n")}) as supervisor:
        for number in range(5000):
            supervisor.status(f"{number}")
        supervisor.stopping()


@pytest.mark.parametrize(
    ("vaults", "line"),
    [
        ([], ("Ready: no vault is open", False)),
        ([Progress()], ("Looking through 1 vault", True)),
        ([Progress(total=4000, done=12)], ("Indexing: 12 of 4,000 files in 1 vault", True)),
        (
            [Progress(total=40, done=12), Progress(passes=1, total=9, done=9)],
            ("Indexing: 12 of 40 files in 1 vault", True),
        ),
        ([Progress(total=4, done=1), Progress(total=6, done=1)], ("Indexing: 2 of 10 files in 2 vaults", True)),
        ([Progress(passes=1, total=9, done=9), Progress(passes=2)], ("Ready: 2 vaults", False)),
        (
            [Progress(passes=1, vectors_done=1200, vectors_total=59000), Progress(passes=2, vectors_total=1000)],
            ("Ready for search by words; by meaning: 1,200 of 60,000 new passages so far", True),
        ),
        ([Progress(total=4, done=1, vectors_total=9)], ("Indexing: 1 of 4 files in 1 vault", True)),
        (
            [Progress(passes=1), Progress(passes=1, vectors_left=True)],
            ("Ready for search by words; by meaning when mains power is back", False),
        ),
        (
            [Progress(passes=1, embedding_problem="Embedding stopped: no."), Progress(passes=1)],
            ("Ready for search by words alone: embedding stopped, `sidecar status` says why", False),
        ),
    ],
)
def test_the_line_says_how_far_the_indexing_is(vaults: list[Progress], line: tuple[str, bool]) -> None:
    assert describe(vaults) == line
